import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calibratedDecodeMs,
  calibratedPrefillMs,
  calibratedWidths,
  decodeStep,
  attentionSeconds,
  promptStep,
  type TimesByWidth,
} from '../plan/calculate/calibrated-speed.ts';
import { madeUpCalibration } from '../plan/calculate/fixtures/calibration.ts';
import {
  calibrationLoad,
  narrowShape,
  thinShape,
  wideShape,
  type CalibrationShape,
} from './calibration-model.ts';
import { deepTokens, meanContext, solveCalibration, type CalibrationTimes } from './solve-calibration.ts';

/** Cells that a token may not look at weigh more here: by the times of one model alone they could hardly be told from noise. */
const machine = { ...madeUpCalibration, secondsPerMaskedCell: 1e-9 };

/** What a machine with this calibration would measure of a made-up model. */
function timesOf(shape: CalibrationShape, format: string): TimesByWidth {
  const load = calibrationLoad(shape, format);
  return calibratedWidths.map((width) =>
    width === promptStep
      ? calibratedPrefillMs(load, machine, promptStep) / 1000
      : calibratedDecodeMs(load, machine, width, meanContext) / 1000,
  );
}

function measured(): CalibrationTimes & { readonly deep: NonNullable<CalibrationTimes['deep']> } {
  const load = calibrationLoad(wideShape, 'F16');
  const [near = 0] = timesOf(wideShape, 'F16');
  const far = decodeStep(1, deepTokens + meanContext);
  const close = decodeStep(1, meanContext);
  // Another sequence: the same cells, of which it looks at its own alone.
  const beside = {
    ...close,
    maskedCount: far.pairCount + far.maskedCount - close.pairCount,
  };
  const ms = (seconds: number): number => 1000 * seconds;
  const attention = (step: typeof far): number => attentionSeconds(load, machine, step);
  return {
    thin: timesOf(thinShape, 'F16'),
    byFormat: new Map(
      ['F16', 'Q8_0'].map((format) => [
        format,
        { wide: timesOf(wideShape, format), narrow: timesOf(narrowShape, format) },
      ]),
    ),
    deep: {
      prefillMs:
        calibratedPrefillMs(load, machine, promptStep) +
        ms(promptStep * (deepTokens - promptStep) * load.attentionWidth * machine.secondsPerPair.prefill),
      decodeMs: ms(near - attention(close) + attention(far)),
      besideMs: ms(near - attention(close) + attention(beside)),
    },
  };
}

describe('what a weight, a row and a node take', () => {
  it('is found again from the times of the made-up models', () => {
    const found = solveCalibration(measured());
    for (const format of ['F16', 'Q8_0'])
      calibratedWidths.forEach((width, index) => {
        const ratio = (of: 'secondsPerWeight' | 'secondsPerRow') =>
          (found[of][format]?.[index] ?? NaN) / (machine[of][format]?.[index] ?? NaN);
        expect([format, width, ratio('secondsPerWeight')]).toEqual([format, width, expect.closeTo(1, 4)]);
        expect([format, width, ratio('secondsPerRow')]).toEqual([format, width, expect.closeTo(1, 4)]);
      });
    found.secondsPerNode.forEach((value, index) => {
      expect(value / (machine.secondsPerNode[index] ?? NaN)).toBeCloseTo(1, 4);
    });
    expect(found.secondsPerPair.decode / 1e-11).toBeCloseTo(1, 4);
    expect(found.secondsPerPair.prefill / 2e-12).toBeCloseTo(1, 4);
    expect(found.secondsPerMaskedCell / 1e-9).toBeCloseTo(1, 4);
  });

  it('is never negative, and gives the measured times back to within their noise', () => {
    const noise = fc.array(fc.double({ min: 0.7, max: 1.4, noNaN: true }), {
      minLength: calibratedWidths.length,
      maxLength: calibratedWidths.length,
    });
    fc.assert(
      fc.property(noise, noise, noise, (ofThin, ofWide, ofNarrow) => {
        const exact = measured();
        const noisy = (times: TimesByWidth, by: readonly number[]) =>
          times.map((time, index) => time * (by[index] ?? 1));
        const f16 = exact.byFormat.get('F16');
        if (f16 === undefined) throw new Error('made above');
        const found = solveCalibration({
          ...exact,
          thin: noisy(exact.thin, ofThin),
          byFormat: new Map([
            ['F16', { wide: noisy(f16.wide, ofWide), narrow: noisy(f16.narrow, ofNarrow) }],
          ]),
        });
        const all = [
          ...(found.secondsPerWeight['F16'] ?? []),
          ...(found.secondsPerRow['F16'] ?? []),
          ...found.secondsPerNode,
          found.secondsPerMaskedCell,
          found.secondsPerPair.decode,
          found.secondsPerPair.prefill,
        ];
        expect(all.every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
        const again = { ...machine, ...found };
        const load = calibrationLoad(wideShape, 'F16');
        const one = calibratedDecodeMs(load, again, 1, meanContext) / 1000 / (f16.wide[0] ?? NaN);
        expect(one).toBeGreaterThan(0.3);
        expect(one).toBeLessThan(3);
      }),
    );
  });

  it('needs F16, and what it takes deep in a context', () => {
    const exact = measured();
    expect(() => solveCalibration({ ...exact, deep: null })).toThrow('F16 must be timed, deep too');
    expect(() => solveCalibration({ ...exact, byFormat: new Map() })).toThrow('F16 must be timed');
  });
});
