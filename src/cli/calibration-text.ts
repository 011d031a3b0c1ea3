import type { CalibrationReport, Measured } from '../route/calibration/report.ts';
import { shareTexts } from './shares.ts';
import { renderTable } from './table.ts';

export interface ShownCalibration extends CalibrationReport {
  /** Tier -> name in the outcomes. */
  readonly sources: Readonly<Record<string, string>>;
  readonly profile: string;
  readonly file: string;
  /** Why nothing can be routed by it yet; absent: it can. */
  readonly note?: string;
}

/** For people: what cross-validation measured, beside what is simpler. */
export function calibrationText(shown: ShownCalibration): string {
  const { routed, randomAtEqualCost, cheapestAtEqualQuality, oracle } = shown;
  const isMoney = shown.costUnit === 'USD';
  const cost = (value: number): string => (isMoney ? `$${significant(value * 1000)}` : percent(value));
  const best = shown.models.reduce((a, b) => (b.quality > a.quality ? b : a));
  const rows = [
    ...shown.alternatives.map((one) => [
      `${one.name}${sourceOf(shown, one.name.replace(/^always /, ''))}`,
      percent(one.quality, 1),
      cost(one.cost),
      points(one.gainPoints),
    ]),
    [
      'at random, equal cost',
      randomAtEqualCost.mixture === null ? '' : percent(randomAtEqualCost.mixture.quality, 1),
      cost(routed.cost.value),
      points(randomAtEqualCost.gainPoints),
    ],
    [
      'routed',
      `${percent(routed.quality.value, 1)} ${range(routed.quality, (one) => percent(one, 1))}`,
      cost(routed.cost.value),
      '',
    ],
    ['cheapest right model (nobody knows it)', percent(oracle.quality, 1), cost(oracle.cost), ''],
  ];
  const plain = cheapestAtEqualQuality.mixture;
  const shares = shareTexts(
    Object.values(routed.shares).map((share) => Math.round(1_000_000 * share)),
    0,
  );
  return [
    `${shown.promptCount.toLocaleString('en')} prompts, ${shown.foldCount}-fold cross-validation (seed ${shown.seed}): all figures are of ` +
      'prompts that the routing had not seen. Intervals: 95%.',
    goalText(shown, best),
    renderTable(
      ['', 'quality', isMoney ? 'USD per 1,000 prompts' : `calls of ${best.name}`, 'routing is better by'],
      rows,
    ),
    `Shares: ${Object.keys(routed.shares)
      .map((name, index) => `${name} ${shares[index] ?? ''}`)
      .join(', ')}`,
    ...(plain === null
      ? []
      : [
          `The same quality without looking at prompts: ${plain.first}${
            plain.second === null ? '' : ` and ${plain.second} at random (${percent(plain.secondShare)})`
          }, ${cost(plain.cost)}.`,
        ]),
    shown.verdict.text,
    shown.note === undefined
      ? `Profile "${shown.profile}" is in ${shown.file}. To route by it: --set route.policy=calibrated --set route.profile=${shown.profile}`
      : `Profile "${shown.profile}" is in ${shown.file}. Nothing can be routed by it yet: ${shown.note}`,
  ].join('\n\n');
}

function goalText({ goal }: CalibrationReport, best: { readonly name: string }): string {
  return goal.kind === 'quality'
    ? `Goal: the least cost at no more than ${goal.points} point${goal.points === 1 ? '' : 's'} below ${best.name}.`
    : `Goal: the most quality at no more than ${percent(goal.share)} of what ${best.name} costs.`;
}

function sourceOf({ sources }: ShownCalibration, tier: string): string {
  const source = sources[tier];
  return source === undefined || source === tier ? '' : ` (${source})`;
}

function points(gain: Measured): string {
  const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(1)}`;
  return `${signed(gain.value)} points ${range(gain, signed)}`;
}

function range({ interval }: Measured, text: (value: number) => string): string {
  return `(${text(interval[0])} to ${text(interval[1])})`;
}

function percent(value: number, digits = 0): string {
  return `${(100 * value).toFixed(digits)}%`;
}

function significant(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(3)));
}
