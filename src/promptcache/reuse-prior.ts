import type { ReuseOdds } from './reuse-memory.ts';

/** What is expected of places before any of their kind was seen, and how many outcomes it takes to outweigh that. */
export interface ReusePrior {
  /** Of the next request to share everything up to there. */
  readonly next: ReuseOdds;
  readonly weight: number;
}

/**
 * What a prompt by itself tells of whether it comes again, for each of `horizonsMs`. A loop of an agent that has just
 * been given a result goes on; who offers tools will be asked again with what they gave; who was answered once often asks
 * on. A question by itself is not asked twice. Instructions are written to be used again.
 *
 * These are guesses, none is measured: they decide the first few prompts of a tenant, and what they may cost is bounded
 * (`purse.ts`).
 */
export function reusePrior(kind: string): ReusePrior {
  const [place = '', feature = ''] = kind.split(':');
  const hasTools = feature.endsWith('+tools') || place === 'tools';
  if (place === 'tools' || place.startsWith('system')) return hasTools ? agentPrefix : instructions;
  if (feature.startsWith('result')) return loop;
  if (feature.startsWith('going')) return conversation;
  return hasTools ? opening : question;
}

const weight = 2;
const agentPrefix: ReusePrior = { next: [0.75, 0.8, 0.85], weight };
const instructions: ReusePrior = { next: [0.35, 0.4, 0.45], weight };
const loop: ReusePrior = { next: [0.85, 0.88, 0.9], weight };
const opening: ReusePrior = { next: [0.6, 0.65, 0.65], weight };
const conversation: ReusePrior = { next: [0.4, 0.48, 0.52], weight };
const question: ReusePrior = { next: [0.1, 0.12, 0.15], weight };
