import type { PlanEngine } from '../catalogue/engines.ts';
import type { PlanFormat } from '../catalogue/formats.ts';
import type { PlanModel } from '../catalogue/models.ts';
import type { ApiModel } from '../catalogue/api-models.ts';
import { checkMix, type SkillScores, type TaskMix } from '../catalogue/tasks.ts';
import type { Device } from '../calculate/device.ts';
import { requireNumber } from '../calculate/figure.ts';
import { checkTraffic, type Traffic } from '../calculate/monthly-cost.ts';

export const goals = ['latency', 'throughput', 'cost', 'quality'] as const;
export type Goal = (typeof goals)[number];

/** Where prompts may go: anywhere; to machines that are owned or rented; to the device that they are written on. */
export const privacies = ['any', 'own', 'device'] as const;
export type Privacy = (typeof privacies)[number];

/** Hardware that may be used. */
export interface Offer {
  readonly device: Device;
  /** How it is paid: per hour, as a machine of one's own, or not at all because its user has it. */
  readonly terms: 'rented' | 'owned' | 'users';
  /** Most of them; `Infinity`: as many as are needed. */
  readonly countLimit: number;
  /** US dollars an hour, or of one machine; 0 where it is there anyway. */
  readonly price: number;
}

/** Bounds; `null`: none. */
export interface Limits {
  readonly firstTokenMs: number | null;
  readonly interTokenMs: number | null;
  readonly usdPerMonth: number | null;
  /** Least score by skill, 0 to 100. */
  readonly floor: SkillScores;
}

/** All that a recommendation depends on: the same question has the same answer. */
export interface PlanQuestion {
  readonly goal: Goal;
  readonly traffic: Traffic;
  /** Answers may come hours later: batches of providers, no bound on latency. */
  readonly canWait: boolean;
  readonly tasks: TaskMix;
  readonly privacy: Privacy;
  readonly offers: readonly Offer[];
  readonly apis: readonly ApiModel[];
  readonly limits: Limits;
  /** US dollars a kilowatt-hour. */
  readonly energyPrice: number;
  /** Years that a machine of one's own is written off over. */
  readonly lifeYears: number;
  readonly models: readonly PlanModel[];
  readonly formats: readonly PlanFormat[];
  readonly engines: readonly PlanEngine[];
}

/** @throws RangeError naming what is wrong */
export function checkQuestion(question: PlanQuestion): PlanQuestion {
  if (!goals.some((goal) => goal === question.goal))
    throw new RangeError(`goal: expected one of ${goals.join(', ')}, got ${JSON.stringify(question.goal)}`);
  if (!privacies.some((privacy) => privacy === question.privacy))
    throw new RangeError(
      `privacy: expected one of ${privacies.join(', ')}, got ${JSON.stringify(question.privacy)}`,
    );
  checkTraffic(question.traffic);
  requireNumber('promptTokenCount', question.traffic.promptTokenCount, 1);
  requireNumber('outputTokenCount', question.traffic.outputTokenCount, 1);
  checkMix(question.tasks);
  requireNumber('energyPrice', question.energyPrice);
  requireNumber('lifeYears', question.lifeYears, 0.1);
  const { firstTokenMs, interTokenMs, usdPerMonth } = question.limits;
  for (const [name, limit] of Object.entries({ firstTokenMs, interTokenMs, usdPerMonth }))
    if (limit !== null) requireNumber(name, limit);
  for (const [skill, least] of Object.entries(question.limits.floor))
    if (least !== null) requireNumber(`least ${skill}`, least, 0, 100);
  for (const { device, countLimit, price } of question.offers) {
    requireNumber(`memory of ${device.name}`, device.memoryBytes, 1);
    requireNumber(`bandwidth of ${device.name}`, device.memoryBytesPerSecond, 1);
    requireNumber(`price of ${device.name}`, price);
    if (!(countLimit >= 1))
      throw new RangeError(`count of ${device.name}: expected at least 1, got ${countLimit}`);
  }
  return question;
}
