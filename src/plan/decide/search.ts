import type { TaskType } from '../../route/task/task-type.ts';
import type { PlanFormat } from '../catalogue/formats.ts';
import type { PlanModel } from '../catalogue/models.ts';
import { taskSkills, type SkillScores } from '../catalogue/tasks.ts';
import { nearParts, type NearPart } from './near-part.ts';
import { checkQuestion, type Goal, type PlanQuestion } from './question.ts';
import {
  composeSetUp,
  divide,
  farCost,
  farPart,
  nearScores,
  tasksOf,
  type Division,
  type FarPart,
  type SetUp,
} from './set-up.ts';

/** Why set-ups were left out, and how many. */
export const obstacles = [
  'does not fit that hardware, or no engine runs on it',
  'not enough machines for the busiest hour',
  'no score was published for a kind of task that is asked for',
  'a score below the floor',
  'the first token too late',
  'tokens too slow',
  'over the budget',
] as const;
export type Obstacle = (typeof obstacles)[number];

export interface Recommendation {
  /** Best first: one and up to two alternatives that differ in engine or place. Empty where none is possible. */
  readonly setUps: readonly SetUp[];
  /** Set-ups that were put together. */
  readonly consideredCount: number;
  readonly possibleCount: number;
  readonly leftOut: Readonly<Record<Obstacle, number>>;
}

/**
 * Searches model x format x engine x hardware x number of answers at once, each alone, and beside a provider's model that takes the
 * kinds of task which it is better at; and providers' models alone. What breaks a limit is left out, the rest is ordered by the
 * goal. Nothing here knows a scenario by name. Pure.
 * @throws RangeError naming the input
 */
export function searchSetUps(question: PlanQuestion): Recommendation {
  checkQuestion(question);
  const leftOut = Object.fromEntries(obstacles.map((one) => [one, 0])) as Record<Obstacle, number>;
  const best = new Map<string, SetUp>();
  let consideredCount = 0;
  let possibleCount = 0;
  const order = orderOf(question.goal);
  const consider = (near: NearPart | null, division: Division): void => {
    consideredCount += 1;
    const setUp = composeSetUp(question, near, division);
    const obstacle =
      setUp === null ? 'not enough machines for the busiest hour' : obstacleOf(question, setUp);
    if (obstacle !== null) leftOut[obstacle] += 1;
    if (setUp === null || obstacle !== null) return;
    possibleCount += 1;
    const key = kindOf(setUp);
    const known = best.get(key);
    if (known === undefined || order(setUp, known) < 0) best.set(key, setUp);
  };
  /** Divisions whose scores are known and above the floor; the others are left out once for each way to run them. */
  const acceptable = (divisions: readonly (Division | null)[]): readonly Division[] =>
    divisions.filter((division) => {
      const isBelow = division !== null && isBelowFloor(question, division);
      if (division === null || isBelow) {
        consideredCount += 1;
        leftOut[
          isBelow ? 'a score below the floor' : 'no score was published for a kind of task that is asked for'
        ] += 1;
      }
      return division !== null && !isBelow;
    }) as readonly Division[];
  const fars = question.privacy === 'any' ? cheapestByClass(question) : [];
  for (const division of acceptable(fars.map((far) => divide(question, null, far, []))))
    consider(null, division);
  for (const model of question.models) {
    for (const format of question.formats) {
      const own = nearScores({ model, format });
      const divisions = acceptable([
        divide(question, own, null, []),
        ...fars.flatMap((far) =>
          [...cuts(question, own, far)].map((tasks) => divide(question, own, far, tasks)),
        ),
      ]);
      if (divisions.length === 0) continue;
      let partCount = 0;
      for (const near of partsOf(question, model, format)) {
        partCount += 1;
        for (const division of divisions) consider(near, division);
      }
      if (partCount === 0) leftOut['does not fit that hardware, or no engine runs on it'] += 1;
    }
  }
  return { setUps: chosen([...best.values()].sort(order)), consideredCount, possibleCount, leftOut };
}

function* partsOf(question: PlanQuestion, model: PlanModel, format: PlanFormat): Generator<NearPart> {
  for (const offer of question.offers) {
    if (question.privacy === 'device' && offer.terms === 'rented') continue;
    for (const engine of question.engines) {
      // Named alone it is what somebody wants to see.
      if (engine.isRetired === true && question.engines.length > 1) continue;
      yield* nearParts(question, model, format, engine, offer);
    }
  }
}

/** Within a class scores and latency are the same, so what is cheapest for this traffic is as good as any. */
function cheapestByClass(question: PlanQuestion): readonly FarPart[] {
  const parts = question.apis.map((api) => farPart(question, api));
  return [...Map.groupBy(parts, ({ api }) => api.tier.name).values()].flatMap((group) => {
    const priced = group.map((part) => ({ part, usd: farCost(part, question.traffic).usd }));
    priced.sort((one, other) => one.usd - other.usd || (one.part.api.id < other.part.api.id ? -1 : 1));
    const [first] = priced;
    return first === undefined ? [] : [first.part];
  });
}

/** Kinds of task that may go far: those that gain most first, each with those before it. Never all: that is an API alone. */
function* cuts(question: PlanQuestion, own: SkillScores, far: FarPart): Generator<readonly TaskType[]> {
  const gains = tasksOf(question)
    .map((task) => {
      const skill = taskSkills[task];
      return { task, gain: (far.api.tier.scores[skill] ?? 0) - (own[skill] ?? 0) };
    })
    .sort((one, other) => other.gain - one.gain || (one.task < other.task ? -1 : 1));
  for (let count = 1; count < gains.length; count++) {
    if ((gains[count - 1]?.gain ?? 0) <= 0) return;
    yield gains.slice(0, count).map(({ task }) => task);
  }
}

function isBelowFloor({ limits }: PlanQuestion, { qualityByTask }: Division): boolean {
  return Object.entries(qualityByTask).some(([task, score]) => {
    const floor = limits.floor[taskSkills[task as TaskType]];
    return floor !== null && score < floor;
  });
}

function obstacleOf({ limits, canWait }: PlanQuestion, setUp: SetUp): Obstacle | null {
  if (!canWait) {
    const { near, far } = setUp;
    const most = limits.firstTokenMs ?? Infinity;
    if ((near?.firstTokenMs ?? 0) > most || (far?.api.tier.firstTokenMs ?? 0) > most)
      return 'the first token too late';
    const slowest = limits.interTokenMs ?? Infinity;
    if ((near?.interTokenMs ?? 0) > slowest || (far?.api.tier.interTokenMs ?? 0) > slowest)
      return 'tokens too slow';
  }
  return setUp.cost.usd > (limits.usdPerMonth ?? Infinity) ? 'over the budget' : null;
}

/** Differences of a tenth are not felt. */
const noticedRatio = 1.1;

function felt(value: number): number {
  return Math.round(Math.log(Math.max(value, 1e-9)) / Math.log(noticedRatio));
}

/** Below a tenth of a second to the first token, and above fifty tokens a second, people notice nothing (a convention). */
const instantMs = { firstToken: 100, token: 20 };

const byCost = (setUp: SetUp): number => setUp.cost.usd;
/** Beside quality cents do not count. */
const byFeltCost = (setUp: SetUp): number => felt(1 + setUp.cost.usd);
const byQuality = (setUp: SetUp): number => -setUp.quality;
/** A point of a benchmark is within what other settings of it move. */
const byFeltQuality = (setUp: SetUp): number => -Math.round(setUp.quality);
const byLatency = ({ firstTokenMs, interTokenMs, answerMs }: SetUp): number => {
  const tokenCount = interTokenMs === 0 ? 0 : (answerMs - firstTokenMs) / interTokenMs;
  return felt(
    Math.max(firstTokenMs, instantMs.firstToken) + tokenCount * Math.max(interTokenMs, instantMs.token),
  );
};
const byEffort = (setUp: SetUp): number =>
  (setUp.near?.engine.effort ?? 0) + (setUp.far === null ? 0 : 1) + (setUp.near?.splitCount ?? 1) / 10;

/** What counts first, second and so on; smaller is better. */
export const goalOrder: Readonly<Record<Goal, readonly ((setUp: SetUp) => number)[]>> = {
  latency: [byLatency, byCost, byFeltQuality, byEffort],
  // What no list tells counts last.
  throughput: [(setUp) => -felt(setUp.tokensPerSecond ?? 0), byCost, byFeltQuality, byEffort],
  cost: [byCost, byFeltQuality, byLatency, byEffort],
  quality: [byQuality, byFeltCost, byLatency, byEffort],
};

function orderOf(goal: Goal): (one: SetUp, other: SetUp) => number {
  return (one, other) => {
    for (const of of goalOrder[goal]) {
      const difference = of(one) - of(other);
      if (difference !== 0) return difference;
    }
    const [a, b] = [identityOf(one), identityOf(other)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
}

function identityOf({ near, far, farTasks }: SetUp): string {
  return [
    near?.engine.name,
    near?.model.name,
    near?.format.name,
    near?.offer.device.name,
    near?.splitCount,
    near?.batchSize,
    far?.api.id,
    ...farTasks,
  ]
    .join('|')
    .toLowerCase();
}

/** Where it runs and by what. */
function kindOf({ near, far }: SetUp): string {
  return `${placeOf(near, far)}|${near?.engine.name ?? ''}`;
}

function placeOf(near: NearPart | null, far: FarPart | null): string {
  return `${near?.offer.device.name ?? ''}${far === null ? '' : '+API'}`;
}

/** The best, the best by another engine, and the best in another place: a machine, an API, both. */
function chosen(ordered: readonly SetUp[]): readonly SetUp[] {
  const [first] = ordered;
  if (first === undefined) return [];
  const place = placeOf(first.near, first.far);
  const otherEngine = ordered.find((one) => one.near?.engine.name !== first.near?.engine.name);
  const otherPlace = ordered.find((one) => one !== otherEngine && placeOf(one.near, one.far) !== place);
  const others = [otherEngine, otherPlace].filter((one) => one !== undefined);
  for (const one of ordered.slice(1)) {
    if (others.length >= 2) break;
    if (!others.includes(one)) others.push(one);
  }
  return [first, ...others.slice(0, 2)];
}
