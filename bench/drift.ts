import { createRandom } from '../src/engine/sampling/random.ts';
import { beginWatch } from '../src/quality/drift.ts';
import { leastAnswersFor } from '../src/quality/drift-bound.ts';
import { tilted } from '../src/quality/drift-design.ts';
import { meanScore, type OutcomeShares } from '../src/quality/outcome.ts';
import { expectationFrom, runUntilAlarm, type Run } from '../src/quality/simulate-drift.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { rounded } from './stats.ts';

const horizon = 10_000;
const drop = 0.1;
/** Judged answers that an expectation is made of where nobody has calibrated the tier. */
const firstAnswers = 400;

/** Win, tie, loss: from answers of which one is always better to a judge that mostly sees none. */
const expectations: readonly OutcomeShares[] = [
  { win: 0.5, tie: 0, loss: 0.5 },
  { win: 0.7, tie: 0, loss: 0.3 },
  { win: 0.8, tie: 0, loss: 0.2 },
  { win: 0.9, tie: 0, loss: 0.1 },
  { win: 0.95, tie: 0, loss: 0.05 },
  { win: 0.2, tie: 0.5, loss: 0.3 },
  { win: 0.2, tie: 0.6, loss: 0.2 },
  { win: 0.1, tie: 0.7, loss: 0.2 },
  { win: 0.1, tie: 0.8, loss: 0.1 },
  { win: 0.05, tie: 0.9, loss: 0.05 },
];

/** The watch over a tier's quality, on outcomes drawn by chance: no model, no judge. */
export const drift: Benchmark = ({ quick, repeatCount, progress }) => {
  const runCount = repeatCount ?? (quick ? 100 : 2000);
  const random = createRandom(20_261_130);
  const rows: Row[] = [];
  const figures: Record<string, number> = {};
  let worst = { falseAlarms: 0, falselyLowered: 0, median: 0, lowered95: 0, lowered: 0 };
  for (const shares of expectations) {
    const label = `${shares.win * 100}/${rounded(shares.tie * 100)}/${shares.loss * 100}`;
    progress(label);
    const begun = beginWatch({ shares, answerCount: Infinity, source: 'calibration' });
    const still = runs(runCount, () => runUntilAlarm(begun, shares, horizon, random));
    const fallen = tilted(shares, meanScore(shares) - drop);
    const falls = runs(runCount, () => runUntilAlarm(begun, fallen, horizon, random));
    const falseAlarms = still.filter(({ alarmAfter }) => alarmAfter !== null).length / runCount;
    const falselyLowered = mean(still.map(({ loweredCount }) => loweredCount)) / horizon;
    const [median, late] = quantiles(falls.map(({ alarmAfter }) => alarmAfter ?? Infinity));
    const [lowered, lowered95] = quantiles(falls.map(({ watchedAfter }) => watchedAfter ?? Infinity));
    worst = {
      falseAlarms: Math.max(worst.falseAlarms, falseAlarms),
      falselyLowered: Math.max(worst.falselyLowered, falselyLowered),
      median: Math.max(worst.median, median),
      lowered: Math.max(worst.lowered, lowered),
      lowered95: Math.max(worst.lowered95, lowered95),
    };
    const least = leastAnswersFor(shares, fallen, { power: 0.95, falseRate: 0.01 });
    figures[`alarm_median_${label}`] = median;
    figures[`loses_traffic_p95_${label}`] = lowered95;
    figures[`no_test_before_${label}`] = least ?? Infinity;
    rows.push({
      label,
      cells: {
        'false alarms in 10,000': percent(falseAlarms),
        'lowered without reason': percent(falselyLowered),
        'loses traffic after (median, p95)': `${lowered}, ${lowered95}`,
        'alarm after (median, p95)': `${median}, ${late}`,
        'no test is sure before': least ?? 'never',
        ...(quick ? {} : learned(shares, fallen, random)),
      },
    });
  }
  return Promise.resolve({
    figures: {
      false_alarm_rate: worst.falseAlarms,
      falsely_lowered: rounded(worst.falselyLowered),
      loses_traffic_median: worst.lowered,
      loses_traffic_p95: worst.lowered95,
      alarm_median: worst.median,
      ...figures,
    },
    targets: [
      { key: 'false_alarm_rate', value: worst.falseAlarms, atMost: 0.01 },
      { key: 'loses_traffic_median', value: worst.lowered, atMost: 200 },
      { key: 'loses_traffic_p95', value: worst.lowered95, atMost: 200 },
      { key: 'alarm_median', value: worst.median, atMost: 200 },
    ],
    rows,
    notes: [
      `Win/tie/loss of the tier against the one above it, in hundredths; ${runCount} runs each, seeded. Figures without a row are the worst of all rows.`,
      'False alarms: runs of 10,000 judged answers as expected with one or more alarms. Lowered without reason: the share of those answers at which the tier stood watched or fallen.',
      'A fall: the mean score is ten points lower from the first answer on, by the change that is hardest to see (exponential tilting); the sum stands at 0. It loses a part of its traffic when it is watched, and more at the alarm.',
      'What a fall of ten points tells an answer is bounded: 0.020 nats at 50/0/50, so that with false alarms this rare no test gives an alarm within 200 there (Lorden 1971: about ln(1/rate)/nats). With ties, or a tier that mostly wins, an answer says more.',
      'No test is sure before: the fewest answers after which any test, sequential or not, can have noticed 95 of 100 falls and be wrong for at most 1% of as many answers without one (Neyman-Pearson, exact). It bounds both "loses traffic" at p95 and the alarm.',
      `Learned: the expectation is the first ${firstAnswers} judged answers, lowered to its 95% bound, with 300 runs; plain: as it is, which is why it is not.`,
    ],
  });
};

function learned(
  shares: OutcomeShares,
  fallen: OutcomeShares,
  random: () => number,
): Readonly<Record<string, string>> {
  const count = 300;
  let alarms = 0;
  let plainAlarms = 0;
  const delays: number[] = [];
  for (let run = 0; run < count; run += 1) {
    const expectation = expectationFrom(shares, firstAnswers, random);
    const begun = beginWatch(expectation);
    const plain = beginWatch({ ...expectation, answerCount: Infinity });
    if (runUntilAlarm(begun, shares, horizon, random).alarmAfter !== null) alarms += 1;
    if (runUntilAlarm(plain, shares, horizon, random).alarmAfter !== null) plainAlarms += 1;
    delays.push(runUntilAlarm(begun, fallen, horizon, random).watchedAfter ?? Infinity);
  }
  const [median, late] = quantiles(delays);
  return {
    'learned: false alarms': percent(alarms / count),
    'learned, plain': percent(plainAlarms / count),
    'learned: loses traffic after': `${median}, ${late}`,
  };
}

function runs(count: number, run: () => Run): readonly Run[] {
  return Array.from({ length: count }, run);
}

function quantiles(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return [at(0.5), at(0.95)];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${rounded(100 * share, 2)}%`;
}
