import { describe, expect, it } from 'vitest';
import { createReplicaFigures } from './replica-figures.ts';

describe('how slow a replica is', () => {
  it('is not said after one slow answer, nor of what wavers around the others', () => {
    const figures = createReplicaFigures();
    figures.sawTime(400, 100, 0);
    expect(figures.slowness(0)).toBe(1);
    for (let turn = 0; turn < 40; turn += 1) figures.sawTime(turn % 2 === 0 ? 60 : 160, 100, turn);
    expect(figures.slowness(40)).toBe(1);
  });

  it('is said of one that keeps being slow, and forgotten in time', () => {
    const figures = createReplicaFigures();
    for (let turn = 0; turn < 10; turn += 1) figures.sawTime(300, 100, turn);
    expect(figures.slowness(10)).toBeCloseTo(3, 1);
    expect(figures.slowness(600_000)).toBe(1);
    for (let turn = 0; turn < 30; turn += 1) figures.sawTime(100, 100, 600_000 + turn);
    expect(figures.slowness(600_030)).toBe(1);
  });

  it('stays within its bounds', () => {
    const figures = createReplicaFigures();
    for (let turn = 0; turn < 10; turn += 1) figures.sawTime(1e9, 1, turn);
    expect(figures.slowness(10)).toBeLessThanOrEqual(4.0001);
  });
});
