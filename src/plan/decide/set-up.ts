import { taskTypes, type TaskType } from '../../route/task/task-type.ts';
import type { ApiModel } from '../catalogue/api-models.ts';
import { keptShare } from '../catalogue/formats.ts';
import { taskSkills, type SkillScores } from '../catalogue/tasks.ts';
import {
  apiCost,
  ownMachineCost,
  rentedCost,
  type MonthlyCost,
  type Traffic,
} from '../calculate/monthly-cost.ts';
import type { NearPart } from './near-part.ts';
import type { PlanQuestion } from './question.ts';

/** A provider's model as this traffic would use it. */
export interface FarPart {
  readonly api: ApiModel;
  /** Repeated beginnings are read from its cache. */
  readonly isCached: boolean;
  /** Everything waits for the provider's batches. */
  readonly isBatch: boolean;
}

/** Everything that one recommendation consists of. */
export interface SetUp {
  readonly near: NearPart | null;
  readonly far: FarPart | null;
  /** Kinds of task that go far; empty where all go to one of them. */
  readonly farTasks: readonly TaskType[];
  /** Of the requests, 0 to 1. */
  readonly nearShare: number;
  /** Machines that the busiest hour needs; 0 where users' own devices answer. */
  readonly machineCount: number;
  /** Of the machines, how busy they are on average, 0 to 1. */
  readonly utilisation: number;
  /** Mean over the mix of tasks, 0 to 100. */
  readonly quality: number;
  readonly qualityByTask: Readonly<Partial<Record<TaskType, number>>>;
  /** The mean over near and far; limits hold for each. */
  readonly firstTokenMs: number;
  readonly interTokenMs: number;
  readonly answerMs: number;
  /** Tokens written a second by one device with its batch full; `null`: an API, whose limit no list tells. */
  readonly tokensPerSecond: number | null;
  readonly cost: MonthlyCost;
}

/** What is taken where a device's maker does not say what it draws. */
const assumedWatts = 65;
const idleShare = 0.2;
/** Of what a machine carries, what it is given where people wait: nearer to its limit requests queue (a convention). */
export const usableShare = 0.8;

/** How a provider's model is best used by this traffic: its cache where it saves, its batches where all can wait. */
export function farPart(question: PlanQuestion, api: ApiModel): FarPart {
  const { cacheRead, input, batchDiscount } = api.prices;
  return {
    api,
    isCached: cacheRead !== null && cacheRead < input && question.traffic.repeatedPromptShare > 0,
    isBatch: question.canWait && batchDiscount !== null && batchDiscount > 0,
  };
}

export function farCost({ api, isCached, isBatch }: FarPart, traffic: Traffic): MonthlyCost {
  const { input, output, cacheRead, batchDiscount } = api.prices;
  return apiCost(
    traffic,
    { input, output, cacheRead, batchDiscount: batchDiscount ?? 0 },
    { isCached, isBatch },
  );
}

/** Scores of a near model in its format. */
export function nearScores({ model, format }: Pick<NearPart, 'model' | 'format'>): SkillScores {
  const kept = keptShare(format);
  const scaled = Object.entries(model.scores).map(([skill, score]) => [
    skill,
    score === null ? null : score * kept,
  ]);
  return Object.fromEntries(scaled) as SkillScores;
}

/** Share of the requests that are of these kinds. */
export function shareOf(question: PlanQuestion, tasks: readonly TaskType[]): number {
  return tasks.reduce((sum, task) => sum + (question.tasks[task] ?? 0), 0);
}

/** Who answers which kinds of task, with what that is worth: the same for every machine that the near model runs on. */
export interface Division {
  readonly far: FarPart | null;
  /** Kinds that go far where there are both. */
  readonly farTasks: readonly TaskType[];
  readonly nearShare: number;
  readonly quality: number;
  readonly qualityByTask: Readonly<Partial<Record<TaskType, number>>>;
  /** Of what goes far. */
  readonly farMonth: MonthlyCost | null;
}

/** @returns `null` where a score that is needed is not known */
export function divide(
  question: PlanQuestion,
  own: SkillScores | null,
  far: FarPart | null,
  farTasks: readonly TaskType[],
): Division | null {
  const qualityByTask: Partial<Record<TaskType, number>> = {};
  let quality = 0;
  for (const task of tasksOf(question)) {
    const isFar = own === null || farTasks.includes(task);
    const score = (isFar ? far?.api.tier.scores : own)?.[taskSkills[task]] ?? null;
    if (score === null) return null;
    qualityByTask[task] = score;
    quality += score * (question.tasks[task] ?? 0);
  }
  const nearShare = own === null ? 0 : far === null ? 1 : 1 - shareOf(question, farTasks);
  const farMonth = far === null ? null : prefixed(farCost(far, scaled(question.traffic, 1 - nearShare)));
  return { far, farTasks, nearShare, quality, qualityByTask, farMonth };
}

/** Kinds of task that there are any of. */
export function tasksOf(question: PlanQuestion): readonly TaskType[] {
  return taskTypes.filter((task) => (question.tasks[task] ?? 0) > 0);
}

/** Puts a set-up together; `null` where the owner has not enough machines. */
export function composeSetUp(
  question: PlanQuestion,
  near: NearPart | null,
  division: Division,
): SetUp | null {
  const { far, farTasks, nearShare, quality, qualityByTask, farMonth } = division;
  const machines = near === null ? noMachines : machinesFor(question, near, nearShare);
  if (machines === null) return null;
  const farShare = 1 - nearShare;
  const firstTokenMs =
    (near?.firstTokenMs ?? 0) * nearShare + (far === null ? 0 : far.api.tier.firstTokenMs * farShare);
  const interTokenMs =
    (near?.interTokenMs ?? 0) * nearShare + (far === null ? 0 : far.api.tier.interTokenMs * farShare);
  const { outputTokenCount } = question.traffic;
  return {
    near,
    far,
    farTasks,
    nearShare,
    quality,
    qualityByTask,
    firstTokenMs,
    interTokenMs,
    machineCount: machines.machineCount,
    utilisation: machines.utilisation,
    answerMs: firstTokenMs + outputTokenCount * interTokenMs,
    tokensPerSecond:
      near === null || far !== null ? null : (near.requestsPerSecond * outputTokenCount) / near.splitCount,
    cost:
      farMonth === null
        ? machines.cost
        : { usd: machines.cost.usd + farMonth.usd, parts: { ...machines.cost.parts, ...farMonth.parts } },
  };
}

function prefixed({ usd, parts }: MonthlyCost): MonthlyCost {
  return { usd, parts: Object.fromEntries(Object.entries(parts).map(([name, of]) => [`API ${name}`, of])) };
}

interface Machines {
  readonly machineCount: number;
  readonly utilisation: number;
  readonly cost: MonthlyCost;
}

const noMachines: Machines = { machineCount: 0, utilisation: 0, cost: { usd: 0, parts: {} } };

function scaled(traffic: Traffic, share: number): Traffic {
  return { ...traffic, requestsPerDay: traffic.requestsPerDay * share };
}

/** `null` where so many are not to be had. */
function machinesFor(question: PlanQuestion, near: NearPart, nearShare: number): Machines | null {
  const { offer, splitCount } = near;
  const { device, price, terms, countLimit } = offer;
  const fullShare = question.canWait ? 1 : usableShare;
  const requestsPerSecond = near.requestsPerSecond * fullShare;
  // Each user's device answers its own user, one question after the other.
  if (terms === 'users') return near.batchSize === 1 ? noMachines : null;
  const traffic = scaled(question.traffic, nearShare);
  if (terms === 'rented') {
    const { usd, parts, machineCount } = rentedCost(traffic, requestsPerSecond, price * splitCount);
    if (machineCount * splitCount > countLimit) return null;
    const perSecond = traffic.requestsPerDay / 86_400;
    const utilisation = machineCount === 0 ? 0 : perSecond / (machineCount * near.requestsPerSecond);
    return { machineCount, utilisation, cost: { usd, parts } };
  }
  const machineCount = Math.max(1, machinesNeeded(traffic, requestsPerSecond));
  const watts = (device.powerWatts ?? assumedWatts) * splitCount;
  const wholeMs = near.firstTokenMs + traffic.outputTokenCount * near.interTokenMs;
  const underWay = ((traffic.requestsPerDay / 86_400) * wholeMs) / 1000 / machineCount;
  const meanWatts = watts * (idleShare + (1 - idleShare) * busyOdds(underWay));
  const own = ownMachineCost(traffic, {
    requestsPerSecond,
    price: price * splitCount,
    lifeYears: question.lifeYears,
    busyWatts: meanWatts,
    idleWatts: meanWatts,
    energyPrice: question.energyPrice,
  });
  return own.machineCount * splitCount > countLimit
    ? null
    : {
        machineCount: own.machineCount,
        utilisation: own.utilisation * fullShare,
        cost: { usd: own.usd, parts: own.parts },
      };
}

function machinesNeeded({ requestsPerDay, peakFactor }: Traffic, requestsPerSecond: number): number {
  return Math.ceil((requestsPerDay * peakFactor) / 86_400 / requestsPerSecond - 1e-9);
}

/** That at least one request is under way, so that the machine draws what it draws when busy: arrivals at random, M/G/infinity. */
function busyOdds(underWay: number): number {
  return 1 - Math.exp(-underWay);
}
