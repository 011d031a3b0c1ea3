import { expect, it, vi } from 'vitest';
import type * as Clear from '../src/privacy/clear.ts';
import { leakProof } from './leak-proof.ts';

/** The gate is taken out: what decides may let everything go, and what checks last lets everything through. */
vi.mock('../src/privacy/clear.ts', async (original) => {
  const real = await original<typeof Clear>();
  return {
    ...real,
    mayCross: () => true,
    clear: (request: Parameters<typeof real.clear>[0], boundary: Clear.Boundary) =>
      real.clear({ ...request, privacy: 'open' }, boundary),
  };
});

it('a gateway without its gate is caught', { timeout: 300_000 }, async () => {
  const { leaks } = await leakProof({ privacy: { mode: 'block' } }, 150, 21);
  expect(new Set(leaks.map((leak) => leak.class))).toEqual(new Set(['declared', 'detected', 'follow_up']));
  expect(leaks.length).toBeGreaterThan(30);
});
