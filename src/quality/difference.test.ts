import fc from 'fast-check';
import { expect, test } from 'vitest';
import { qualityDifference } from './difference.ts';
import { createRandom } from '../engine/sampling/random.ts';
import { drawOutcome } from './simulate-drift.ts';

test('nothing judged is nothing known', () => {
  expect(qualityDifference({ win: 0, tie: 0, loss: 0 })).toBeNull();
});

test('a few ties do not prove that there is no difference', () => {
  const known = qualityDifference({ win: 0, tie: 20, loss: 0 });
  expect(known?.difference).toBe(0);
  expect(known?.high).toBeGreaterThan(0.1);
  expect(known?.low).toBeLessThan(-0.1);
});

test('lies within its interval, and is the same from the other side', () => {
  const count = fc.nat(200);
  fc.assert(
    fc.property(count, count, count, (win, tie, loss) => {
      fc.pre(win + tie + loss > 0);
      const one = qualityDifference({ win, tie, loss });
      const other = qualityDifference({ win: loss, tie, loss: win });
      if (one === null || other === null) throw new Error('something was judged');
      expect(one.low).toBeLessThanOrEqual(one.difference + 1e-9);
      expect(one.high).toBeGreaterThanOrEqual(one.difference - 1e-9);
      expect(one.low).toBeGreaterThanOrEqual(-1);
      expect(one.high).toBeLessThanOrEqual(1);
      expect(one.low).toBeCloseTo(-other.high, 6);
      expect(one.high).toBeCloseTo(-other.low, 6);
      const more = qualityDifference({ win: 10 * win, tie: 10 * tie, loss: 10 * loss });
      expect((more?.high ?? 0) - (more?.low ?? 0)).toBeLessThan(one.high - one.low + 1e-9);
    }),
  );
});

test('holds the truth in 95 of 100 samples', () => {
  const random = createRandom(7);
  const shares = { win: 0.08, tie: 0.8, loss: 0.12 };
  let heldCount = 0;
  for (let sample = 0; sample < 2000; sample += 1) {
    const counts = { win: 0, tie: 0, loss: 0 };
    for (let answer = 0; answer < 80; answer += 1) counts[drawOutcome(shares, random)] += 1;
    const known = qualityDifference(counts);
    if (known !== null && known.low <= -0.04 && -0.04 <= known.high) heldCount += 1;
  }
  expect(heldCount / 2000).toBeGreaterThan(0.93);
  expect(heldCount / 2000).toBeLessThan(0.985);
});
