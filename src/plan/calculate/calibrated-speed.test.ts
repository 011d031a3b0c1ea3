import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calibratedDecodeMs,
  calibratedPrefillMs,
  calibratedWidths,
  fastestFlops,
  formatEfficiency,
  missingFormats,
  timeAt,
  type StepLoad,
} from './calibrated-speed.ts';
import { madeUpCalibration as calibration } from './fixtures/calibration.ts';

const load: StepLoad = {
  blocks: { Q8_0: { weightCount: 100e6, rowCount: 150e3 } },
  ends: { F16: { weightCount: 30e6, rowCount: 50e3 } },
  nodeCount: 570,
  headCount: 270,
  attentionWidth: 17_280,
};

describe('speed from a calibration', () => {
  it('adds weights, rows, nodes, and attention over the cells of all sequences', () => {
    const matrices = 100e6 * 0.5e-10 + 150e3 * 2e-8 + 30e6 * 1e-10 + 50e3 * 1e-8;
    // 64 tokens before it and itself of 256 cells.
    const attention = 65 * 17_280 * 1e-11 + 191 * 270 * 1e-10;
    expect(calibratedDecodeMs(load, calibration, 1, 64)).toBeCloseTo(
      1000 * (matrices + 570 * 1e-6 + attention),
      9,
    );
    // Of a prompt only the last token has logits.
    const ends = 30e6 * 1e-10 + 50e3 * 1e-8;
    const blocks = 100e6 * 4e-9 + 150e3 * 2e-6 + 570 * 100e-6;
    expect(calibratedPrefillMs(load, calibration, 512)).toBeCloseTo(
      1000 * (ends + blocks + 512 * 512 * 17_280 * 2e-12),
      6,
    );
    // Two sequences, each with the other's cells before its eyes.
    const [alone, two] = [1, 2].map((size) => calibratedDecodeMs(load, calibration, size, 1023));
    const masked = (cells: number): number => 1000 * cells * 270 * 1e-10;
    const blind = { ...calibration, secondsPerMaskedCell: 0 };
    const [, twoBlind] = [1, 2].map((size) => calibratedDecodeMs(load, blind, size, 1023));
    expect(two).toBeGreaterThan(alone ?? NaN);
    expect((two ?? NaN) - (twoBlind ?? NaN)).toBeCloseTo(masked(2 * 2048 - 2048), 9);
  });

  it('takes nothing for quicker because its rows are longer than any that was measured', () => {
    const long = (rowCount: number): number =>
      calibratedDecodeMs({ ...load, blocks: { Q8_0: { weightCount: 100e6, rowCount } } }, calibration, 1, 64);
    expect(long(100e6 / 8192)).toBeCloseTo(long(100e6 / 1024), 9);
    expect(long(100e6 / 512)).toBeGreaterThan(long(100e6 / 1024));
  });

  it('takes tokens by fours and the rest by itself, never more than eight', () => {
    const only: StepLoad = { ...load, ends: {}, nodeCount: 0, headCount: 0, attentionWidth: 0 };
    const at = (size: number): number => calibratedDecodeMs(only, calibration, size, 0);
    expect(at(5)).toBeCloseTo(Math.min(at(4) + at(1), at(8)), 9);
    expect(at(7)).toBeCloseTo(at(8), 9);
    const cheap = { ...calibration, secondsPerRow: { Q8_0: [0, 0, 0, 0, 0, 0] } };
    cheap.secondsPerWeight = { Q8_0: [1e-11, 2e-11, 3e-11, 4e-11, 9e-11, 1e-9] };
    const cheapAt = (size: number): number => calibratedDecodeMs(only, cheap, size, 0);
    expect(cheapAt(6)).toBeCloseTo(cheapAt(4) + cheapAt(2), 9);
  });

  it('never falls much with more sequences, and not at all with more context or a longer prompt', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 8000 }), (size, context) => {
        const at = (batch: number, tokens: number): number =>
          calibratedDecodeMs(load, calibration, batch, tokens);
        expect(at(size + 1, context)).toBeGreaterThanOrEqual(at(size, context) * 0.8);
        expect(at(size, context + 1)).toBeGreaterThan(at(size, context));
        const prompt = (count: number): number => calibratedPrefillMs(load, calibration, count);
        expect(prompt(context + 513)).toBeGreaterThan(prompt(context + 1));
      }),
    );
  });

  it('says what each format reaches of the fastest, short rows counted', () => {
    const flops = fastestFlops(calibration);
    expect(flops).toBeCloseTo(1024 / (4e-9 + 2e-6 / 1024), 0);
    expect(formatEfficiency('Q8_0', 8.5, { ...calibration, flops })?.compute).toBeCloseTo(1, 9);
    expect(formatEfficiency('F16', 16, { ...calibration, flops })?.memory).toBeCloseTo(
      2 / (1e-10 + 1e-8 / 1024) / 20e9,
      9,
    );
    expect(formatEfficiency('Q6_K', 6.6, calibration)).toBeNull();
  });

  it('says what it was not calibrated for', () => {
    const other = { ...load, blocks: { Q6_K: { weightCount: 1, rowCount: 1 } } };
    expect(missingFormats(other, calibration)).toEqual(['Q6_K']);
    expect(() => calibratedDecodeMs(other, calibration, 1, 0)).toThrow('Q6_K not calibrated');
    expect(() => timeAt([1, 2, 3, 4, 5, 6], 0)).toThrow('width');
    expect([1, 2, 3, 4, 6, 8, 512].map((width) => timeAt([...calibratedWidths], width))).toEqual([
      1, 2, 3, 4, 6, 8, 512,
    ]);
  });
});
