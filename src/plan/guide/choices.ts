import { devices, findDevice, type Device } from '../calculate/device.ts';
import { bestDraft } from '../calculate/speculation-gain.ts';
import { findEngine, planEngines, type EngineName, type PlanEngine } from '../catalogue/engines.ts';
import { planModels } from '../catalogue/models.ts';
import { qualityFloors } from '../catalogue/tasks.ts';
import { ownedOffer, rentedOffers, usersOffer, usualQuestion } from '../decide/ask.ts';
import { stepMsOf } from '../decide/near-part.ts';
import type { PlanQuestion } from '../decide/question.ts';
import type { SetUp } from '../decide/set-up.ts';
import { asked, bestOf, checked, checksOf, type GuideRow } from './guide-row.ts';

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
const batch = () => ownServer({ goal: 'throughput', canWait: true, traffic: traffic(1_000_000) });
const bestQuality = () => ownServer({ goal: 'quality', traffic: traffic(1000) });
const budget = () =>
  asked({ goal: 'cost', offers: rentedOffers(), traffic: traffic(1000, { repeatedPromptShare: 0.5 }) });
const ownBudget = () =>
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
      'On a machine that is there anyway every format costs the same current, so the best that fits is taken, not INT4; and a model that is good enough for all kinds of task needs no routing.',
    answer: () => {
      const question = ownBudget();
      const setUp = bestOf({ ...question, privacy: 'any' });
      return checked(setUp, {
        'small model': isSmall(setUp) || setUp?.far?.api.tier.name === 'small',
        INT4: setUp?.near?.format.kind === 'INT4',
        'prompt caching': hasCache(setUp) || setUp?.far?.isCached === true,
        routing: setUp !== null && setUp.near !== null && setUp.far !== null,
      });
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

/** Devices of the table on which an engine can run something that is at least a little use. */
function possibleOn(engine: PlanEngine): readonly string[] {
  const offers = devices.map(usersOffer);
  const kinds = offers.filter(
    (offer) =>
      bestOf({
        ...usualQuestion,
        goal: 'quality',
        offers: [offer],
        engines: [engine],
        canWait: true,
        limits: { ...usualQuestion.limits, floor: qualityFloors.none },
        tasks: { simple_qa: 1 },
      }) !== null,
  );
  return [...new Set(kinds.map(({ device }) => device.kind))];
}

function edgeRow(
  row: string,
  claim: string,
  engines: readonly EngineName[],
  kinds: readonly string[],
  today: string,
): GuideRow {
  return {
    table: 'edge formats',
    row,
    claim,
    inputs: `every device of the table, with ${engines.join(' or ')} alone`,
    today,
    answer: () => {
      const found = [...new Set(engines.flatMap((engine) => possibleOn(engineNamed(engine))))];
      return {
        computed: `possible on: ${found.join(', ')}`,
        agrees: kinds.every((kind) => found.includes(kind)),
      };
    },
  };
}

export const edgeRows: readonly GuideRow[] = [
  edgeRow(
    'GGUF',
    'llama.cpp, Ollama, LM Studio; CPU inference, personal computers',
    ['nearfar', 'llama.cpp', 'Ollama'],
    ['cpu', 'apple'],
    'On GPUs, phones and small boards too, and in the page by wllama.',
  ),
  edgeRow(
    'CoreML',
    'Apple devices (iOS, macOS); on-device, Apple Silicon optimized',
    ['Core ML'],
    ['apple', 'phone'],
    'On Macs MLX and llama.cpp over Metal are more usual; Core ML is what reaches the Neural Engine.',
  ),
  edgeRow(
    'TFLite',
    'Android, embedded Linux; mobile phones, Raspberry Pi',
    ['LiteRT'],
    ['phone', 'embedded'],
    'It is called LiteRT now, for language models LiteRT-LM, and runs on iOS, desktops and in browsers too.',
  ),
  edgeRow(
    'ExecuTorch',
    'Meta’s edge runtime; mobile, wearable, IoT',
    ['ExecuTorch'],
    ['phone', 'embedded'],
    'It is PyTorch’s now, not Meta’s alone.',
  ),
  edgeRow(
    'ONNX Runtime',
    'Cross-platform; production edge servers',
    ['ONNX Runtime'],
    ['cpu', 'phone', 'embedded'],
    'In browsers it is what Transformers.js runs on.',
  ),
  edgeRow(
    'WebGPU',
    'Browser; zero-install, in-browser AI',
    ['WebLLM', 'Transformers.js'],
    ['browser'],
    'Zero-install, but for a download of a gigabyte or so at first.',
  ),
];

const onDesktop = (changes: Partial<PlanQuestion> = {}): PlanQuestion =>
  asked({
    ...{ goal: 'cost', privacy: 'device', tasks: { simple_qa: 1 } },
    traffic: traffic(200, { repeatedPromptShare: 0.8 }),
    offers: [usersOffer(deviceNamed('Apple M4'))],
    ...changes,
  });

/** Of the throughput that the best engine reaches on rented GPUs, what one reaches. */
function shareOfBest(engine: PlanEngine): { readonly share: number; readonly setUp: SetUp | null } {
  const question = batch();
  const best = bestOf(question);
  const setUp = bestOf({ ...question, engines: [engine] });
  return { share: (setUp?.tokensPerSecond ?? 0) / (best?.tokensPerSecond ?? Infinity), setUp };
}

export const toolRows: readonly GuideRow[] = [
  {
    table: 'production tools',
    row: 'vLLM',
    claim: 'High-throughput serving: PagedAttention, continuous batching',
    inputs: 'goal throughput on rented GPUs: vLLM against the best engine',
    today: 'SGLang is its equal in this table. Efficiencies are assumed: measure both on your traffic.',
    answer: () => {
      const { share, setUp } = shareOfBest(engineNamed('vLLM'));
      const { agrees, computed } = checked(setUp, {
        'within 15% of the best': share >= 0.85,
        'continuous batching': engineNamed('vLLM').hasContinuousBatching,
      });
      return { agrees, computed: `${(100 * share).toFixed(0)}% of the best. ${computed}` };
    },
  },
  {
    table: 'production tools',
    row: 'TensorRT-LLM',
    claim: 'NVIDIA GPU optimization: kernel fusion, INT4/FP8',
    inputs: 'goal throughput on rented GPUs, all engines',
    today:
      'A tenth faster than vLLM is assumed, and more effort: whether it is on your model must be measured.',
    answer: () => {
      const setUp = bestOf(batch());
      return checked(setUp, {
        'chosen for throughput': setUp?.near?.engine.name === 'TensorRT-LLM',
        'in 8 bits or less': (setUp?.near?.format.bitsPerWeight ?? 16) <= 8.5,
      });
    },
  },
  {
    table: 'production tools',
    row: 'Ollama',
    claim: 'Local experimentation: one-command setup',
    inputs: 'the least effort of all engines that run on a desktop',
    today: 'nearfar is one command too, and serves Ollama’s API.',
    answer: () => {
      const local = planEngines.filter(({ runsOn }) => runsOn.includes('cpu'));
      const least = Math.min(...local.map(({ effort }) => effort));
      return checksOf({
        'least effort': engineNamed('Ollama').effort === least,
        'possible on a desktop': bestOf(onDesktop({ engines: [engineNamed('Ollama')] })) !== null,
      });
    },
  },
  {
    table: 'production tools',
    row: 'llama.cpp',
    claim: 'CPU + edge deployment: extremely efficient CPU inference',
    inputs: 'tokens/s of one answer on a desktop CPU and a Raspberry Pi 5, llama.cpp against all others',
    today: 'nearfar’s own engine is llama.cpp’s library: the same kernels.',
    answer: () => {
      const speed = (device: Device, engines: readonly PlanEngine[]): number => {
        const setUp = bestOf({
          ...onDesktop({ engines, offers: [usersOffer(device)], goal: 'latency', canWait: true }),
          models: planModels.filter(({ name }) => name === 'Llama 3.2 1B'),
          limits: { ...usualQuestion.limits, floor: qualityFloors.none },
        });
        return setUp === null ? 0 : 1000 / setUp.interTokenMs;
      };
      const share = (device: Device): number =>
        speed(device, [engineNamed('llama.cpp')]) / speed(device, planEngines);
      const [cpu, board] = [share(deviceNamed('Desktop CPU')), share(deviceNamed('Raspberry Pi 5'))];
      return {
        computed: `${(100 * cpu).toFixed(0)}% of the fastest on a CPU, ${(100 * board).toFixed(0)}% on the board`,
        agrees: cpu >= 0.85 && board >= 0.85,
      };
    },
  },
  {
    table: 'production tools',
    row: 'TGI (Text Generation Inference)',
    claim: 'Hugging Face ecosystem: token streaming, tensor parallelism',
    inputs: 'whether the planner ever recommends it where others are allowed',
    today:
      'In maintenance mode since December 2025; its own README recommends vLLM, SGLang, llama.cpp or MLX.',
    answer: () =>
      checksOf({
        'still recommended by its makers': engineNamed('TGI').isRetired !== true,
        'tensor parallelism': engineNamed('TGI').splitLimit > 1,
      }),
  },
];
