import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitGpuLayers } from './gpu-layers.ts';

const gib = 1024 ** 3;

describe('layers on the GPU', () => {
  it('are all of them where everything fits, none where nothing does', () => {
    const model = { weightBytes: 4 * gib, layerCount: 32, kvBytesPerLayer: 16 * 1024 ** 2 };
    expect(fitGpuLayers({ ...model, freeBytes: 24 * gib, reserveBytes: gib })).toBe(33);
    expect(fitGpuLayers({ ...model, freeBytes: gib / 2, reserveBytes: gib })).toBe(0);
    const half = fitGpuLayers({ ...model, freeBytes: 3 * gib, reserveBytes: gib });
    expect(half).toBeGreaterThan(10);
    expect(half).toBeLessThan(18);
  });

  it('never take more than is free', () => {
    fc.assert(
      fc.property(
        fc.record({
          freeBytes: fc.nat(2 ** 31 - 1),
          weightBytes: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
          layerCount: fc.integer({ min: 1, max: 120 }),
          kvBytesPerLayer: fc.nat(2 ** 24),
          reserveBytes: fc.nat(2 ** 30),
        }),
        (fit) => {
          const count = fitGpuLayers(fit);
          expect(count).toBeGreaterThanOrEqual(0);
          expect(count).toBeLessThanOrEqual(fit.layerCount + 1);
          const used = count * (fit.weightBytes / (fit.layerCount + 1) + fit.kvBytesPerLayer);
          if (count > 0) expect(used + fit.reserveBytes).toBeLessThanOrEqual(fit.freeBytes * (1 + 1e-9));
        },
      ),
    );
  });
});
