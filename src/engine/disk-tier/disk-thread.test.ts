import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FoundFile } from './disk-store.ts';
import { createDiskThread, type DiskThread } from './disk-thread.ts';
import { openSecret } from './secret.ts';

let root: string;
const open: DiskThread[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nearfar-kv-'));
});
afterEach(async () => {
  for (const thread of open.splice(0)) await thread.close();
  rmSync(root, { recursive: true, force: true });
});

function openThread(warnings: string[] = []) {
  const thread = createDiskThread({
    root,
    name: 'model',
    secret: openSecret(root),
    budgetBytes: 1e8,
    warn: (text) => warnings.push(text),
  });
  open.push(thread);
  const gone: number[] = [];
  const { promise: found, resolve } = Promise.withResolvers<readonly FoundFile[]>();
  thread.listen({ onFound: resolve, onGone: (ids) => gone.push(...ids), onWritten: () => undefined });
  return { thread, found, gone };
}

const tokens = [5, 6, 7, 8];
const dataOf = (fill: number) => new Uint8Array(1_000_000).fill(fill);

describe('a thread that keeps saved prefixes', () => {
  it('writes, reads back what it has not written yet, and finds it all after a restart', async () => {
    const { thread } = openThread();
    const saltId = thread.saltId('tenant');
    expect(saltId).toMatch(/^[0-9a-f]{64}$/);
    for (const id of [1, 2, 3]) {
      const blob = { id, saltId, start: 0, tokens: [id, ...tokens], data: dataOf(id) };
      expect(thread.write(blob, 'copy')).toBe(true);
    }
    expect((await thread.read(3))?.every((byte) => byte === 3)).toBe(true);
    await thread.settled();
    expect(thread.pendingBytes).toBe(0);
    expect(thread.writtenBytes).toBe(3e6);
    await thread.close();

    const { thread: next, found } = openThread();
    const files = await found;
    expect(files.map((file) => file.tokens[0]).sort()).toEqual([1, 2, 3]);
    const one = files.find((file) => file.tokens[0] === 1)!;
    expect(one.saltId).toBe(next.saltId('tenant'));
    expect(await next.read(one.id)).toEqual(dataOf(1));
  });

  it('moves bytes that nobody needs, and copies the others', async () => {
    const { thread } = openThread();
    const taken = dataOf(1);
    const kept = dataOf(2);
    const saltId = thread.saltId('a');
    thread.write({ id: 1, saltId, start: 0, tokens, data: taken }, 'take');
    thread.write({ id: 2, saltId, start: 0, tokens: [9], data: kept }, 'copy');
    expect(taken.byteLength).toBe(0);
    expect(kept.byteLength).toBe(1_000_000);
    await thread.settled();
    expect(await thread.read(1)).toEqual(dataOf(1));
  });

  it('refuses more than may wait, and drops what is removed before it was written', async () => {
    const { thread } = openThread();
    const saltId = thread.saltId('a');
    const sent = Array.from({ length: 80 }, (_, index) =>
      thread.write({ id: index + 1, saltId, start: 0, tokens: [index], data: dataOf(index) }, 'copy'),
    );
    expect(sent.filter((isSent) => !isSent).length).toBeGreaterThan(5);
    thread.remove([60, 61]);
    await thread.settled();
    expect(await thread.read(60)).toBeNull();
    expect(readdirSync(join(root, 'model'))).toHaveLength(sent.filter(Boolean).length - 2);
  });

  it('tells what it could not write, and gives up after a few', async () => {
    const warnings: string[] = [];
    const { thread, found, gone } = openThread(warnings);
    await found;
    const saltId = thread.saltId('a');
    const write = (id: number) =>
      thread.write({ id, saltId, start: 0, tokens: [id], data: new Uint8Array(2e8) }, 'take');
    for (const id of [1, 2, 3]) {
      expect(write(id)).toBe(true);
      await thread.settled();
    }
    expect(gone).toEqual([1, 2, 3]);
    expect(warnings).toHaveLength(1);
    expect(write(4)).toBe(false);
  });
});
