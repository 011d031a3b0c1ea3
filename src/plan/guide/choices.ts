import { findDevice, type Device } from '../calculate/device.ts';
import { bestDraft } from '../calculate/speculation-gain.ts';
import { findEngine, type EngineName, type PlanEngine } from '../catalogue/engines.ts';
import { ownedOffer, rentedOffers, usualQuestion } from '../decide/ask.ts';
import { stepMsOf } from '../decide/near-part.ts';
import type { PlanQuestion } from '../decide/question.ts';
import type { SetUp } from '../decide/set-up.ts';
import { asked, bestOf, checked, setUpWords, type GuideRow } from './guide-row.ts';

export function deviceNamed(name: string): Device {
  const device = findDevice(name);
  if (device === null) throw new RangeError(`The table has no ${name}.`);
  return device;
}

export function engineNamed(name: EngineName): PlanEngine {
  const engine = findEngine(name);
  if (engine === null) throw new RangeError(`The table has no ${name}.`);
  return engine;
}

export const traffic = (
  requestsPerDay: number,
  more: Partial<PlanQuestion['traffic']> = {},
): PlanQuestion['traffic'] => ({
  ...usualQuestion.traffic,
  requestsPerDay,
  ...more,
});

const smallWeights = 15e9;
const isSmall = (setUp: SetUp | null): boolean =>
  (setUp?.near?.model.shape.parameterCount ?? Infinity) < smallWeights;
const isQuantized = (setUp: SetUp | null): boolean => (setUp?.near?.format.bitsPerWeight ?? 16) < 16;
const hasCache = (setUp: SetUp | null): boolean => setUp?.near?.engine.hasPrefixCache === true;

/** On rented machines, nothing to a provider: what the guide's techniques are about. */
const ownServer = (changes: Partial<PlanQuestion>): PlanQuestion =>
  asked({ privacy: 'own', offers: rentedOffers(), ...changes });

const chat = () => ownServer({ goal: 'latency', traffic: traffic(1000) });
export const batch = () => ownServer({ goal: 'throughput', canWait: true, traffic: traffic(1_000_000) });
const bestQuality = () => ownServer({ goal: 'quality', traffic: traffic(1000) });
const budget = () =>
  asked({ goal: 'cost', offers: rentedOffers(), traffic: traffic(1000, { repeatedPromptShare: 0.5 }) });
export const ownBudget = () =>
  asked({
    goal: 'cost',
    privacy: 'own',
    offers: [ownedOffer(deviceNamed('RTX 4090'), 1)],
    traffic: traffic(1000, { repeatedPromptShare: 0.5 }),
  });

/** What drafting gains beside a full batch: checking n + 1 tokens of each of its answers is a step so much wider. */
function draftGain(question: PlanQuestion, setUp: SetUp | null, sequenceCount: number): number {
  const near = setUp?.near;
  if (near === null || near === undefined) return NaN;
  const plain = stepMsOf(question, near, sequenceCount);
  return bestDraft(0.7, 0.1, (tokenCount) => stepMsOf(question, near, sequenceCount * tokenCount) / plain)
    .gain;
}

function highThroughput(): ReturnType<GuideRow['answer']> {
  const question = batch();
  const setUp = bestOf(question);
  const size = setUp?.near?.batchSize ?? 0;
  const gain = draftGain(question, setUp, size);
  const { agrees, computed } = checked(setUp, {
    'large batches': size >= 32,
    'speculative decoding': gain > 1.1,
  });
  return {
    agrees,
    computed: `${computed} (drafting gains ${gain.toFixed(2)}x with ${size} at once, ${draftGain(question, setUp, 1).toFixed(2)}x with one)`,
  };
}

const noDrafts =
  'Large batches, yes. Drafting spends the compute that a full batch has no more of: it is for few streams, as vLLM’s documentation says too ("medium-to-low QPS, memory-bound").';

export const goalRows: readonly GuideRow[] = [
  {
    table: 'goals',
    row: 'Real-time chat',
    claim: 'Low latency (<1s): KV cache, smaller models, quantization',
    inputs: 'goal latency, 1,000 requests a day, rented machines, at least GPT-3.5 class',
    today: 'Time to the whole answer is what is made small; the first token is only a part of it.',
    answer: () => {
      const setUp = bestOf(chat());
      return checked(setUp, {
        'first token below 1 s': (setUp?.firstTokenMs ?? Infinity) < 1000,
        'prefix cache': hasCache(setUp),
        'small model': isSmall(setUp),
        quantized: isQuantized(setUp),
      });
    },
  },
  {
    table: 'goals',
    row: 'Batch processing',
    claim: 'High throughput: batching, speculative decoding',
    inputs: 'goal throughput, may wait, 1,000,000 requests a day, rented machines',
    today: noDrafts,
    answer: highThroughput,
  },
  {
    table: 'goals',
    row: 'Budget constraint',
    claim: 'Low cost: quantization, smaller models, prompt caching',
    inputs: 'goal cost, 1,000 requests a day of which half repeats, rented machines or providers',
    today:
      'A small model, yes, with the provider’s cache; so few requests pay for no rented machine, so that quantizing is the provider’s matter. On a machine that is there anyway see the decision tree.',
    answer: () => {
      const setUp = bestOf(budget());
      return checked(setUp, {
        'small model': isSmall(setUp) || setUp?.far?.api.tier.name === 'small',
        'prompt caching': hasCache(setUp) || setUp?.far?.isCached === true,
        quantized: isQuantized(setUp),
      });
    },
  },
  {
    table: 'goals',
    row: 'Maximum quality',
    claim: 'No compromise: full precision, no quantization',
    inputs: 'goal quality, 1,000 requests a day, rented machines',
    today:
      'Where memory is not the limit. With a limit a larger model in fewer bits is better than a smaller one in 16.',
    answer: () => {
      const setUp = bestOf(bestQuality());
      return checked(setUp, { 'full precision': !isQuantized(setUp) });
    },
  },
];

export const treeRows: readonly GuideRow[] = [
  {
    table: 'decision tree',
    row: 'Lowest latency',
    claim: 'KV cache + small model + no batching',
    inputs: 'goal latency, 1,000 requests a day, rented machines, at least GPT-3.5 class',
    today:
      'So few requests seldom meet. With more, one batch is cheaper than more machines, and costs a tenth or so of latency.',
    answer: () => {
      const setUp = bestOf(chat());
      return checked(setUp, {
        'prefix cache': hasCache(setUp),
        'small model': isSmall(setUp),
        'no batching': setUp?.near?.batchSize === 1,
      });
    },
  },
  {
    table: 'decision tree',
    row: 'Highest throughput',
    claim: 'Large batches + speculative decoding',
    inputs: 'goal throughput, may wait, 1,000,000 requests a day, rented machines',
    today: noDrafts,
    answer: highThroughput,
  },
  {
    table: 'decision tree',
    row: 'Lowest cost',
    claim: 'Small model + INT4 + prompt caching + routing',
    inputs: 'goal cost, 1,000 requests a day, one RTX 4090 that is there, providers too',
    today:
      'Of the machine alone the guide is right: a small model in INT4 draws the least current. But a GPU that waits all day draws more of it than a provider asks for so few requests; then the format is the provider’s matter, and a model that is good enough for all kinds of task needs no routing.',
    answer: () => {
      const question = ownBudget();
      const setUp = bestOf({ ...question, privacy: 'any' });
      const { agrees, computed } = checked(setUp, {
        'small model': isSmall(setUp) || setUp?.far?.api.tier.name === 'small',
        INT4: setUp?.near?.format.kind === 'INT4',
        'prompt caching': hasCache(setUp) || setUp?.far?.isCached === true,
        routing: setUp !== null && setUp.near !== null && setUp.far !== null,
      });
      return { agrees, computed: `${computed}. The machine alone: ${setUpWords(bestOf(question))}` };
    },
  },
  {
    table: 'decision tree',
    row: 'Best quality',
    claim: 'Large model + FP16 + no quantization',
    inputs: 'goal quality, 1,000 requests a day, rented machines',
    today:
      'Of what is rented. Where prompts may leave, a provider’s frontier model is better than any that can be had.',
    answer: () => {
      const setUp = bestOf(bestQuality());
      return checked(setUp, { 'large model': !isSmall(setUp), FP16: setUp?.near?.format.kind === 'FP16' });
    },
  },
  {
    table: 'batching types',
    row: 'Key insight',
    claim: 'Use batching for offline processing; avoid it for real-time chat',
    inputs:
      'goal cost, chat of 100,000 requests a day that keeps 2 s to the first token and 6 tokens/s, rented machines',
    today:
      'Continuous batching is for chat too, up to where tokens come too slowly: the limit decides, not the kind of use.',
    answer: () => {
      const setUp = bestOf(ownServer({ goal: 'cost', traffic: traffic(100_000) }));
      return checked(setUp, { 'no batching for chat': setUp?.near?.batchSize === 1 });
    },
  },
];
