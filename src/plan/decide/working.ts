import { evidenceWords } from '../catalogue/evidence.ts';
import { keptShare } from '../catalogue/formats.ts';
import { skillBenchmarks, taskSkills, type TaskMix } from '../catalogue/tasks.ts';
import { deviceEvidence } from '../calculate/device.ts';
import { requestsUnderWay } from '../calculate/batch-tradeoff.ts';
import { daysPerMonth } from '../calculate/monthly-cost.ts';
import { taskTypes } from '../../route/task/task-type.ts';
import { longestTokens } from './cache-room.ts';
import { networkMs, splitEfficiency, type NearPart } from './near-part.ts';
import type { PlanQuestion } from './question.ts';
import { usableShare, type FarPart, type SetUp } from './set-up.ts';

/** A figure of a set-up with where it is from. */
export interface WorkingLine {
  readonly what: string;
  readonly working: string;
}

/** How each figure came about. All are estimates: nothing of it was measured, unless a line says so. */
export function workingOf(question: PlanQuestion, setUp: SetUp): readonly WorkingLine[] {
  const { near, far } = setUp;
  return [
    ...(near === null ? [] : nearLines(question, setUp, near)),
    ...(far === null ? [] : farLines(question, setUp, far)),
    { what: 'quality', working: qualityWords(question.tasks, setUp) },
    {
      what: 'cost',
      working: `${
        Object.entries(setUp.cost.parts)
          .filter(([, usd]) => usd > 0)
          .map(([part, usd]) => `${part} $${usd.toFixed(2)}`)
          .join(' + ') || 'nothing: users bring device and current'
      } a month of ${Math.round(question.traffic.requestsPerDay * daysPerMonth).toLocaleString(
        'en',
      )} requests`,
    },
  ];
}

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;

function nearLines(question: PlanQuestion, setUp: SetUp, near: NearPart): readonly WorkingLine[] {
  const { model, format, engine, offer, memory, splitCount, batchSize } = near;
  const { device } = offer;
  const { traffic } = question;
  const perSecond = (traffic.requestsPerDay * traffic.peakFactor * setUp.nearShare) / 86_400;
  const lines: WorkingLine[] = [
    {
      what: 'memory',
      working:
        `${(model.shape.parameterCount / 1e9).toFixed(2)} billion weights x ${format.bitsPerWeight} bits / 8 = ${gb(memory.weightBytes)}; ` +
        `cache of ${batchSize} x ${traffic.promptTokenCount + traffic.outputTokenCount} tokens, at least of one of ${longestTokens(traffic, model)}, ${gb(memory.cacheBytes)}; process ${gb(memory.overheadBytes)}: ` +
        `${gb(memory.totalBytes)} of ${gb(memory.usableBytes)} (${Math.round(device.usableShare * 100)}% of ${splitCount} x ${gb(device.memoryBytes)}), estimated`,
    },
    {
      what: 'speed',
      working:
        `roofline with ${batchSize} answer${batchSize === 1 ? '' : 's'} at once, bound by ${near.boundBy}: first token ${near.firstTokenMs.toFixed(0)} ms, ` +
        `${near.interTokenMs.toFixed(1)} ms a token, ${near.requestsPerSecond.toPrecision(3)} requests/s; ${Math.round(engine.efficiency.memory * 100)}% of ` +
        `${gb(device.memoryBytesPerSecond)}/s and ${Math.round(engine.efficiency.compute * 100)}% of its FLOPS assumed` +
        (format.kernelShare === 1
          ? ''
          : `, of which the kernels of ${format.name} reach ${Math.round(format.kernelShare * 100)}%`) +
        `${splitCount > 1 ? `, ${splitEfficiency} of ${splitCount} devices together` : ''}${offer.terms === 'users' ? '' : `, ${networkMs} ms of network`}`,
    },
    { what: 'device', working: `${device.name}: ${deviceEvidence(device)}` },
    { what: 'engine', working: `${engine.name}: ${evidenceWords(engine.evidence)}` },
    {
      what: 'format',
      working: `${format.name}: ${(100 * keptShare(format)).toFixed(1)}% of the score kept, exp(-${format.divergence} nats): ${evidenceWords(format.evidence)}`,
    },
  ];
  if (offer.terms !== 'users') {
    lines.push({
      what: 'machines',
      working:
        `${perSecond.toPrecision(3)} requests/s in the busiest hour / ${near.requestsPerSecond.toPrecision(3)} a machine${question.canWait ? '' : `, of which ${100 * usableShare}% are used so that few queue,`} = ${setUp.machineCount}, ` +
        `${Math.round(100 * setUp.utilisation)}% busy on average; ${requestsUnderWay(perSecond, near.firstTokenMs + traffic.outputTokenCount * near.interTokenMs).toFixed(1)} requests under way then (Little's law)`,
    });
  }
  return lines;
}

function farLines(
  question: PlanQuestion,
  setUp: SetUp,
  { api, isCached, isBatch }: FarPart,
): readonly WorkingLine[] {
  const { prices, tier } = api;
  return [
    {
      what: 'API',
      working:
        `${api.id} (${api.priceSource}): $${prices.input} in, $${prices.output} out a million tokens` +
        (isCached
          ? `, $${prices.cacheRead ?? 0} for the ${Math.round(100 * question.traffic.repeatedPromptShare)}% of prompts that repeat`
          : '') +
        `${isBatch ? `, less ${Math.round(100 * (prices.batchDiscount ?? 0))}% in batches` : ''}; counted as ${evidenceWords(tier.evidence)}`,
    },
    ...(setUp.near === null
      ? []
      : [
          {
            what: 'routing',
            working:
              `${setUp.farTasks.join(', ')} go far, ${Math.round(100 * setUp.nearShare)}% stay near, by the mix of tasks; that the router always ` +
              'knows the kind of task is assumed (docs/evaluation.md measures it)',
          },
        ]),
  ];
}

function qualityWords(tasks: TaskMix, { qualityByTask, quality }: SetUp): string {
  const parts = taskTypes.flatMap((task) => {
    const score = qualityByTask[task];
    return score === undefined
      ? []
      : [
          `${task} ${Math.round(100 * (tasks[task] ?? 0))}% x ${score.toFixed(1)} (${skillBenchmarks[taskSkills[task]]})`,
        ];
  });
  return `${parts.join(' + ')} = ${quality.toFixed(1)} of 100: published scores, which are not your tasks`;
}
