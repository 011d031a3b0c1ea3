import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { qualityBounds, recommendationGoals, recommendFormat } from './recommend-format.ts';
import { renderWeightsPlot, renderWeightsSvg } from './weights-plot.ts';
import type { WeightsReport, WeightsRow } from './weights-report.ts';

interface RowFigures {
  readonly format: string;
  readonly megabytes: number;
  readonly divergence: number;
  readonly ratio: number;
  readonly speed: number;
  readonly margin?: number;
  readonly origin?: WeightsRow['origin'];
}

function rowOf({
  format,
  megabytes,
  divergence,
  ratio,
  speed,
  margin = 0,
  origin = 'made',
}: RowFigures): WeightsRow {
  const estimate = (mean: number) => ({ mean, margin: margin * mean });
  return {
    format,
    origin,
    fileBytes: megabytes * 1e6,
    bitsPerWeight: megabytes / 10,
    residentBytes: 1,
    speeds: [{ batchSize: 8, prefillTokensPerSecond: estimate(1), decodeTokensPerSecond: estimate(speed) }],
    perplexity: estimate(10),
    against:
      divergence === 0
        ? null
        : {
            divergence: estimate(divergence),
            perplexityRatio: { mean: ratio, margin: 0 },
            topAgreement: estimate(0.9),
          },
  };
}

const base = rowOf({ format: 'F16', megabytes: 160, divergence: 0, ratio: 1, speed: 100 });

function reportOf(rows: readonly WeightsRow[]): WeightsReport {
  const head = {
    model: 'a "model"',
    baseFormat: 'F16',
    sourceLoss: null,
    threadCount: 2,
    cpu: 'x',
    failed: [],
  };
  return { ...head, windowTokenCount: 512, scoredTokenCount: 255, measuredAt: '', rows };
}

const rows = [
  base,
  rowOf({ format: 'Q8_0', megabytes: 85, divergence: 0.001, ratio: 1.001, speed: 150 }),
  rowOf({ format: 'Q5_K_M', megabytes: 60, divergence: 0.02, ratio: 1.02, speed: 140 }),
  rowOf({ format: 'Q4_0', megabytes: 45, divergence: 0.1, ratio: 1.1, speed: 300 }),
  rowOf({ format: 'Q2_K', megabytes: 30, divergence: 1, ratio: 3, speed: 310 }),
  rowOf({ format: 'NF4', megabytes: 10, divergence: 0.001, ratio: 1, speed: 999, origin: 'simulated' }),
];

describe('recommending a format', () => {
  it('takes the smallest or the fastest within the bounds, of those that run here', () => {
    const named = recommendationGoals.map((goal) => recommendFormat(reportOf(rows), goal)?.format);
    expect(named).toEqual(['Q4_0', 'Q8_0', 'Q8_0']);
  });

  it('names none for production where no speed was measured', () => {
    const silent = rows.map((row) => ({ ...row, speeds: [] }));
    const named = recommendationGoals.map((goal) => recommendFormat(reportOf(silent), goal)?.format);
    expect(named).toEqual(['Q4_0', undefined, 'Q8_0']);
  });

  it('counts the upper end of an interval, and says where nothing but the base is within the bounds', () => {
    const vague = rowOf({
      format: 'Q6_K',
      megabytes: 65,
      divergence: 0.008,
      ratio: 1,
      speed: 1,
      margin: 0.5,
    });
    expect(recommendFormat(reportOf([base, vague]), 'quality')).toMatchObject({
      format: 'F16',
      isWithinBounds: true,
    });
    expect(recommendFormat(reportOf([vague]), 'quality')).toMatchObject({
      format: 'Q6_K',
      isWithinBounds: false,
    });
    expect(recommendFormat(reportOf([]), 'edge')).toBeNull();
  });

  it('takes the smaller of two that are equally fast', () => {
    const one = rowOf({ format: 'A', megabytes: 60, divergence: 0.01, ratio: 1, speed: 100, margin: 0.1 });
    const other = rowOf({ format: 'B', megabytes: 50, divergence: 0.01, ratio: 1, speed: 95, margin: 0.1 });
    expect(recommendFormat(reportOf([one, other]), 'production')?.format).toBe('B');
  });

  it('never recommends what is beyond the bounds while something is within', () => {
    const figures = fc.record({
      format: fc.string({ minLength: 1, maxLength: 4 }),
      megabytes: fc.integer({ min: 1, max: 500 }),
      divergence: fc.double({ min: 1e-6, max: 2, noNaN: true }),
      ratio: fc.double({ min: 0.9, max: 3, noNaN: true }),
      speed: fc.integer({ min: 1, max: 900 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(figures, { selector: ({ format }) => format, minLength: 1 }), (list) => {
        const report = reportOf(list.map(rowOf));
        for (const goal of recommendationGoals) {
          const found = recommendFormat(report, goal)!;
          const { mostDivergence, mostPerplexityRatio } = qualityBounds[goal];
          const isGood = (one: RowFigures): boolean =>
            one.divergence <= mostDivergence && one.ratio <= mostPerplexityRatio;
          expect(found.isWithinBounds).toBe(list.some(isGood));
          if (found.isWithinBounds)
            expect(isGood(list.find(({ format }) => format === found.format)!)).toBe(true);
        }
      }),
    );
  });
});

describe('the plot', () => {
  it('has a point for each format but the base, as SVG and in characters', () => {
    const svg = renderWeightsSvg(reportOf(rows))!;
    expect(svg.match(/<circle/g)).toHaveLength(rows.length - 1);
    expect(svg).toContain('a &quot;model&quot;');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const plot = renderWeightsPlot(reportOf(rows))!;
    for (const key of ['a Q8_0', 'd Q2_K', 'e NF4']) expect(plot).toContain(key);
    expect(plot).not.toMatch(/NaN|undefined/);
  });

  it('is none without anything to compare', () => {
    expect(renderWeightsSvg(reportOf([base]))).toBeNull();
    expect(renderWeightsPlot(reportOf([base]))).toBeNull();
  });
});
