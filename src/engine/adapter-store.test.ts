import { describe, expect, it } from 'vitest';
import type { AdapterRef } from './adapter.ts';
import { createAdapterStore } from './adapter-store.ts';

const ref = (name: string, byteCount = 10, digest = name): AdapterRef => ({
  name,
  path: `/${digest}`,
  digest,
  scale: 1,
  byteCount,
});

function storeOf(count: number, byteCount = 100) {
  const log: string[] = [];
  let handle = 0;
  const store = createAdapterStore({
    room: { count, byteCount },
    load: (path) => {
      if (path === '/broken') throw new Error('broken');
      log.push(`+${path}`);
      return ++handle;
    },
    unload: (freed) => log.push(`-${freed}`),
  });
  return { store, log };
}

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('the store of adapters', () => {
  it('loads at the first use, keeps, and frees the one used longest ago for another', async () => {
    const { store, log } = storeOf(2);
    for (const name of ['a', 'b', 'a', 'c', 'a']) (await store.acquire(ref(name))).release();
    expect(log).toEqual(['+/a', '+/b', '-2', '+/c']);
    expect(store.loadedCount).toBe(2);
  });

  it('holds one copy for two names of one file, apart by their keys', async () => {
    const { store, log } = storeOf(2);
    const one = await store.acquire(ref('one', 10, 'same'));
    const other = await store.acquire({ ...ref('other', 10, 'same'), scale: 0.5 });
    expect(log).toEqual(['+/same']);
    expect(one.adapter.handle).toBe(other.adapter.handle);
    expect(one.adapter.key).not.toBe(other.adapter.key);
  });

  it('lets nobody pass who finds no room, and frees nothing in use', async () => {
    const { store, log } = storeOf(1);
    const held = await store.acquire(ref('a'));
    const waiting = store.acquire(ref('b'));
    const behind = store.acquire(ref('a'));
    expect(await isSettled(waiting)).toBe(false);
    expect(await isSettled(behind)).toBe(false);
    held.release();
    held.release();
    const second = await waiting;
    expect(log).toEqual(['+/a', '-1', '+/b']);
    expect(await isSettled(behind)).toBe(false);
    second.release();
    expect((await behind).adapter.handle).toBe(3);
  });

  it('counts bytes, and refuses what can never fit with the figures', async () => {
    const { store, log } = storeOf(8, 25);
    for (const name of ['a', 'b', 'c']) (await store.acquire(ref(name))).release();
    expect(log).toEqual(['+/a', '+/b', '-1', '+/c']);
    await expect(store.acquire(ref('large', 26))).rejects.toThrow(
      /large needs 0\.0 MiB and 0\.0 MiB were set aside/,
    );
  });

  it('tells who asked why a file cannot be loaded, and serves the next', async () => {
    const { store } = storeOf(1);
    const held = await store.acquire(ref('a'));
    const broken = store.acquire(ref('broken'));
    const next = store.acquire(ref('b'));
    held.release();
    await expect(broken).rejects.toThrow('broken');
    expect((await next).adapter.key).toContain('"b"');
  });
});
