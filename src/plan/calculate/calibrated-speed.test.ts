import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockWeightCount, attentionWidthOf, thinShape, wideShape } from '../../measure/calibration-model.ts';
import { solve } from '../../measure/calibrate-speed.ts';
import type { StepTimes } from '../../measure/step-times.ts';
import {
  calibratedDecodeMs,
  calibratedPrefillMs,
  missingFormats,
  timeAt,
  type SpeedCalibration,
  type StepLoad,
} from './calibrated-speed.ts';

const calibration: SpeedCalibration = {
  bytesPerSecond: 20e9,
  flops: 200e9,
  secondsPerWeight: {
    F16: [1e-10, 1.2e-10, 1.5e-10, 2e-10, 5e-9],
    Q8_0: [0.5e-10, 0.6e-10, 0.8e-10, 1e-10, 4e-9],
  },
  secondsPerLayer: [20e-6, 30e-6, 40e-6, 60e-6, 2e-3],
  secondsPerPair: { decode: 1e-11, prefill: 2e-12 },
  threadCount: 2,
};
const load: StepLoad = {
  blockWeights: { Q8_0: 100e6 },
  outputWeights: { F16: 30e6 },
  layerCount: 30,
  attentionWidth: 17_280,
};

/** What a machine with this calibration would measure of a made-up model. */
function timesOf(shape: typeof wideShape, format: string): StepTimes {
  const made: StepLoad = {
    blockWeights: { [format]: blockWeightCount(shape) },
    outputWeights: {},
    layerCount: shape.layerCount,
    attentionWidth: attentionWidthOf(shape),
  };
  const prefill = calibratedPrefillMs(made, calibration, 512);
  const decode = (batch: number, context: number): number =>
    calibratedDecodeMs(made, calibration, batch, context);
  return {
    threadCount: 2,
    prefillMs: prefill,
    deepPrefillMs: prefill + 1000 * 512 * 1536 * made.attentionWidth * calibration.secondsPerPair.prefill,
    deepDecodeMs: decode(1, 16 + 2048),
    decodeMs: [1, 2, 4, 8].map((batch) => decode(batch, 16)),
  };
}

describe('speed from a calibration', () => {
  it('is found again from the times of the made-up models', () => {
    const timed = new Map([
      ['F16', timesOf(wideShape, 'F16')],
      ['Q8_0', timesOf(wideShape, 'Q8_0')],
    ]);
    const found = solve(20e9, timesOf(thinShape, 'F16'), timed);
    for (const format of ['F16', 'Q8_0'])
      found.secondsPerWeight[format]?.forEach((value, index) => {
        expect(value / calibration.secondsPerWeight[format]![index]!).toBeCloseTo(1, 6);
      });
    found.secondsPerLayer.forEach((value, index) => {
      expect(value / calibration.secondsPerLayer[index]!).toBeCloseTo(1, 6);
    });
    expect(found.secondsPerPair.decode / 1e-11).toBeCloseTo(1, 6);
    expect(found.secondsPerPair.prefill / 2e-12).toBeCloseTo(1, 6);
  });

  it('adds weights, output, layers and attention', () => {
    const seconds = 100e6 * 0.5e-10 + 30e6 * 1e-10 + 30 * 20e-6 + 64 * 17_280 * 1e-11;
    expect(calibratedDecodeMs(load, calibration, 1, 64)).toBeCloseTo(1000 * seconds, 9);
    // Of a prompt only the last token has logits.
    const prompt = 100e6 * 4e-9 + 30e6 * 1e-10 + 30 * 2e-3 + 512 * 256 * 17_280 * 2e-12;
    expect(calibratedPrefillMs(load, calibration, 512)).toBeCloseTo(1000 * prompt, 6);
  });

  it('never falls with more sequences, more context or a longer prompt', () => {
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

  it('says what it was not calibrated for', () => {
    const other = { ...load, blockWeights: { Q6_K: 1 } };
    expect(missingFormats(other, calibration)).toEqual(['Q6_K']);
    expect(() => calibratedDecodeMs(other, calibration, 1, 0)).toThrow('Q6_K not calibrated');
    expect(() => timeAt([1, 2, 3, 4, 5], 0)).toThrow('width');
    expect([1, 2, 3, 4, 8, 512].map((width) => timeAt([1, 2, 4, 8, 512], width))).toEqual([
      1, 2, 3, 4, 8, 512,
    ]);
  });
});
