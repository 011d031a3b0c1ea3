import { expect, it } from 'vitest';
import { createAcceptance } from './acceptance.ts';
import { evidenceClass, gradeCount, supports, type Support } from './drafter.ts';

it('believes better evidence more before anything was seen', () => {
  const acceptance = createAcceptance({ forgetting: 0.05 });
  const ratesOf = (support: Support) =>
    Array.from({ length: gradeCount }, (_, grade) => acceptance.rate(evidenceClass(grade, support)));
  for (const support of supports)
    expect(ratesOf(support)).toEqual([...ratesOf(support)].sort((a, b) => a - b));
  ratesOf('single').forEach((rate, grade) => {
    expect(rate).toBeGreaterThan((ratesOf('disputed')[grade] as number) - 1e-9);
    expect(rate).toBeLessThan(ratesOf('agreed')[grade] as number);
  });
});

it('follows what it sees, forgets, and stays a probability', () => {
  const acceptance = createAcceptance({ forgetting: 0.05 });
  for (let index = 0; index < 100; index++) acceptance.observe(3, true);
  expect(acceptance.rate(3)).toBeGreaterThan(0.95);
  expect(acceptance.rate(3)).toBeLessThanOrEqual(1);
  for (let index = 0; index < 100; index++) acceptance.observe(3, false);
  expect(acceptance.rate(3)).toBeLessThan(0.05);
  expect(acceptance.rate(3)).toBeGreaterThanOrEqual(0);
});

it('lets neighbours learn, and leaves the others alone', () => {
  const acceptance = createAcceptance({ forgetting: 0.05 });
  const before = [acceptance.rate(4), acceptance.rate(7)];
  for (let index = 0; index < 20; index++) acceptance.observe(3, false);
  expect(acceptance.rate(4)).toBeLessThan(before[0] as number);
  expect(acceptance.rate(7)).toBe(before[1]);
  // Between one support and the next there is nothing to be learnt.
  const next = acceptance.rate(gradeCount);
  for (let index = 0; index < 20; index++) acceptance.observe(gradeCount - 1, false);
  expect(acceptance.rate(gradeCount)).toBe(next);
});
