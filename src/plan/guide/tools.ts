import { devices, type Device } from '../calculate/device.ts';
import { planEngines, type EngineName, type PlanEngine } from '../catalogue/engines.ts';
import { planModels } from '../catalogue/models.ts';
import { qualityFloors } from '../catalogue/tasks.ts';
import { usersOffer, usualQuestion } from '../decide/ask.ts';
import type { PlanQuestion } from '../decide/question.ts';
import type { SetUp } from '../decide/set-up.ts';
import { batch, deviceNamed, engineNamed, traffic } from './choices.ts';
import { asked, bestOf, checked, checksOf, type GuideRow } from './guide-row.ts';

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
