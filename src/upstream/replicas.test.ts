import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createReplicas, type Replicas } from './replicas.ts';
import type { UpstreamSettings } from './upstream.ts';
import { presets } from './traits.ts';

let opened: Replicas[] = [];
afterEach(async () => {
  await Promise.all(opened.map((replicas) => replicas.close()));
  opened = [];
});

/** Nobody is connected to: what is chosen is all that is looked at. */
function setUp(count: number, changes: Partial<UpstreamSettings> = {}) {
  let at = 0;
  const upstream: UpstreamSettings = {
    name: 'up',
    protocol: 'openai',
    traits: presets.generic,
    addresses: Array.from({ length: count }, (_, index) => ({
      baseUrl: `http://127.0.0.1:9/${index}`,
      usesProxy: false,
    })),
    balance: 'round-robin',
    hedge: 'off',
    endpoints: null,
    key: null,
    keyHeader: null,
    headers: {},
    boundary: 'inside',
    forwardsClientKey: false,
    models: [],
    timeouts: { connectMs: 10, firstTokenMs: 10, idleMs: 10 },
    retry: { retryCount: 0, longestWaitMs: 1 },
    ...changes,
  };
  const replicas = createReplicas({
    upstream,
    headers: {},
    key: 'a key',
    now: () => at,
    random: () => 0,
  });
  opened.push(replicas);
  const request = { model: 'm', tenant: 't', blocks: { hashes: [], length: 0 }, callIds: [] };
  return {
    replicas,
    take: (tried: readonly number[] = []) => replicas.take(request, new Set(tried)),
    pass: (milliseconds: number) => {
      at += milliseconds;
    },
    now: () => at,
  };
}

function breakAt(target: number, { take, now }: ReturnType<typeof setUp>): void {
  for (let failures = 0; failures < 5;) {
    const taken = take();
    const isTarget = taken?.lease.index === target;
    taken?.breaker.report(isTarget ? 'failed' : 'good', now());
    taken?.lease.end();
    if (isTarget) failures += 1;
  }
}

describe('replicas with breakers', () => {
  it('are left alone while they rest, and get one request when the pause is over and another stands by', () => {
    const world = setUp(2);
    breakAt(0, world);
    for (let turn = 0; turn < 10; turn += 1) expect(world.take()?.lease.index).toBe(1);
    world.pass(5_001);
    const probe = world.take();
    expect(probe?.lease).toMatchObject({ index: 0, isProbe: true });
    // One at a time.
    expect(world.take()?.lease.index).toBe(1);
    probe?.breaker.report('failed', world.now());
    expect(world.take()?.lease.index).toBe(1);
    world.pass(10_001);
    const again = world.take();
    expect(again?.lease).toMatchObject({ index: 0, isProbe: true });
    again?.breaker.report('good', world.now());
    expect(world.take()?.lease.isProbe).toBe(false);
    expect(world.replicas.readings().replicas[0]?.openBreakerCount).toBe(0);
  });

  it('are no replicas at all once all rest: the pause is told', () => {
    const world = setUp(2);
    breakAt(0, world);
    breakAt(1, world);
    expect(world.take()).toBeNull();
    expect(world.replicas.pauseMs('m')).toBeGreaterThan(0);
    expect(world.replicas.hasOther('m', new Set())).toBe(false);
    world.pass(5_001);
    expect(world.take()).not.toBeNull();
  });

  it('never ask one that rests while another is closed, whatever happens', () => {
    const step = fc.record({
      end: fc.constantFrom('good' as const, 'failed' as const, 'neither' as const),
      wait: fc.nat(4_000),
      holds: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.constantFrom('prefix' as const, 'least-loaded' as const, 'round-robin' as const),
        (steps, balance) => {
          const { take, pass, now, replicas } = setUp(3, { balance });
          for (const { end, wait, holds } of steps) {
            pass(wait);
            const open = replicas.readings().replicas.map(({ openBreakerCount }) => openBreakerCount > 0);
            const pause = replicas.pauseMs('m');
            const taken = take();
            if (taken === null) {
              expect(pause).toBeGreaterThan(0);
              continue;
            }
            // Open, its pause over, and tried by this one request: the only way to an open one beside closed ones.
            if (open[taken.lease.index] === true && open.includes(false)) {
              expect(taken.lease.isProbe).toBe(true);
            }
            if (!holds) taken.breaker.report(end, now());
            taken.lease.end();
          }
          expect(replicas.readings().replicas.map(({ inFlightCount }) => inFlightCount)).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
