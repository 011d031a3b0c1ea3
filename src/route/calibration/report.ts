import { createRandom } from '../../engine/sampling/random.ts';
import { bestAtCost, cheapestAtQuality, type Mixture, type Point } from './mixture.ts';
import { bestSingle, outcomeOf, type Goal, type ScoredPrompts } from './policy.ts';

/** 95%, percentiles of resampled prompts (Efron 1979). */
export type Interval = readonly [low: number, high: number];

export interface Measured {
  readonly value: number;
  readonly interval: Interval;
}

/** One way of answering all prompts without looking at them, beside routing. */
export interface Alternative {
  /** e.g. `always gpt-4o`. */
  readonly name: string;
  readonly quality: number;
  readonly cost: number;
  /** Quality of routing less this one's, in points (0-100). */
  readonly gainPoints: Measured;
  /** 1 - cost of routing / this one's cost; negative: routing is dearer. */
  readonly saving: number;
}

/** What cross-validation found; everything measured on prompts that the routing had not seen. */
export interface CalibrationReport {
  readonly promptCount: number;
  readonly foldCount: number;
  readonly seed: number;
  readonly goal: Goal;
  readonly costUnit: 'USD' | 'relative';
  readonly models: readonly Point[];
  readonly routed: {
    readonly quality: Measured;
    readonly cost: Measured;
    /** Of prompts, by model. */
    readonly shares: Readonly<Record<string, number>>;
  };
  readonly alternatives: readonly Alternative[];
  /** The best of one model or two at random that costs what routing cost. */
  readonly randomAtEqualCost: { readonly mixture: Mixture | null; readonly gainPoints: Measured };
  /** The cheapest of one model or two at random that reaches what routing reached. */
  readonly cheapestAtEqualQuality: { readonly mixture: Mixture | null; readonly saving: Measured };
  /** The cheapest right model of each prompt: what nobody can reach. */
  readonly oracle: { readonly quality: number; readonly cost: number };
  readonly verdict: { readonly pays: boolean; readonly text: string };
}

interface ReportOptions {
  readonly goal: Goal;
  readonly foldCount: number;
  readonly seed: number;
  readonly costUnit: 'USD' | 'relative';
  readonly resampleCount: number;
}

/** Pure, given the seed. */
export function reportCalibration(
  prompts: ScoredPrompts,
  chosen: Uint8Array,
  options: ReportOptions,
): CalibrationReport {
  const all = Array.from(chosen, (_, at) => at);
  const whole = measure(prompts, chosen, all);
  const random = createRandom(options.seed);
  const resamples = Array.from({ length: options.resampleCount }, () =>
    measure(
      prompts,
      chosen,
      all.map(() => Math.floor(random() * all.length)),
    ),
  );
  const measured = (of: (one: Sample) => number): Measured => ({
    value: of(whole),
    interval: percentiles(resamples.map(of).filter((value) => Number.isFinite(value))),
  });
  const models = whole.singles;
  const gain = measured((one) => 100 * gainAtCost(one));
  const saving = measured(savingAtQuality);
  const report = {
    promptCount: chosen.length,
    foldCount: options.foldCount,
    seed: options.seed,
    goal: options.goal,
    costUnit: options.costUnit,
    models,
    routed: {
      quality: measured(({ quality }) => quality),
      cost: measured(({ cost }) => cost),
      shares: Object.fromEntries(
        prompts.names.map((name, at) => [
          name,
          chosen.reduce((count, one) => count + (one === at ? 1 : 0), 0) / chosen.length,
        ]),
      ),
    },
    alternatives: models.map((model, at) => ({
      name: `always ${model.name}`,
      quality: model.quality,
      cost: model.cost,
      gainPoints: measured((one) => 100 * (one.quality - (one.singles[at]?.quality ?? NaN))),
      saving: model.cost === 0 ? NaN : 1 - whole.cost / model.cost,
    })),
    randomAtEqualCost: { mixture: bestAtCost(models, whole.cost), gainPoints: gain },
    cheapestAtEqualQuality: { mixture: cheapestAtQuality(models, whole.quality), saving },
    oracle: oracleOf(prompts),
  };
  return { ...report, verdict: judge(report) };
}

interface Sample {
  readonly quality: number;
  readonly cost: number;
  readonly singles: readonly Point[];
}

function measure(prompts: ScoredPrompts, chosen: Uint8Array, places: readonly number[]): Sample {
  const { names, scores, costs } = prompts;
  const singles = names.map((name, at) => {
    const score = scores[at] ?? [];
    const cost = costs[at] ?? [];
    let quality = 0;
    let spent = 0;
    for (const place of places) {
      quality += score[place] ?? 0;
      spent += cost[place] ?? 0;
    }
    return { name, quality: quality / places.length, cost: spent / places.length };
  });
  let quality = 0;
  let cost = 0;
  for (const place of places) {
    const at = chosen[place] ?? 0;
    quality += scores[at]?.[place] ?? 0;
    cost += costs[at]?.[place] ?? 0;
  }
  return { quality: quality / places.length, cost: cost / places.length, singles };
}

function gainAtCost({ quality, cost, singles }: Sample): number {
  const plain = bestAtCost(singles, cost);
  return plain === null ? NaN : quality - plain.quality;
}

/** Where nothing else is as good, routing is compared with the best single model. */
function savingAtQuality({ quality, cost, singles }: Sample): number {
  const plain = cheapestAtQuality(singles, quality) ?? bestSingle(singles);
  return plain.cost === 0 ? 0 : 1 - cost / plain.cost;
}

function oracleOf({ names, scores, costs, meanCosts }: ScoredPrompts): { quality: number; cost: number } {
  const order = names.map((_, at) => at).sort((a, b) => (meanCosts[a] ?? 0) - (meanCosts[b] ?? 0));
  const promptCount = scores[0]?.length ?? 0;
  const chosen = Uint8Array.from({ length: promptCount }, (_, prompt) => {
    const best = Math.max(...names.map((_, at) => scores[at]?.[prompt] ?? 0));
    return order.find((at) => (scores[at]?.[prompt] ?? 0) === best) ?? 0;
  });
  return outcomeOf({ names, scores, costs, meanCosts, expected: [] }, chosen);
}

function judge(
  report: Pick<CalibrationReport, 'randomAtEqualCost' | 'cheapestAtEqualQuality' | 'routed' | 'models'>,
): { pays: boolean; text: string } {
  const gain = report.randomAtEqualCost.gainPoints;
  const { saving } = report.cheapestAtEqualQuality;
  const single = Object.entries(report.routed.shares).find(([, share]) => share > 0.995);
  if (single !== undefined)
    return {
      pays: false,
      text: `Routing does not pay here: ${single[0]} alone meets the goal at the least cost.`,
    };
  if (!(gain.interval[0] > 0))
    return {
      pays: false,
      text:
        'Routing does not pay here: at equal cost it is not better than models picked at random ' +
        `(${signed(gain.value)} points, 95% interval ${signed(gain.interval[0])} to ${signed(gain.interval[1])}).`,
    };
  return {
    pays: true,
    text:
      `Routing pays: at equal cost ${signed(gain.value)} points over models picked at random ` +
      `(95% interval ${signed(gain.interval[0])} to ${signed(gain.interval[1])}); at equal quality ` +
      `${percent(saving.value)} cheaper (${percent(saving.interval[0])} to ${percent(saving.interval[1])}).`,
  };
}

/** The middle 95%. */
export function percentiles(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
  return [at(0.025), at(0.975)];
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(1)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}
