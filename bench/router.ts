import { createRandom } from '../src/engine/sampling/random.ts';
import { apgr } from '../src/route/calibration/apgr.ts';
import type { Measured } from '../src/route/calibration/report.ts';
import { fitDifficulty } from '../src/route/difficulty/fit-difficulty.ts';
import { rawDifficulty } from '../src/route/difficulty/weights.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { calibratedScores } from './router/calibrated-scores.ts';
import { compareWithLength, type RouterFigure } from './router/compare-scores.ts';
import { families, readRouteFile, routeFiles, type RouteFile } from './router/route-file.ts';
import { threeTiers, type ThreeTiers } from './router/three-tiers.ts';
import { rounded } from './stats.ts';

const seed = 1;
/** Which fold a question is in moves the figure of a small file by some hundredths: the mean of so many dealings is shown. */
const dealingSeeds = [1, 2, 3];
/** Order is dealt anew so many times for the random router. */
const randomCount = 20;

/** What routing is worth on public outcomes: the shipped difficulty, calibrated profiles, three tiers. */
export const router: Benchmark = async (setup) => {
  setup.progress('reading');
  const files = new Map<string, RouteFile>();
  for (const name of routeFiles) files.set(name, await readRouteFile(setup.dataFolder, name));
  const rows: Row[] = [];
  const notes: string[] = [];
  const figures: Record<string, number> = {};
  const advantages: RouterFigure[] = [];
  for (const file of files.values()) {
    setup.progress(`${file.name}: length and the shipped model`);
    const lengths = file.prompts.map((prompt) => prompt.length);
    const compare = (rankings: readonly ArrayLike<number>[]) =>
      compareWithLength(rankings, lengths, file.strong, file.weak);
    // The family that shares questions with this file teaches nothing.
    const others = families.find((family) => !family.includes(file.name)) ?? [];
    const weights = fitDifficulty(others.flatMap((name) => files.get(name) ?? []));
    const left = compare([file.features.map((features) => rawDifficulty(features, weights))]);
    advantages.push(left);
    setup.progress(`${file.name}: calibrated`);
    const calibrated = compare(await calibratedScores(file, dealingSeeds));
    figures[`apgr.length.${file.name}`] = apgr(lengths, file.strong, file.weak);
    figures[`apgr.shipped.${file.name}`] = left.value.value;
    figures[`apgr.calibrated.${file.name}`] = calibrated.value.value;
    rows.push({
      label: file.name,
      cells: {
        prompts: file.prompts.length,
        random: rounded(randomApgr(file), 3),
        length: rounded(apgr(lengths, file.strong, file.weak), 3),
        'shipped, other family': measuredText(left.value),
        'over length': `${measuredText(left.overLength, true)}, ${Math.round(100 * left.confidence)}%`,
        calibrated: measuredText(calibrated.value),
        'calibrated over length': measuredText(calibrated.overLength, true),
      },
    });
    notes.push(
      `${file.name}: ${file.sides}; without its family, amounts that count: ${weights.amounts.join(', ')}.`,
    );
  }
  figures['beats_length'] = advantages.filter(({ overLength }) => overLength.interval[0] > 0).length;
  figures['worst_gap'] = Math.min(...advantages.map(({ overLength }) => overLength.value));
  const savings: number[] = [];
  for (const name of ['zeroeval', 'mmlupro'] as const) {
    const file = files.get(name);
    if (file === undefined) continue;
    setup.progress(`${name}: three tiers`);
    const result = await threeTiers(file, seed);
    rows.push(...tierRows(name, result));
    notes.push(verdictOf(name, result));
    figures[`saving.${name}`] = result.saving.value;
    savings.push(result.saving.value);
  }
  figures['saving'] = Math.min(...savings);
  const value = (key: string): number => figures[key] ?? NaN;
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, one]) => [key, rounded(one)])),
    targets: [
      { key: 'beats_length', value: value('beats_length'), atLeast: 2 },
      { key: 'worst_gap', value: value('worst_gap'), atLeast: -0.02 },
      { key: 'apgr.calibrated.mmlu', value: value('apgr.calibrated.mmlu'), atLeast: 0.68 },
      { key: 'apgr.calibrated.gsm8k', value: value('apgr.calibrated.gsm8k'), atLeast: 0.62 },
      { key: 'saving', value: value('saving'), atLeast: 0.2 },
    ],
    rows,
    notes: [
      'Average performance gap recovered (RouteLLM, every distinct score a threshold): 0.5 is random. Intervals are 95%, over 1,000 ' +
        'resamples of prompts, paired where they compare; the percentage is the share of resamples in which it is above length. ' +
        '`beats_length` counts the files whose interval over length lies above 0; `worst_gap` is the worst difference.',
      'Shipped, other family: trained on the two files that share no questions with this one, which says only which amounts count. Signs and ' +
        'their weights were fitted to nothing, but chosen from sixteen after looking at these development files: an interval for sixteen ' +
        'looks is half as wide again (99.7%). Only the sealed parts judge it independently.',
      `Calibrated: 5-fold cross-validation within the file, no question in two folds, one setting for all files; the mean of ${dealingSeeds.length} ` +
        'dealings of questions to folds.',
      'Three tiers: calibrated on one half with cross-validation, shown on the other, both ways round. Saving: against the cheapest tier or ' +
        'random mixture of two tiers that reaches the accuracy of always-far less one point. `saving` is the lower of the two files.',
      ...notes,
    ],
  };
};

function randomApgr({ strong, weak }: RouteFile): number {
  const random = createRandom(seed);
  const values = Array.from({ length: randomCount }, () => apgr(strong.map(random), strong, weak));
  return values.reduce((sum, one) => sum + one, 0) / values.length;
}

function tierRows(name: string, result: ThreeTiers): readonly Row[] {
  const row = (
    label: string,
    quality: number,
    cost: number,
    more: Readonly<Record<string, string>> = {},
  ): Row => ({
    label: `${name}: ${label}`,
    cells: { accuracy: rounded(quality, 3), 'USD per 1,000': rounded(1000 * cost, 3), ...more },
  });
  const { singles, routed, randomAtEqualCost, plain, oracle, tiers } = result;
  return [
    ...singles.map((one) =>
      row(`always ${one.name} (${tiers[one.name as keyof typeof tiers]})`, one.quality, one.cost),
    ),
    row('routed', routed.quality.value, routed.cost, {
      'against always-far, points': measuredText(result.belowFar, true, 2),
      saving: measuredText(result.saving, true, 2),
      shares: routed.shares.map((share) => `${Math.round(100 * share)}%`).join(' / '),
    }),
    ...(randomAtEqualCost === null
      ? []
      : [row('at random, equal cost', randomAtEqualCost.quality, randomAtEqualCost.cost)]),
    ...(plain === null ? [] : [row('always-far less a point, at random', plain.quality, plain.cost)]),
    row('cheapest right tier (oracle)', oracle.quality, oracle.cost),
  ];
}

function verdictOf(name: string, { belowFar, saving }: ThreeTiers): string {
  const reaches = belowFar.value >= -1;
  if (reaches && saving.interval[0] > 0)
    return `${name}: routing pays; ${measuredText(saving, true, 2)} of the cost is saved at ${measuredText(belowFar, true, 2)} points of always-far.`;
  return reaches
    ? `${name}: routing does not pay: its saving may be none (${measuredText(saving, true, 2)}).`
    : `${name}: routing does not reach always-far less one point on prompts it had not seen (${measuredText(belowFar, true, 2)} points).`;
}

function measuredText({ value, interval }: Measured, isSigned = false, digits = 3): string {
  const text = (one: number): string => `${isSigned && one >= 0 ? '+' : ''}${one.toFixed(digits)}`;
  return `${text(value)} (${text(interval[0])} to ${text(interval[1])})`;
}
