import type { PlanModel } from '../catalogue/models.ts';
import type { Traffic } from '../calculate/monthly-cost.ts';

/** So many times the mean a request may be long: what is told of requests is their mean, and a server that holds no more refuses half of them. */
const longestOverMean = 4;

/** Tokens of prompt and answer that a set-up takes of one request: four times the mean, to the next power of two, as far as the model goes. */
export function longestTokens(
  { promptTokenCount, outputTokenCount }: Traffic,
  { shape }: Pick<PlanModel, 'shape'>,
): number {
  const wanted = 2 ** Math.ceil(Math.log2(longestOverMean * (promptTokenCount + outputTokenCount)));
  return Math.min(shape.contextTokenCount, wanted);
}

/** Cells of the cache: of the mean request for each answer under way, at least of the longest, in the 256s that pools come in. */
export function cacheTokens(traffic: Traffic, model: Pick<PlanModel, 'shape'>, batchSize: number): number {
  const ofAll = batchSize * (traffic.promptTokenCount + traffic.outputTokenCount);
  return Math.max(longestTokens(traffic, model), Math.ceil(ofAll / 256) * 256);
}
