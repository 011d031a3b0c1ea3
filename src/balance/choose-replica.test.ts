import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  balanceModes,
  chooseReplica,
  longestPassOver,
  type ReplicaState,
  type ReplicaView,
} from './choose-replica.ts';

const view = (changes: Partial<ReplicaView> = {}): ReplicaView => ({
  state: 'closed',
  wasTried: false,
  load: 0,
  cachedBlockCount: 0,
  passedOverCount: 0,
  slowness: 1,
  ...changes,
});

/** 10 ms a block, 100 ms a request that is there already. */
const cost = { perBlock: 10, perRequest: 100, fixed: 20 };
const demand = { blockCount: 40, boundTo: null };
const half = (): number => 0.5;

const anyView = fc.record({
  state: fc.constantFrom<ReplicaState>('closed', 'unwell', 'ready', 'resting'),
  wasTried: fc.boolean(),
  load: fc.nat(50),
  cachedBlockCount: fc.nat(40),
  passedOverCount: fc.nat(1000),
  slowness: fc.double({ min: 0.25, max: 4, noNaN: true }),
});

describe('choosing a replica', () => {
  it('goes where the prefix is cached, until that one is busier than the cache is worth', () => {
    const at = (load: number, cachedBlockCount: number): number =>
      chooseReplica(
        [view({ load, cachedBlockCount }), view({ passedOverCount: 9 })],
        demand,
        'prefix',
        cost,
        half,
      ).index;
    // 30 blocks are worth 300 ms, three requests.
    expect(at(0, 30)).toBe(0);
    expect(at(2, 30)).toBe(0);
    expect(at(4, 30)).toBe(1);
    // Nothing cached: the idle one.
    expect(at(1, 0)).toBe(1);
  });

  it('weighs by what was measured: where waiting is cheap the cache is worth more', () => {
    const views = [view({ load: 8, cachedBlockCount: 30 }), view()];
    expect(chooseReplica(views, demand, 'prefix', cost, half).index).toBe(1);
    expect(chooseReplica(views, demand, 'prefix', { ...cost, perRequest: 5 }, half).index).toBe(0);
  });

  it('knows a slow replica, and gives turns to those that are alike', () => {
    const pick = (slowness: number): number =>
      chooseReplica([view({ slowness, passedOverCount: 1 }), view()], demand, 'prefix', cost, half).index;
    expect(pick(3)).toBe(1);
    expect(pick(1)).toBe(0);
  });

  it('by load and in turn, where the settings say so', () => {
    const views = [view({ load: 3, cachedBlockCount: 40, passedOverCount: 5 }), view({ load: 1 })];
    expect(chooseReplica(views, demand, 'least-loaded', cost, half).index).toBe(1);
    expect(chooseReplica(views, demand, 'round-robin', cost, half).index).toBe(0);
  });

  it('keeps a tool loop where it is, in every mode, unless that replica rests', () => {
    for (const mode of balanceModes) {
      const bound = { ...demand, boundTo: 1 };
      expect(chooseReplica([view(), view({ load: 9 })], bound, mode, cost, half).index).toBe(1);
      expect(
        chooseReplica([view(), view(), view({ passedOverCount: 900 })], bound, mode, cost, half).index,
      ).toBe(1);
      expect(chooseReplica([view(), view({ state: 'resting' })], bound, mode, cost, half).index).toBe(0);
    }
  });

  it('never an open one while another is closed, nor one twice while one is untried', () => {
    fc.assert(
      fc.property(
        fc.array(anyView, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...balanceModes),
        fc.option(fc.nat(7), { nil: null }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (views, mode, boundTo, drawn) => {
          const { index } = chooseReplica(views, { blockCount: 40, boundTo }, mode, cost, () => drawn);
          const chosen = views[index];
          expect(chosen).toBeDefined();
          const closed = views.filter(({ state }) => state === 'closed');
          if (closed.length > 0) expect(['closed', 'ready']).toContain(chosen?.state);
          // One that failed is tried again only where an untried closed one can take over.
          if (chosen?.state === 'ready' && closed.length > 0) {
            expect(closed.some(({ wasTried }) => !wasTried)).toBe(true);
          }
          if (closed.some(({ wasTried }) => !wasTried)) expect(chosen?.wasTried).toBe(false);
        },
      ),
    );
  });

  it('is the same for the same views and the same chance', () => {
    fc.assert(
      fc.property(
        fc.array(anyView, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...balanceModes),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (views, mode, drawn) => {
          const pick = () => chooseReplica(views, demand, mode, cost, () => drawn);
          expect(pick()).toEqual(pick());
        },
      ),
    );
  });

  it('lets none starve: whatever the figures, none goes without for longer than the bound', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ slowness: fc.double({ min: 0.25, max: 4, noNaN: true }), cached: fc.nat(40) }), {
          minLength: 2,
          maxLength: 4,
        }),
        fc.constantFrom(...balanceModes),
        (replicas, mode) => {
          const passedOver = replicas.map(() => 0);
          const bound = longestPassOver * replicas.length + replicas.length;
          for (let decision = 0; decision < 3 * bound; decision += 1) {
            const views = replicas.map(({ slowness, cached }, index) =>
              view({ slowness, cachedBlockCount: cached, passedOverCount: passedOver[index] ?? 0 }),
            );
            const { index } = chooseReplica(views, demand, mode, cost, half);
            replicas.forEach((_, at) => (passedOver[at] = at === index ? 0 : (passedOver[at] ?? 0) + 1));
            expect(Math.max(...passedOver)).toBeLessThanOrEqual(bound);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
