import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKeyedHash } from '../promptcache/keyed-hash.ts';
import { createStore } from '../store/store.ts';
import { createTaintStore } from './taint-store.ts';
import { createTaintedSessions } from './tainted-sessions.ts';

const warn = (message: string): never => {
  throw new Error(message);
};
const hashOf = createKeyedHash(new Uint8Array(32));
const hash = (name: string): string => hashOf(name, 32);

describe('tainted sessions', () => {
  test('stay tainted over a restart, and only tighten', async () => {
    const state = await createStore({ path: ':memory:' });
    const store = createTaintStore(state);
    const first = await createTaintedSessions({ store, warn });
    expect(first.taintOf([hash('a')])).toBe('clean');
    await first.mark([hash('a'), hash('b')], 'found');
    await first.mark([hash('b')], 'kept');
    await first.mark([hash('b')], 'found');
    const second = await createTaintedSessions({ store, warn });
    expect(second.taintOf([hash('a')])).toBe('found');
    expect(second.taintOf([hash('c'), hash('b')])).toBe('kept');
    expect(second.taintOf([hash('c')])).toBe('clean');
    await state.close();
  });

  test('what is let go is still tainted, also after a restart', async () => {
    const state = await createStore({ path: ':memory:' });
    const store = createTaintStore(state);
    const names = Array.from({ length: 300 }, (_, index) => hash(String(index)));
    const first = await createTaintedSessions({ store, warn, keptCount: 50 });
    for (const name of names) await first.mark([name], 'found');
    for (const name of names) expect(first.taintOf([name])).not.toBe('clean');
    const second = await createTaintedSessions({ store, warn, keptCount: 50 });
    for (const name of names) expect(second.taintOf([name])).not.toBe('clean');
    const rows = await state.db.selectFrom('tainted_session').selectAll().execute();
    expect(rows.length).toBeLessThanOrEqual(50);
    const wrong = Array.from({ length: 1000 }, (_, index) => second.taintOf([hash(`other ${index}`)]));
    expect(wrong.filter((taint) => taint !== 'clean').length).toBeLessThan(5);
    await state.close();
  });

  test('a store that fails is told of, and the process knows all the same', async () => {
    const told: string[] = [];
    const broken = () => Promise.reject(new Error('disk full'));
    const sessions = await createTaintedSessions({
      store: { load: () => Promise.resolve({ rows: [], faded: null }), save: broken, fade: broken },
      warn: (message) => told.push(message),
    });
    await sessions.mark([hash('a')], 'found');
    expect(sessions.taintOf([hash('a')])).toBe('found');
    expect(told).toHaveLength(1);
  });

  test('no order of marks makes a session clean', async () => {
    const mark = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      taint: fc.constantFrom('found' as const, 'kept' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(mark, { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (marks, keptCount) => {
          const sessions = await createTaintedSessions({ store: null, warn, keptCount });
          for (const { name, taint } of marks) await sessions.mark([hash(name)], taint);
          for (const name of ['a', 'b', 'c', 'd']) {
            const own = marks.filter((one) => one.name === name);
            const taint = sessions.taintOf([hash(name)]);
            if (own.length > 0) expect(taint).not.toBe('clean');
            if (own.some((one) => one.taint === 'kept')) expect(taint).toBe('kept');
          }
        },
      ),
    );
  });
});
