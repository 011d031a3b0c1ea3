import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLabel, type LabelRequest } from '../privacy/label.ts';
import { createStore, type Store } from '../store/store.ts';
import { createKeptResponses, type KeptResponses, type KeptResponsesSettings } from './kept-responses.ts';

let store: Store;
let now = 0;

beforeEach(async () => {
  store = await createStore({ path: ':memory:' });
  now = 1_000_000;
});
afterEach(() => store.close());

function open(
  settings: Partial<KeptResponsesSettings> = {},
  label: LabelRequest = createLabel({ floor: 'open' }),
): KeptResponses {
  return createKeptResponses({
    store,
    label,
    settings: { store: true, maxAgeSeconds: 60, maxCount: 100, maxBytes: 1_000_000, ...settings },
    now: () => now,
  });
}

async function keepMany(kept: KeptResponses, ids: readonly string[]): Promise<void> {
  for (const [index, id] of ids.entries()) {
    now += 2000;
    const previousId = ids[index - 1] ?? null;
    await kept.keep({ id, previousId, input: [{ id: `in_${id}` }], response: { id, output: [] } }, 't');
  }
}

describe('kept responses', () => {
  it('come back as they were, oldest first, for their own tenant only', async () => {
    const kept = open();
    await keepMany(kept, ['a', 'b', 'c']);
    expect(await kept.find('b', 't')).toEqual({
      id: 'b',
      previousId: 'a',
      input: [{ id: 'in_b' }],
      response: { id: 'b', output: [] },
    });
    expect((await kept.chain('c', 't')).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(await kept.find('b', 'other')).toBeNull();
    expect(await kept.remove('b', 'other')).toBe(false);
    await expect(kept.chain('c', 'other')).rejects.toMatchObject({ field: 'previous_response_id' });
    expect(await kept.remove('b', 't')).toBe(true);
    expect(await kept.remove('b', 't')).toBe(false);
    await expect(kept.chain('c', 't')).rejects.toThrow(/follows a response that is not here any more \(b\)/);
  });

  it('grow too old, unless they are gone on from', async () => {
    const kept = open();
    await keepMany(kept, ['a', 'b']);
    now += 50_000;
    await kept.chain('b', 't');
    now += 50_000;
    expect(await kept.find('a', 't')).not.toBeNull();
    now += 20_000;
    expect(await kept.find('a', 't')).toBeNull();
    await keepMany(kept, ['c']);
    const rows = await store.db.selectFrom('responses').select('id').execute();
    expect(rows).toEqual([{ id: 'c' }]);
  });

  it('stay within their bounds of count and bytes; the oldest go first', async () => {
    const few = open({ maxCount: 3 });
    await keepMany(few, ['a', 'b', 'c', 'd', 'e']);
    const left = async () =>
      (await store.db.selectFrom('responses').select('id').orderBy('id').execute()).map(({ id }) => id);
    expect(await left()).toEqual(['c', 'd', 'e']);
    const small = open({ maxBytes: 100 });
    await keepMany(small, ['f']);
    const rows = await store.db.selectFrom('responses').select('byte_count').execute();
    expect(rows.reduce((sum, row) => sum + row.byte_count, 0)).toBeLessThanOrEqual(100);
    expect(await left()).toContain('f');
  });

  it('are none of what is local_only, by the request or by the owner’s floor', () => {
    expect(open().mayKeep({ privacy: 'open' })).toBe(true);
    expect(open().mayKeep({ privacy: 'local_only' })).toBe(false);
    expect(open({ store: false }).mayKeep({ privacy: 'open' })).toBe(false);
    expect(open({}, createLabel({ floor: 'local_only' })).mayKeep({ privacy: 'open' })).toBe(false);
  });
});
