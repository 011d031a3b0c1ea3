import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createDiskThread } from '../src/engine/disk-tier/disk-thread.ts';
import { fakeUpstream, openaiHello, type FakeUpstream } from './fake-upstream.ts';
import { farGateway } from './far-gateway.ts';

/** Disks that are really full: small file systems in memory, which only root can mount. */

const folder = mkdtempSync(join(tmpdir(), 'nearfar-full-'));
const mounted: string[] = [];

function mount(name: string, kibibytes: number): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', path], { stdio: 'ignore' });
  mounted.push(path);
  return path;
}

function canMount(): boolean {
  try {
    mount('probe', 64);
    return true;
  } catch {
    return false;
  }
}

const isRoot = process.platform === 'linux' && canMount();

function fill(path: string): string {
  const filler = join(path, 'filler');
  const { bavail, bsize } = statfsSync(path);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  return filler;
}

afterAll(() => {
  for (const path of mounted) execFileSync('umount', ['-l', path]);
  rmSync(folder, { recursive: true });
});

describe.runIf(isRoot)('prefixes on a full disk', () => {
  it('are not saved, nothing half of one is left, and the reason is told once', async () => {
    const root = mount('kv', 256);
    const warnings: string[] = [];
    let time = 1_000;
    const thread = createDiskThread({
      root,
      name: 'model',
      secret: new Uint8Array(32),
      budgetBytes: 2 ** 30,
      // What is told of the disk is not believed here: it becomes full while a file is written.
      spareBytes: -(2 ** 30),
      wallClock: () => time,
      warn: (text) => warnings.push(text),
    });
    const gone: number[] = [];
    thread.listen({
      onFound: () => undefined,
      onGone: (ids) => gone.push(...ids),
      onWritten: () => undefined,
    });
    const saltId = thread.saltId('a');
    const write = (index: number, size: number): number => {
      const id = thread.nextId();
      const tokens = Array.from({ length: 8 }, (_, at) => at + index);
      thread.write({ id, saltId, start: 0, tokens, data: new Uint8Array(size).fill(index) }, 'copy');
      return id;
    };
    const whole = write(1, 50_000);
    await thread.settled();
    const torn = [2, 3, 4].map((index) => write(index, 400_000));
    await thread.settled();
    expect(gone.sort()).toEqual(torn.sort());
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(root, name)).isFile(),
    );
    expect(files).toHaveLength(1);
    expect(files[0]).toMatch(/\.kv$/);
    // What is whole can be read still.
    expect((await thread.read(whole))?.byteLength).toBe(50_000);
    expect(warnings).toEqual([
      expect.stringMatching(/not saved on disk for the next ten minutes \(ENOSPC/) as string,
    ]);
    // Ten minutes later there is room again.
    expect(
      thread.write({ id: thread.nextId(), saltId, start: 0, tokens: [9], data: new Uint8Array(9) }, 'copy'),
    ).toBe(false);
    time += 601_000;
    const later = write(5, 9_000);
    await thread.settled();
    expect((await thread.read(later))?.byteLength).toBe(9_000);
    await thread.close();
  });
});

describe.runIf(isRoot)('a ledger on a full disk', () => {
  let upstream: FakeUpstream;
  beforeAll(async () => {
    upstream = await fakeUpstream(openaiHello);
  });
  afterAll(async () => {
    await upstream.close();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('lets requests go on, says so once, and has every row when there is room again', async () => {
    const lines: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
    const home = mount('home', 4_096);
    const far = await farGateway(
      { upstreams: [{ name: 'open', baseUrl: `${upstream.url}/v1`, models: ['big'], retries: 0 }] },
      [],
      home,
    );
    const ask = async (): Promise<number> => {
      const response = await fetch(`${far.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'open/big', messages: [{ role: 'user', content: 'Hi' }] }),
      });
      await response.text();
      return response.status;
    };
    expect(await ask()).toBe(200);
    expect(await far.rows()).toHaveLength(1);
    const filler = fill(home);
    const statuses: number[] = [];
    for (let index = 0; index < 60; index++) statuses.push(await ask());
    expect(new Set(statuses)).toEqual(new Set([200]));
    const told = (text: string): number => lines.filter((line) => line.includes(text)).length;
    expect(told('The journal of the ledger cannot be written')).toBe(1);
    expect(told('The ledger cannot be written; its rows wait')).toBe(1);
    rmSync(filler);
    await expect.poll(async () => (await far.rows()).length, { timeout: 15_000 }).toBe(61);
    await far.close();
  }, 60_000);
});
