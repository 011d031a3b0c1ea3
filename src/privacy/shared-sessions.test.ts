import { describe, expect, test, vi } from 'vitest';
import { createKeyedHash } from '../promptcache/keyed-hash.ts';
import { createStore } from '../store/store.ts';
import { sharedSessionSecret } from './shared-secret.ts';
import { createSharedSessions } from './shared-sessions.ts';
import { createTaintStore } from './taint-store.ts';

const hashOf = createKeyedHash(new Uint8Array(32));
const hash = (name: string): string => hashOf(name, 32);
const ignore = (): void => undefined;

describe('sessions of gateways on one database', () => {
  test('that one marked are known to the other at once, and only tighten', async () => {
    const state = await createStore({ path: ':memory:' });
    const store = createTaintStore(state);
    const [one, other] = [
      createSharedSessions({ store, warn: ignore }),
      createSharedSessions({ store, warn: ignore }),
    ];
    expect(await other.taintOf([hash('a')])).toBe('clean');
    expect(await one.mark([hash('a'), hash('b')], 'found')).toBe(true);
    expect(await other.taintOf([hash('a')])).toBe('found');
    await other.mark([hash('b')], 'kept');
    // What one gateway takes for less than it is does not loosen it.
    await one.mark([hash('b')], 'found');
    expect(await createSharedSessions({ store, warn: ignore }).taintOf([hash('b')])).toBe('kept');
    expect(await one.taintOf([hash('b')])).toBe('kept');
    expect(await one.taintOf([])).toBe('clean');
    await state.close();
  });

  test('have one key for their hashes, whoever asks first', async () => {
    const state = await createStore({ path: ':memory:' });
    const keys = await Promise.all([1, 2, 3].map(() => sharedSessionSecret(state)));
    expect(keys[0]).toHaveLength(32);
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
    await state.close();
  });

  test('are unknown while the database is away, and what was marked meanwhile is written later', async () => {
    vi.useFakeTimers();
    const written: string[] = [];
    let isAway = true;
    const fail = (): Promise<never> => Promise.reject(new Error('connection refused'));
    const warn = vi.fn();
    const sessions = createSharedSessions({
      warn,
      store: {
        find: () => (isAway ? fail() : Promise.resolve([])),
        save: (rows) => {
          if (isAway) return fail();
          written.push(...rows.map((row) => `${row.hash} ${row.taint}`));
          return Promise.resolve();
        },
      },
    });
    expect(await sessions.taintOf(['x'])).toBe('unknown');
    // Others do not know of it yet.
    expect(await sessions.mark(['x'], 'found')).toBe(false);
    expect(await sessions.mark(['x'], 'found')).toBe(false);
    expect(await sessions.taintOf(['x'])).toBe('unknown');
    isAway = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toEqual(['x found']);
    expect(await sessions.taintOf(['x'])).toBe('found');
    expect(warn).toHaveBeenCalled();
    vi.useRealTimers();
  });

  test('are unknown where the database hangs', async () => {
    const hangs = (): Promise<never> => new Promise(() => undefined);
    const sessions = createSharedSessions({
      store: { find: hangs, save: hangs },
      warn: ignore,
      timeoutMs: 5,
    });
    expect(await sessions.taintOf(['x'])).toBe('unknown');
    expect(await sessions.mark(['x'], 'kept')).toBe(false);
    // This process knows, whatever the database does.
    expect(await sessions.taintOf(['x'])).toBe('kept');
  });
});
