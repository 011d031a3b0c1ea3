import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDiskFolder } from './disk-folder.ts';
import { openSecret } from './secret.ts';
import type { SealedBlob } from './sealed-file.ts';

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'nearfar-kv-')), 'kv');
});
afterEach(() => {
  rmSync(join(root, '..'), { recursive: true, force: true });
});

const saltId = 'ab'.repeat(32);
const blobOf = (first: number, from: number, to: number, size = 1000): SealedBlob => ({
  saltId,
  start: from,
  tokens: Int32Array.from({ length: to }, (_, index) => first + index),
  data: Buffer.alloc(size, first),
});
let clock = 0;
const openFolder = (options: { name?: string; budgetBytes?: number } = {}) =>
  createDiskFolder({
    root,
    name: options.name ?? 'model',
    secret: openSecret(root),
    budgetBytes: options.budgetBytes ?? 1e6,
    spareBytes: 0,
    wallClock: () => 1e12 + clock++,
  });
const filesIn = (name = 'model') => readdirSync(join(root, name)).map((file) => join(root, name, file));
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('a folder of saved prefixes', () => {
  it('gives back what it was given, also after a restart, with all its tokens', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(7, 0, 256));
    await folder.write(2, blobOf(8, 256, 300));
    expect(await folder.read(2)).toEqual(Buffer.alloc(1000, 8));
    const again = openFolder();
    const found = [...(await again.open())].sort((a, b) => a.start - b.start);
    expect(found.map(({ start, tokens }) => [start, tokens.length])).toEqual([
      [0, 256],
      [256, 300],
    ]);
    expect(found[0]).toMatchObject({ saltId, tokens: blobOf(7, 0, 256).tokens });
    expect(await again.read(found[0]!.id)).toEqual(Buffer.alloc(1000, 7));
    expect(again.usedBytes).toBe(filesIn().reduce((sum, path) => sum + statSync(path).size, 0));
  });

  it('is readable by its owner only, and shows neither tokens nor cells', async () => {
    mkdirSync(root, { recursive: true, mode: 0o755 });
    chmodSync(root, 0o755);
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(1000, 0, 256));
    expect(modeOf(root)).toBe(0o700);
    expect(modeOf(join(root, 'model'))).toBe(0o700);
    expect(modeOf(join(root, 'key'))).toBe(0o600);
    const [path = ''] = filesIn();
    expect(modeOf(path)).toBe(0o600);
    expect(path).toMatch(/\/[0-9a-f]{40}\.kv$/);
    const bytes = readFileSync(path);
    expect(bytes.includes(Buffer.from(Int32Array.of(1000, 1001, 1002).buffer))).toBe(false);
    expect(bytes.includes(Buffer.alloc(16, 1000))).toBe(false);
  });

  it('removes every file that is cut off or changed anywhere, and reads no other wrongly', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(7, 0, 20, 300));
    const [path = ''] = filesIn();
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.record({ cutAt: fc.integer({ min: 0, max: whole.length - 1 }) }),
          fc.record({
            flipAt: fc.integer({ min: 0, max: whole.length - 1 }),
            bit: fc.integer({ max: 7, min: 0 }),
          }),
          fc.record({ more: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
        ),
        async (damage) => {
          let bytes: Buffer = Buffer.from(whole);
          if ('cutAt' in damage) bytes = bytes.subarray(0, damage.cutAt);
          else if ('more' in damage) bytes = Buffer.concat([bytes, damage.more]);
          else bytes[damage.flipAt] = (bytes[damage.flipAt] ?? 0) ^ (1 << damage.bit);
          // While it runs, and at the next start.
          const running = openFolder();
          writeFileSync(path, whole);
          const [known] = await running.open();
          writeFileSync(path, bytes);
          expect(await running.read(known!.id)).toBeNull();
          expect(existsSync(path)).toBe(false);
          writeFileSync(path, bytes);
          const next = openFolder();
          for (const { id } of await next.open()) expect(await next.read(id)).toBeNull();
          expect(existsSync(path)).toBe(false);
          expect(next.rejectedCount).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes no file of another name, folder or home', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(7, 0, 20));
    const [path = ''] = filesIn();
    const bytes = readFileSync(path);
    const misnamed = join(root, 'model', `${'0'.repeat(40)}.kv`);
    renameSync(path, misnamed);
    expect(await openFolder().open()).toEqual([]);
    expect(existsSync(misnamed)).toBe(false);

    mkdirSync(join(root, 'other'));
    writeFileSync(join(root, 'other', path.split('/').at(-1)!), bytes);
    expect(await openFolder({ name: 'other' }).open()).toEqual([]);
    expect(filesIn('other')).toEqual([]);

    writeFileSync(path, bytes);
    rmSync(join(root, 'key'));
    expect(await openFolder().open()).toEqual([]);
    expect(filesIn()).toEqual([]);
  });

  it('keeps the budget over all folders by last use, also after restarts, the end of a prefix first', async () => {
    const size = 1300;
    const folder = openFolder({ budgetBytes: 4 * size });
    await folder.open();
    await folder.write(1, blobOf(1, 0, 20));
    await folder.write(2, blobOf(2, 0, 20));
    await folder.write(3, blobOf(2, 20, 40));
    await folder.touch([1]);
    const other = openFolder({ name: 'other', budgetBytes: 4 * size });
    await other.open();
    await other.write(1, blobOf(4, 0, 20));
    // The third is used as long ago as the second, and depends on it.
    await other.write(2, blobOf(5, 0, 20));
    const left = (await openFolder().open()).map(({ tokens, start }) => [tokens[0], start]);
    expect(left).toHaveLength(2);
    expect(left).toContainEqual([1, 0]);
    expect(left).toContainEqual([2, 0]);
    // A smaller budget holds at the next start.
    const smaller = openFolder({ budgetBytes: size });
    await smaller.open();
    expect(smaller.usedBytes).toBeLessThanOrEqual(size);
  });

  it('writes to a temporary name, and clears up after a crash', async () => {
    const folder = openFolder();
    await folder.open();
    const stale = join(root, 'model', 'deadbeef.kv.1.part');
    writeFileSync(stale, 'half');
    utimesSync(stale, 1e9, (1e12 + clock) / 1000);
    await openFolder().open();
    expect(existsSync(stale)).toBe(true);
    clock += 1e9;
    await openFolder().open();
    expect(existsSync(stale)).toBe(false);
  });

  it('keeps the budget where several write at the same time', async () => {
    const size = 1300;
    const budgetBytes = 40 * size;
    const writers = await Promise.all(
      ['model', 'other', 'third'].map(async (name) => {
        const folder = openFolder({ name, budgetBytes });
        await folder.open();
        return folder;
      }),
    );
    for (let index = 0; index < 40; index++) {
      for (const [place, writer] of writers.entries())
        await writer.write(index + 1, blobOf(100 * place + index, 0, 20));
      const total = ['model', 'other', 'third']
        .flatMap((name) => filesIn(name))
        .reduce((sum, path) => sum + statSync(path).size, 0);
      // Each may be off by what the others wrote since it counted.
      expect(total).toBeLessThanOrEqual(1.2 * budgetBytes);
    }
  });

  it('passes over what cannot be read and reads the rest', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(7, 0, 20));
    mkdirSync(join(root, 'model', 'folder.kv'));
    symlinkSync(join(root, 'model'), join(root, 'model', 'link.kv'));
    const again = openFolder();
    expect(await again.open()).toHaveLength(1);
    expect(again.rejectedCount).toBe(2);
    expect(filesIn()).toHaveLength(1);
  });

  it('does not take one prefix for another that lies under its name', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(7, 0, 20));
    const [first = ''] = filesIn();
    await folder.write(2, blobOf(8, 0, 20));
    const second = filesIn().find((path) => path !== first) ?? '';
    renameSync(second, first);
    expect(await folder.read(1)).toBeNull();
    expect(existsSync(first)).toBe(false);
  });

  it('is not stopped by what a process of the same number left half written', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(7, 0, 20));
    const [path = ''] = filesIn();
    rmSync(path);
    writeFileSync(`${path}.${process.pid}.part`, 'half');
    await folder.write(2, blobOf(7, 0, 20));
    expect(await folder.read(2)).toEqual(Buffer.alloc(1000, 7));
  });

  it('goes on where the home was emptied under it', async () => {
    const folder = openFolder();
    await folder.open();
    await folder.write(1, blobOf(1, 0, 20));
    rmSync(root, { recursive: true });
    expect(await folder.read(1)).toBeNull();
  });
});

describe('the key of a home', () => {
  it('is made once, and made anew where it was cut off', () => {
    const key = openSecret(root);
    expect(key).toHaveLength(32);
    expect(openSecret(root)).toEqual(key);
    writeFileSync(join(root, 'key'), 'short');
    expect(openSecret(root)).not.toEqual(key);
    chmodSync(join(root, 'key'), 0o644);
    openSecret(root);
    expect(modeOf(join(root, 'key'))).toBe(0o600);
  });
});
