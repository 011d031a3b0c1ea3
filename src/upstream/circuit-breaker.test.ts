import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCircuitBreaker } from './circuit-breaker.ts';

function fail(times: number, now = 0) {
  const breaker = createCircuitBreaker();
  for (let index = 0; index < times; index += 1) {
    expect(breaker.ask(now)).toBe(0);
    breaker.report('failed', now);
  }
  return breaker;
}

describe('a circuit breaker', () => {
  it('opens after five failures, and lets one try it after a while', () => {
    const breaker = fail(5);
    expect(breaker.ask(1)).toBeCloseTo(4_999);
    expect(breaker.ask(5_000)).toBe(0);
    expect(breaker.ask(5_001)).toBeGreaterThan(0);
    breaker.report('good', 5_002);
    expect(breaker.ask(5_003)).toBe(0);
    expect(breaker.isOpen).toBe(false);
  });

  it('waits twice as long each time its one try fails, and its place is free again where that came to nothing', () => {
    const breaker = fail(5);
    expect(breaker.ask(5_000)).toBe(0);
    breaker.report('failed', 5_000);
    expect(breaker.ask(5_001)).toBeCloseTo(9_999);
    expect(breaker.ask(15_000)).toBe(0);
    breaker.report('neither', 15_001);
    expect(breaker.ask(15_002)).toBe(0);
  });

  it('stays closed where most answers are good, where failures are old, or where nothing is said of health', () => {
    const mostlyGood = createCircuitBreaker();
    for (let index = 0; index < 100; index += 1)
      mostlyGood.report(index % 3 === 0 ? 'failed' : 'good', index);
    expect(mostlyGood.isOpen).toBe(false);
    const slow = createCircuitBreaker();
    for (let index = 0; index < 100; index += 1) slow.report('failed', index * 10_000);
    expect(slow.isOpen).toBe(false);
    const silent = createCircuitBreaker();
    for (let index = 0; index < 100; index += 1) silent.report('neither', index);
    expect(silent.isOpen).toBe(false);
  });

  it('never keeps anybody away for longer than two minutes, and lets at most one try while it is open', () => {
    const step = fc.record({
      wait: fc.nat(200_000),
      end: fc.constantFrom('good' as const, 'failed' as const, 'neither' as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const breaker = createCircuitBreaker();
        let now = 0;
        for (const { wait, end } of steps) {
          now += wait;
          const pause = breaker.ask(now);
          expect(pause).toBeLessThanOrEqual(120_000);
          if (pause > 0) continue;
          if (breaker.isOpen) expect(breaker.ask(now)).toBeGreaterThan(0);
          breaker.report(end, now);
        }
      }),
    );
  });
});
