import { NearfarError } from '../../chat/error.ts';
import { assignFolds, questionKey } from './folds.ts';
import { reversed, type Outcome, type OutcomeCounts } from '../../quality/outcome.ts';
import { commonModels, type Outcome as PromptOutcome } from './outcome.ts';
import { choosePoint, routedCurve, routeAll, type Goal, type ScoredPrompts } from './policy.ts';
import { crossValidate, pause } from './cross-validate.ts';
import { packPredictor } from './pack-predictor.ts';
import { fitComponents } from './predictor.ts';
import { profileVersion, type Profile } from './profile.ts';
import { reportCalibration, type CalibrationReport } from './report.ts';
import { countText } from './text-space.ts';

export interface FitOptions {
  /** The models to choose among, as they are called in the outcomes; default: all that every prompt has an outcome of. */
  readonly models?: readonly string[];
  /** Default: at most one point below the best single model. */
  readonly goal?: Goal;
  /** Default 5. */
  readonly foldCount?: number;
  readonly seed?: number;
  /** Average cost of a prompt for each model, where the outcomes state none. */
  readonly costs?: Readonly<Record<string, number>>;
  /** Resamples for the intervals; default 500. */
  readonly resampleCount?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (text: string) => void;
  /** ISO 8601; default: now. */
  readonly madeAt?: string;
}

/** What came of the comparisons of one model with the next, on the prompts that routing would give it. */
export interface PairCounts {
  readonly lower: string;
  readonly upper: string;
  readonly counts: OutcomeCounts;
}

export interface FittedProfile {
  /** Only of outcomes that say whose answer was given; empty where none does. */
  readonly pairs: readonly PairCounts[];
  readonly profile: Profile;
  readonly report: CalibrationReport;
}

/** Fewer outcomes than this say nothing that an interval would not swallow. */
export const leastOutcomeCount = 40;

/**
 * Learns from outcomes what to expect of each model for a prompt, chooses by cross-validation how much quality a unit of cost must
 * bring, and says what that gains over every way of not looking at prompts. Nothing in the report was seen in training: of each
 * fold the models are those of the other folds, and so is the worth of cost.
 * @throws NearfarError `invalid_request` where there are too few outcomes or models; the signal's reason when aborted
 */
export async function fitProfile(
  outcomes: readonly PromptOutcome[],
  options: FitOptions = {},
): Promise<FittedProfile> {
  const { goal = { kind: 'quality', points: 1 }, foldCount = 5, seed = 1 } = options;
  const { onProgress = () => undefined } = options;
  const table = readTable(outcomes, options);
  const texts: ReturnType<typeof countText>[] = [];
  for (const { prompt } of table.outcomes) {
    texts.push(countText(prompt));
    if (texts.length % 500 === 0) await pause(options.signal);
  }
  const folds = assignFolds(
    table.outcomes.map(({ prompt, group }) => group ?? questionKey(prompt)),
    foldCount,
    seed,
  );
  const { expected, blend } = await crossValidate(texts, table.scores, folds, foldCount, {
    signal: options.signal,
    onFold: (fold) => {
      onProgress(`cross-validation ${fold + 1} of ${foldCount}`);
    },
  });
  await pause(options.signal);
  onProgress('choosing');
  const prompts: ScoredPrompts = { ...table, expected };
  const chosen = crossFittedChoices(prompts, folds, foldCount, goal);
  onProgress('intervals');
  await pause(options.signal);
  const report = reportCalibration(prompts, chosen, {
    goal,
    foldCount,
    seed,
    costUnit: table.costUnit,
    resampleCount: options.resampleCount ?? 500,
  });
  onProgress('fitting to all');
  await pause(options.signal);
  const { models, ...packed } = packPredictor({ components: fitComponents(texts, table.scores), blend });
  const { worth } = choosePoint(routedCurve(prompts), report.models, goal);
  const profile: Profile = {
    kind: 'nearfar-profile',
    version: profileVersion,
    madeAt: options.madeAt ?? new Date().toISOString(),
    outcomeCount: texts.length,
    costUnit: table.costUnit,
    models: models.map((model, at) => ({
      name: report.models[at]?.name ?? '',
      quality: report.models[at]?.quality ?? 0,
      cost: report.models[at]?.cost ?? 0,
      ...model,
    })),
    worth,
    goal,
    pays: report.verdict.pays,
    verdict: report.verdict.text,
    ...packed,
  };
  return { profile, report, pairs: pairCounts(table, chosen) };
}

/**
 * Of neighbouring models, on the prompts that cross-validation gives the lower one: so a watch over what it is given finds it in
 * line. A comparison counts where one of the two gave the answer that the other was judged against.
 */
function pairCounts(
  { names, outcomes }: Pick<Table, 'names' | 'outcomes'>,
  chosen: Uint8Array,
): PairCounts[] {
  return names.slice(0, -1).flatMap((lower, at): PairCounts[] => {
    const upper = names[at + 1] ?? '';
    const counts = { win: 0, tie: 0, loss: 0 };
    outcomes.forEach(({ answered, models }, place) => {
      if (chosen[place] !== at || (answered !== lower && answered !== upper)) return;
      const other = models[answered === upper ? lower : upper]?.score;
      if (other === undefined) return;
      const outcome: Outcome = other > 0.5 ? 'win' : other < 0.5 ? 'loss' : 'tie';
      counts[answered === upper ? outcome : reversed(outcome)] += 1;
    });
    return counts.win + counts.tie + counts.loss === 0 ? [] : [{ lower, upper, counts }];
  });
}

/** Of each fold the worth of cost is the one that the other folds lead to. */
export function crossFittedChoices(
  prompts: ScoredPrompts,
  folds: Uint8Array,
  foldCount: number,
  goal: Goal,
): Uint8Array {
  const chosen = new Uint8Array(folds.length);
  for (let fold = 0; fold < foldCount; fold++) {
    const others = only(
      prompts,
      placesWhere(folds, (one) => one !== fold),
    );
    const { worth } = choosePoint(routedCurve(others), singlesOf(others), goal);
    const places = placesWhere(folds, (one) => one === fold);
    routeAll({ ...only(prompts, places), meanCosts: others.meanCosts }, worth).forEach((model, at) => {
      chosen[places[at] ?? 0] = model;
    });
  }
  return chosen;
}

interface Table extends Omit<ScoredPrompts, 'expected'> {
  readonly scores: readonly Float64Array[];
  readonly outcomes: readonly PromptOutcome[];
  readonly costUnit: Profile['costUnit'];
}

function readTable(outcomes: readonly PromptOutcome[], { models, costs }: FitOptions): Table {
  const names = models ?? commonModels(outcomes);
  if (names.length < 2)
    throw new NearfarError(
      'invalid_request',
      `models: expected outcomes of at least two models, got ${names.length === 0 ? 'none' : names.join(', ')}.`,
      { field: 'models' },
    );
  const complete = outcomes.filter((outcome) => names.every((name) => Object.hasOwn(outcome.models, name)));
  if (complete.length < leastOutcomeCount)
    throw new NearfarError(
      'invalid_request',
      `outcomes: expected at least ${leastOutcomeCount} prompts with a score of ${names.join(', ')}, got ${complete.length}.`,
      { field: 'models' },
    );
  const of = (name: string) => complete.map((outcome) => outcome.models[name]);
  const scores = names.map((name) => Float64Array.from(of(name), (one) => one?.score ?? 0));
  const hasCosts = names.every((name) => of(name).every((one) => typeof one?.cost === 'number'));
  if (!hasCosts && costs === undefined && names.length > 2)
    throw new NearfarError(
      'invalid_request',
      'costs: the outcomes state none for some prompts; expected [score, cost] for each model or --costs NAME=USD,...',
      { field: 'costs' },
    );
  const qualities = scores.map((list) => average(list));
  const best = qualities.indexOf(Math.max(...qualities));
  const perPrompt = names.map((name, at) =>
    hasCosts
      ? Float64Array.from(of(name), (one) => one?.cost ?? 0)
      : new Float64Array(complete.length).fill(costs?.[name] ?? (at === best ? 1 : 0)),
  );
  return {
    outcomes: complete,
    names,
    scores,
    costs: perPrompt,
    meanCosts: perPrompt.map((list) => average(list)),
    costUnit: hasCosts || costs !== undefined ? 'USD' : 'relative',
  };
}

/** What each model is by itself. */
export function singlesOf({ names, scores, meanCosts }: ScoredPrompts) {
  return names.map((name, at) => ({
    name,
    quality: average(scores[at] ?? []),
    cost: meanCosts[at] ?? 0,
  }));
}

/** Some of the prompts; average costs are theirs. */
export function only(prompts: ScoredPrompts, places: readonly number[]): ScoredPrompts {
  const costs = prompts.costs.map((list) => pickNumbers(list, places));
  return {
    names: prompts.names,
    expected: prompts.expected.map((list) => pickNumbers(list, places)),
    scores: prompts.scores.map((list) => pickNumbers(list, places)),
    costs,
    meanCosts: costs.map((list) => average(list)),
  };
}

function placesWhere(folds: Uint8Array, isWanted: (fold: number) => boolean): readonly number[] {
  const places: number[] = [];
  folds.forEach((fold, at) => {
    if (isWanted(fold)) places.push(at);
  });
  return places;
}

function pickNumbers(values: ArrayLike<number>, places: readonly number[]): Float64Array {
  return Float64Array.from(places, (at) => values[at] ?? 0);
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] ?? 0;
  return values.length === 0 ? 0 : sum / values.length;
}
