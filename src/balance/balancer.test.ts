import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBalancer, type BalanceRequest } from './balancer.ts';
import { balanceModes, type BalanceMode, type ReplicaState } from './choose-replica.ts';
import type { LoadReport } from './load-report.ts';
import { blockCharacters, prefixBlocks } from './prefix-blocks.ts';
import { seededRandom } from '../random/seeded-random.ts';

const key = 'a key';
const none: ReadonlySet<number> = new Set();
const closed = (count: number): readonly ReplicaState[] => Array.from({ length: count }, () => 'closed');
const told: LoadReport = {
  runningCount: 0,
  waitingCount: 0,
  kvUsage: null,
  prefixQueryTokenCount: null,
  prefixHitTokenCount: null,
  loadedModels: null,
};

function setUp(replicaCount: number, mode: BalanceMode = 'prefix', seed = 1) {
  let at = 0;
  const balancer = createBalancer({
    replicaCount,
    mode,
    key,
    staleMs: 3000,
    now: () => at,
    random: seededRandom(seed),
  });
  return {
    balancer,
    pass: (milliseconds: number) => {
      at += milliseconds;
    },
  };
}

const request = (text: string, callIds: readonly string[] = []): BalanceRequest => ({
  model: 'm',
  tenant: 'local',
  blocks: prefixBlocks(text, key, 'm'),
  callIds,
});
const long = (letter: string, blocks = 20): string => letter.repeat(blocks * blockCharacters);

describe('blocks of a prompt', () => {
  it('are shared by prompts as far as these begin alike, and by nothing else', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), (common, more) => {
        const begin = 'ab'.repeat(common);
        const one = prefixBlocks(`${begin}x${'y'.repeat(more)}`, key, 'm').hashes;
        const other = prefixBlocks(`${begin}z${'y'.repeat(more)}`, key, 'm').hashes;
        let shared = 0;
        while (shared < one.length && one[shared] === other[shared]) shared += 1;
        expect(shared).toBe(Math.floor(begin.length / blockCharacters));
        expect(one.slice(shared).some((hash) => other.includes(hash))).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('are keyed, differ by model, hold no text and are bounded', () => {
    const text = long('secret');
    const { hashes } = prefixBlocks(text, key, 'm');
    expect(hashes[0]).not.toBe(prefixBlocks(text, 'other', 'm').hashes[0]);
    expect(hashes[0]).not.toBe(prefixBlocks(text, key, 'n').hashes[0]);
    expect(hashes.every((hash) => /^[0-9a-f]{16}$/.test(hash))).toBe(true);
    expect(prefixBlocks(long('a', 4000), key, 'm')).toMatchObject({ length: 4000 });
    expect(prefixBlocks(long('a', 4000), key, 'm').hashes.length).toBe(512);
  });
});

describe('balancing', () => {
  it('sends what begins alike where it was, and what is new elsewhere', () => {
    const { balancer } = setUp(2);
    const ask = (text: string): number => {
      const lease = balancer.take(request(text), closed(2), none);
      lease.end();
      return lease.index;
    };
    const a = ask(long('a'));
    const b = ask(long('b'));
    expect(b).toBe(1 - a);
    for (let turn = 1; turn < 5; turn += 1) {
      expect(ask(long('a') + long('c', turn))).toBe(a);
      expect(ask(long('b') + long('d', turn))).toBe(b);
    }
  });

  it('leaves a replica that is busier than its cache is worth, by its own count and by what it reports', () => {
    const { balancer, pass } = setUp(2);
    const first = balancer.take(request(long('a')), closed(2), none);
    const other = 1 - first.index;
    const held = [first];
    let lease = first;
    while (lease.index === first.index && held.length < 50) {
      lease = balancer.take(request(long('a')), closed(2), none);
      held.push(lease);
    }
    expect(lease.index).toBe(other);
    for (const one of held) one.end();

    const again = setUp(2);
    const start = again.balancer.take(request(long('a')), closed(2), none);
    start.end();
    again.balancer.report(start.index, { ...told, runningCount: 16, waitingCount: 30 });
    again.pass(10);
    const moved = again.balancer.take(request(long('a')), closed(2), none);
    expect(moved.index).toBe(1 - start.index);
    moved.end();
    // A report that is old is not gone by.
    again.pass(60_000);
    const back = again.balancer.take(request(`${long('a')}b`), closed(2), none);
    expect(back.reason).toMatch(/cached/);
    expect(again.balancer.readings().every(({ report }) => report === null)).toBe(true);
    pass(1);
  });

  it('does not count its own requests twice where a replica reports them too', () => {
    const { balancer } = setUp(2, 'least-loaded');
    const first = balancer.take(request(''), closed(2), none);
    balancer.report(first.index, { ...told, runningCount: 1 });
    const second = balancer.take(request(''), closed(2), none);
    expect(second.index).toBe(1 - first.index);
    // Each has one of ours now; the first reports one, which is that one.
    balancer.report(second.index, { ...told, runningCount: 3 });
    expect(balancer.take(request(''), closed(2), none).index).toBe(first.index);
  });

  it('forgets what a replica had cached when that was started anew, or unloaded the model', () => {
    const { balancer } = setUp(2);
    const first = balancer.take(request(long('a')), closed(2), none);
    first.end();
    balancer.report(first.index, { ...told, prefixQueryTokenCount: 500 });
    balancer.report(first.index, { ...told, prefixQueryTokenCount: 3 });
    expect(balancer.readings()[first.index]?.recordedBlockCount).toBe(0);

    const ollama = setUp(2);
    const start = ollama.balancer.take(request(long('a')), closed(2), none);
    start.end();
    ollama.balancer.report(start.index, { ...told, loadedModels: ['m:latest'] });
    const stays = ollama.balancer.take(request(long('a')), closed(2), none);
    expect(stays.index).toBe(start.index);
    stays.end();
    ollama.balancer.report(start.index, { ...told, loadedModels: [] });
    expect(ollama.balancer.take(request(long('a')), closed(2), none).index).toBe(1 - start.index);
  });

  it('trusts its record as far as answers bear it out', () => {
    const { balancer, pass } = setUp(2);
    const usage = (cachedTokenCount: number) => ({
      promptTokenCount: 1000,
      cachedTokenCount,
      completionTokenCount: 1,
    });
    const ask = (cachedTokenCount: number): number => {
      const lease = balancer.take(request(long('a')), closed(2), none);
      pass(100);
      lease.sawFirst();
      lease.sawUsage(usage(cachedTokenCount));
      lease.end();
      return lease.index;
    };
    const first = ask(0);
    // Who never told of a cached token may simply not tell.
    ask(0);
    expect(balancer.readings()[first]?.trust).toBe(1);
    ask(1000);
    for (let times = 0; times < 20; times += 1) ask(0);
    expect(Math.min(...balancer.readings().map(({ trust }) => trust))).toBeLessThan(0.3);
  });

  it('keeps a tool loop at the replica that made the call, in every mode', () => {
    for (const mode of balanceModes) {
      const { balancer } = setUp(3, mode);
      const first = balancer.take(request('x'), closed(3), none);
      first.sawCall('call_1');
      first.end();
      for (let turn = 0; turn < 6; turn += 1) {
        const loop = balancer.take(request('x', ['call_1']), closed(3), none);
        expect(loop.index).toBe(first.index);
        loop.end();
        balancer.take(request('other'), closed(3), none).end();
      }
      // Another tenant's ids are not this one's.
      const indices = Array.from({ length: 6 }, () => {
        const lease = balancer.take({ ...request('x', ['call_1']), tenant: 'other' }, closed(3), none);
        lease.end();
        return lease.index;
      });
      if (mode === 'round-robin') expect(new Set(indices).size).toBe(3);
    }
  });

  it('counts every request out again, whatever comes of it, and is deterministic under a seed', () => {
    const step = fc.record({
      letter: fc.constantFrom('a', 'b', 'c'),
      blocks: fc.nat(30),
      keeps: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(...balanceModes),
        fc.integer({ min: 1, max: 1000 }),
        (steps, mode, seed) => {
          const run = () => {
            const { balancer, pass } = setUp(3, mode, seed);
            const open = [];
            const indices: number[] = [];
            for (const { letter, blocks, keeps } of steps) {
              const lease = balancer.take(request(long(letter, blocks)), closed(3), none);
              indices.push(lease.index);
              pass(7);
              lease.sawFirst();
              if (keeps) open.push(lease);
              else lease.end();
            }
            for (const lease of open) {
              lease.end();
              lease.end();
            }
            expect(balancer.readings().map(({ inFlightCount }) => inFlightCount)).toEqual([0, 0, 0]);
            return indices;
          };
          expect(run()).toEqual(run());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives a slow replica less, and asks it again some time', () => {
    const { balancer, pass } = setUp(2);
    const counts = [0, 0];
    for (let turn = 0; turn < 400; turn += 1) {
      const lease = balancer.take(request(`${turn} ${long('n', 8)}`), closed(2), none);
      counts[lease.index] = (counts[lease.index] ?? 0) + 1;
      pass(lease.index === 0 ? 100 : 600);
      lease.sawFirst();
      lease.end();
    }
    expect(counts[0]).toBeGreaterThan(300);
    expect(counts[1]).toBeGreaterThan(1);
  });
});
