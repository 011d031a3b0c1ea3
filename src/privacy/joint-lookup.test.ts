import { expect, it } from 'vitest';
import { createJointLookup } from './joint-lookup.ts';

interface Query {
  readonly hashes: readonly string[];
  readonly answer: () => void;
  readonly fail: (thrown: unknown) => void;
}

function recorded(
  patienceMs?: number,
  now?: () => number,
): { lookUp: (hashes: readonly string[]) => Promise<void>; queries: Query[] } {
  const queries: Query[] = [];
  const lookUp = createJointLookup(
    (hashes) =>
      new Promise((resolve, reject) => {
        queries.push({ hashes, answer: resolve, fail: reject });
      }),
    patienceMs,
    now,
  );
  return { lookUp, queries };
}

/** Until what follows from what was settled has happened. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('asks at once while few are on their way, and together what comes meanwhile', async () => {
  const { lookUp, queries } = recorded();
  const all = ['a', 'b', 'c', 'd', 'e'].map((hash) => lookUp([hash, 'same']));
  expect(queries.map(({ hashes }) => hashes)).toEqual([
    ['a', 'same'],
    ['b', 'same'],
  ]);
  queries[0]?.answer();
  await settle();
  expect(queries[2]?.hashes).toEqual(['c', 'same', 'd', 'e']);
  // Asked after that one began: not answered by it.
  let isLateAnswered = false;
  const late = lookUp(['f']).then(() => {
    isLateAnswered = true;
  });
  queries[2]?.answer();
  await settle();
  expect(isLateAnswered).toBe(false);
  for (const { answer } of queries) answer();
  await settle();
  for (const { answer } of queries) answer();
  await Promise.all([...all, late]);
});

it('tells all that were asked about together of an error, and asks on', async () => {
  const { lookUp, queries } = recorded();
  const first = [lookUp(['a']), lookUp(['b'])];
  const joined = Promise.allSettled([lookUp(['c']), lookUp(['d'])]);
  queries[0]?.answer();
  await settle();
  queries[2]?.fail(new Error('gone'));
  expect((await joined).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const next = lookUp(['e']);
  await settle();
  queries.at(-1)?.answer();
  queries[1]?.answer();
  await Promise.all([...first, next]);
});

it('splits what is too much for one query, and loses none', async () => {
  const { lookUp, queries } = recorded();
  const hashesOf = (name: number): string[] => Array.from({ length: 400 }, (_, at) => `${name}-${at}`);
  const all = Promise.all(Array.from({ length: 9 }, (_, name) => lookUp(hashesOf(name))));
  let seen = 0;
  while (seen < queries.length) {
    queries[seen]?.answer();
    seen += 1;
    await settle();
  }
  await all;
  expect(new Set(queries.flatMap(({ hashes }) => hashes)).size).toBe(9 * 400);
  for (const { hashes } of queries) expect(hashes.length).toBeLessThanOrEqual(1000);
});

it('asks nothing any more for those who waited too long', async () => {
  let time = 0;
  const { lookUp, queries } = recorded(2000, () => time);
  const hanging = Promise.allSettled([lookUp(['a']), lookUp(['b'])]);
  const late = Promise.allSettled([lookUp(['c']), lookUp(['d'])]);
  time = 2001;
  const next = lookUp(['e']);
  queries[0]?.fail(new Error('no answer'));
  await settle();
  expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(queries.slice(2).map(({ hashes }) => hashes)).toEqual([['e']]);
  for (const { answer } of queries) answer();
  await Promise.all([hanging, next]);
});
