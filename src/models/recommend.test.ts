import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { catalog } from './catalog.ts';
import {
  explainEstimate,
  leastTokensPerSecond,
  rankCatalog,
  recommendModel,
  type MachineMeasures,
} from './recommend.ts';

const gigabyte = 1e9;
const machine = (memory: number, disk: number, bandwidth: number): MachineMeasures => ({
  memoryBytes: memory * gigabyte,
  diskBytes: disk * gigabyte,
  bandwidthBytesPerSecond: bandwidth * gigabyte,
});

const anyMachine = fc
  .tuple(
    fc.integer({ min: 0, max: 200 }),
    fc.integer({ min: 0, max: 2000 }),
    fc.integer({ min: 1, max: 1000 }),
  )
  .map(([memory, disk, bandwidth]) => machine(memory, disk, bandwidth));

describe('recommendModel', () => {
  it('names nothing where nothing fits', () => {
    expect(recommendModel(machine(0.5, 100, 20))).toBeNull();
    expect(recommendModel(machine(64, 1, 20))).toBeNull();
    expect(recommendModel(machine(64, 100, 0.5))).toBeNull();
  });

  it('grows with the machine', () => {
    const small = recommendModel(machine(4, 100, 15));
    const middle = recommendModel(machine(12, 100, 40));
    const large = recommendModel(machine(64, 500, 200));
    expect(small?.entry.parameterCount).toBeLessThan(3e9);
    expect(middle?.quality).toBeGreaterThan(small?.quality ?? 100);
    expect(large?.quality).toBeGreaterThanOrEqual(middle?.quality ?? 100);
    expect(large?.entry.grade).toBe('assistant');
  });

  it('never recommends what does not fit, is too slow, cannot chat, or may not be used at work', () => {
    fc.assert(
      fc.property(anyMachine, (measures) => {
        const best = recommendModel(measures);
        if (best === null) return;
        expect(best.neededMemoryBytes).toBeLessThanOrEqual(measures.memoryBytes);
        expect(best.file.sizeBytes).toBeLessThan(measures.diskBytes);
        expect(best.estimatedTokensPerSecond).toBeGreaterThanOrEqual(leastTokensPerSecond);
        expect(best.entry.isNonCommercial).toBeUndefined();
        expect(best.entry.chatTemplate).not.toBeNull();
        expect(['basic', 'assistant']).toContain(best.entry.grade);
        for (const other of rankCatalog(measures)) {
          if (other.obstacles.length === 0 && other.entry.isNonCommercial !== true) {
            expect(best.quality).toBeGreaterThanOrEqual(other.quality);
          }
        }
      }),
    );
  });

  it('never gets worse with more memory, disk or bandwidth', () => {
    fc.assert(
      fc.property(anyMachine, fc.nat(50), fc.nat(50), fc.nat(50), (measures, memory, disk, bandwidth) => {
        const more: MachineMeasures = {
          memoryBytes: measures.memoryBytes + memory * gigabyte,
          diskBytes: measures.diskBytes + disk * gigabyte,
          bandwidthBytesPerSecond: measures.bandwidthBytesPerSecond + bandwidth * gigabyte,
        };
        expect(recommendModel(more)?.quality ?? 0).toBeGreaterThanOrEqual(
          recommendModel(measures)?.quality ?? 0,
        );
      }),
    );
  });

  it('names the formula and its inputs with the estimate', () => {
    const measures = machine(16, 100, 20);
    const best = recommendModel(measures)!;
    const text = explainEstimate(best, measures);
    expect(text).toContain('estimated');
    expect(text).toContain('20.0 GB/s measured');
    expect(text).toContain(`${(best.file.sizeBytes / 1e9).toFixed(2)} GB of weights`);
  });

  it('lists every chat model of the catalog once', () => {
    const ids = rankCatalog(machine(16, 100, 20)).map((assessment) => assessment.entry.id);
    expect([...ids].sort()).toEqual(
      catalog
        .filter((entry) => entry.chatTemplate !== null)
        .map((entry) => entry.id)
        .sort(),
    );
  });
});
