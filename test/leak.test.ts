import { describe, expect, it } from 'vitest';
import { isProven } from '../src/privacy/prove/leak-suite.ts';
import { leakProof } from './leak-proof.ts';

/**
 * The whole gateway behind recording upstreams, asked thousands of times, with models here that crash and servers elsewhere that
 * fail: nothing that must stay arrives outside, in no writing.
 */

const terms = [{ name: 'projects', words: ['Bluefin Harbor'] }];

describe('what must stay', () => {
  it.each(['block', 'local', 'redact', 'auto'])(
    'stays in the mode %s',
    { timeout: 300_000 },
    async (mode) => {
      const result = await leakProof({ privacy: { mode, terms } }, 600, 11);
      expect(result.leaks).toEqual([]);
      expect(isProven(result)).toBe(true);
      const { declared, detected, follow_up, unseen, control } = result.counts;
      // Without these the silence would mean little.
      expect(result.unreached).toEqual([]);
      expect(declared.asked + detected.asked + follow_up.asked).toBeGreaterThan(600);
      expect(control.arrivedOutside).toBeGreaterThan(60);
      expect(declared.arrivedInside + detected.arrivedInside).toBeGreaterThan(20);
      expect(unseen.asked).toBeGreaterThan(0);
    },
  );

  it('includes everything where the owner says so', { timeout: 300_000 }, async () => {
    const result = await leakProof({ privacy: { floor: 'local_only' } }, 200, 12);
    expect(result.leaks).toEqual([]);
    expect(result.outsideRequestCount).toBe(0);
    // Nothing at all arrived, so nothing shows that it would have been seen.
    expect(isProven(result)).toBe(false);
  });

  it('leaves where nobody reads, and the suite says so', { timeout: 300_000 }, async () => {
    const result = await leakProof({ privacy: { detect: 'off', terms } }, 200, 13);
    expect(isProven(result)).toBe(false);
    expect(new Set(result.leaks.map((leak) => leak.class))).toEqual(new Set(['detected', 'follow_up']));
  });
});
