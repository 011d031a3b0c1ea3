// Over 300 lines: a table of rows that belong together.
import { guideKvClaim } from '../calculate/memory-table.ts';
import { batchTradeoff } from '../calculate/batch-tradeoff.ts';
import { findDevice } from '../calculate/device.ts';
import { kvBytesPerToken } from '../calculate/attention.ts';
import { decodeStep, prefillStep, type Machine, type ModelLoad } from '../calculate/roofline.ts';
import { bestDraft } from '../calculate/speculation-gain.ts';
import { keptShare, planFormat } from '../catalogue/formats.ts';
import { planModels } from '../catalogue/models.ts';
import { longContextStrategy } from '../long-context.ts';
import { builtInLists, createPriceTable } from '../../ledger/prices.ts';
import type { GuideRow, RowAnswer } from './guide-row.ts';

const llama = planModels.find(({ name }) => name === 'Llama 3.1 8B');
if (llama === undefined) throw new RangeError('The catalogue has no Llama 3.1 8B.');
const { shape } = llama;

function loadIn(format: string): ModelLoad {
  return {
    weightBytes: (shape.parameterCount * planFormat(format).bitsPerWeight) / 8,
    activeParameterCount: shape.parameterCount,
    kvBytesPerToken: kvBytesPerToken(shape.layers, 2),
    attentionWidth: 32 * shape.headCount * shape.headLength,
  };
}

function machineOf(name: string): Machine {
  const device = findDevice(name);
  if (device === null) throw new RangeError(`The table has no ${name}.`);
  return {
    memoryBytesPerSecond: device.memoryBytesPerSecond,
    flops: device.flops16,
    efficiency: { memory: 0.7, compute: 0.5 },
  };
}

/** Within a range, 15% of rounding granted. */
export const within = (value: number, least: number, most: number): boolean =>
  value >= least * 0.85 && value <= most * 1.15;
export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

function formatRow(
  name: string,
  format: string,
  claim: string,
  expected: {
    readonly bits: number;
    readonly speedup: readonly [number, number];
    readonly leastKept: number;
  },
  today: string,
): GuideRow {
  return {
    table: 'formats',
    row: name,
    claim,
    inputs: `Llama 3.1 8B in ${format} on an RTX 4090, one answer, by the roofline; loss by KL divergence`,
    today,
    answer: () => {
      const { bitsPerWeight } = planFormat(format);
      const speedup =
        decodeStep(loadIn('F16'), machineOf('RTX 4090'), 1, 500).ms /
        decodeStep(loadIn(format), machineOf('RTX 4090'), 1, 500).ms;
      const kept = keptShare(planFormat(format));
      return {
        computed: `${bitsPerWeight} bits, at most ${speedup.toFixed(2)}x, ${percent(kept)} of scores kept`,
        agrees:
          within(bitsPerWeight, expected.bits, expected.bits) &&
          within(speedup, ...expected.speedup) &&
          kept >= expected.leastKept,
      };
    },
  };
}

const formatRows: readonly GuideRow[] = [
  formatRow(
    'FP16',
    'F16',
    '16 bits, 1x, none, baseline',
    { bits: 16, speedup: [1, 1], leastKept: 1 },
    'The baseline of both.',
  ),
  formatRow(
    'INT8',
    'Q8_0',
    '8 bits, ~2x, minimal, production default',
    { bits: 8, speedup: [2, 2], leastKept: 0.99 },
    'Blocks have scales: 8.5 bits. The gain is of tokens one by one; a full batch is bound by compute, where only W8A8 gains.',
  ),
  formatRow(
    'INT4',
    'Q4_K_M',
    '4 bits, ~3-4x, small but noticeable, local deployment',
    { bits: 4, speedup: [3, 4], leastKept: 0.9 },
    'The speed-up is the guide’s, the size is not: what is called INT4 today, Q4_K_M, keeps some tensors finer and counts 4.89 bits. For that it loses less than half of what Q4_0, the plain INT4, does.',
  ),
  {
    table: 'formats',
    row: 'NF4',
    claim: '4 bits, ~3-4x, less loss than INT4, QLoRA fine-tuning',
    inputs: 'KL divergence of NF4, Q4_0, Q4_K_M; Llama 3.1 8B on an RTX 4090',
    today:
      'Less loss than plain INT4, not than today’s K-quants of about the same size; and bitsandbytes, which multiplies in 16 bits after ' +
      'unpacking, had 12 tokens/s where GPTQ had 21 (its issue 696): for serving AWQ or Q4_K_M are chosen.',
    answer: () => {
      const kept = (name: string): number => keptShare(planFormat(name));
      return {
        computed: `NF4 keeps ${percent(kept('NF4'))}, Q4_0 ${percent(kept('Q4_0'))}, Q4_K_M ${percent(kept('Q4_K_M'))}`,
        agrees: kept('NF4') > kept('Q4_0') && kept('NF4') > kept('Q4_K_M'),
      };
    },
  },
  formatRow(
    'FP8',
    'FP8',
    '8 bits, ~2x, none (newer hardware), H100/H200 optimized',
    { bits: 8, speedup: [2, 2], leastKept: 0.995 },
    'vLLM’s documentation says up to 1.6x of throughput; Ada and Blackwell have it too.',
  ),
];

const kvRows: readonly GuideRow[] = [
  {
    table: 'KV cache',
    row: 'First token',
    claim: 'First token: compute full attention (slow, ~100ms)',
    inputs: '500 tokens, Llama 3.1 8B in Q8_0 on an RTX 4090',
    today:
      'It is the time to read the prompt: it grows with its length, and with the model; 10,000 tokens take twenty times as long.',
    answer: () => {
      const { ms } = prefillStep(loadIn('Q8_0'), machineOf('RTX 4090'), 500);
      return { computed: `${ms.toFixed(0)} ms`, agrees: within(ms, 100, 100) };
    },
  },
  {
    table: 'KV cache',
    row: 'Subsequent tokens',
    claim: 'Subsequent tokens: reuse cached KV vectors (fast, ~10ms each)',
    inputs: 'the same',
    today:
      'It is the time to read all weights once: 12 ms there, 3 ms on an H100, 100 and more on a laptop’s CPU.',
    answer: () => {
      const { ms } = decodeStep(loadIn('Q8_0'), machineOf('RTX 4090'), 1, 500);
      return { computed: `${ms.toFixed(1)} ms`, agrees: within(ms, 10, 12) };
    },
  },
  ...guideKvClaim().map((figure): GuideRow => ({
    table: 'KV cache',
    row: `Growth, ${figure.model}`,
    claim: '~2MB per token for a 70B model',
    inputs: figure.formula,
    today: figure.difference ?? 'True of full attention.',
    answer: () => ({ computed: `${(figure.value / 1e6).toFixed(2)} MB a token`, agrees: figure.agrees }),
  })),
  {
    table: 'KV cache',
    row: 'Prompt caching',
    claim: 'cached portions are billed at ~10% of the normal rate',
    inputs: 'read price over input price of every model of the price list',
    today:
      'Writing costs 1.25 times the normal rate where it is billed at all; some newer models ask 2.5 to 5%.',
    answer: () => {
      const rates = createPriceTable(builtInLists)
        .entries.flatMap(({ list }) => (list.cacheRead === undefined ? [] : [list.cacheRead / list.input]))
        .sort((one, other) => one - other);
      const median = rates[Math.floor(rates.length / 2)] ?? NaN;
      return {
        computed: `median ${percent(median)}, from ${percent(rates[0] ?? NaN)} to ${percent(rates.at(-1) ?? NaN)} over ${rates.length} models`,
        agrees: within(median, 0.1, 0.1),
      };
    },
  },
];

function contextRow(
  row: string,
  claim: string,
  promptTokenCount: number,
  strategies: readonly string[],
  today: string,
): GuideRow {
  return {
    table: 'context strategy',
    row,
    claim,
    inputs: `longContextStrategy of ${promptTokenCount} tokens, Llama 3.1 8B, nothing measured`,
    today,
    answer: () => {
      const { strategy } = longContextStrategy({
        promptTokenCount,
        contextTokenCount: 131_072,
        trainedContextTokenCount: 131_072,
        cellCount: 131_072,
        kvBytesPerCell: kvBytesPerToken(shape.layers, 2),
        freeMemoryBytes: 16e9,
        hostCacheBytes: 4e9,
        canShift: true,
        windowTokenCount: 4096,
        promptMs: null,
      });
      return { computed: strategy, agrees: strategies.includes(strategy) };
    },
  };
}

const contextRows: readonly GuideRow[] = [
  contextRow(
    'Short conversations (<2K tokens)',
    'No special handling needed',
    1500,
    ['nothing'],
    'nearfar finds prefixes again by itself at any length.',
  ),
  contextRow(
    'Long documents (10K+ tokens)',
    'Enable prompt caching for repeated prefixes',
    12_000,
    ['prefix_cache'],
    'Where a prompt was measured, the time to read it decides, not 10,000 tokens.',
  ),
  contextRow(
    'Very long contexts (100K+)',
    'Consider sliding window attention or streaming LLMs',
    120_000,
    ['sliding_window'],
    'A window forgets what it slid over: models that were trained for such lengths read them whole where memory allows, and with providers prompt caching is the answer here too.',
  ),
];

/** Of streams whose lengths are drawn from an exponential, the mean of the longest over the mean: the harmonic number. */
const harmonic = (count: number): number =>
  Array.from({ length: count }, (_, at) => 1 / (at + 1)).reduce((a, b) => a + b, 0);

const batchingRows: readonly GuideRow[] = [
  {
    table: 'batching types',
    row: 'Static',
    claim: 'Fixed batch size, all requests finish together; best for predictable workloads',
    inputs:
      'slots that idle until the longest of 8 ends: answers of one length, and lengths that vary (exponential)',
    today:
      'Of equal answers it loses nothing and wins nothing: engines of today batch continuously there too. nearfar run --file --batching static has it where it was measured to be quicker.',
    answer: () => {
      // Of answers of one length none waits for a longer one: the longest is the mean.
      const gains = [1, harmonic(8)].map((longestOverMean) => 1 / longestOverMean);
      return {
        computed: `of continuous: ${gains.map((gain) => `${gain.toFixed(2)}x`).join(' with equal lengths, ')} with varied ones`,
        // Best for something is what is better at it than the other.
        agrees: gains.some((gain) => gain > 1),
      };
    },
  },
  {
    table: 'batching types',
    row: 'Dynamic (continuous)',
    claim: 'New requests join in-progress batches as others finish; variable traffic, real-time',
    inputs: 'the same',
    today: 'All servers of the catalogue do it.',
    answer: () => ({
      computed: `${harmonic(8).toFixed(2)}x of static with lengths that vary`,
      agrees: harmonic(8) > 1,
    }),
  },
];

export function gainAt(batchSize: number): number {
  const machine = machineOf('H100');
  const load = loadIn('Q8_0');
  const facts = {
    stepMs: (size: number) => decodeStep(load, machine, size, 600).ms,
    prefillMs: prefillStep(load, machine, 500).ms,
    outputTokenCount: 200,
    targetInterTokenMs: Infinity,
  };
  return batchTradeoff(facts, [batchSize])[0]?.gain ?? NaN;
}

const throughputRows: readonly GuideRow[] = [
  [1, 1, '1 req → 10s → 0.1 req/s'],
  [8, 6.7, '8 req → 12s → 0.67 req/s (6.7x throughput)'],
  [32, 17.8, '32 req → 18s → 1.78 req/s (17.8x throughput)'],
].map(([size, gain, claim]): GuideRow => ({
  table: 'throughput',
  row: `Batch of ${String(size)}`,
  claim: String(claim),
  inputs: 'Llama 3.1 8B in Q8_0 on an H100, 500 tokens in, 200 out, by the roofline',
  today:
    'The gain depends on prompts: reading them is bound by compute, and no batch makes that cheaper. npm run bench -- batching measures it here.',
  answer: () => {
    const computed = gainAt(Number(size));
    return { computed: `${computed.toFixed(1)}x`, agrees: within(computed, Number(gain), Number(gain)) };
  },
}));

function draftRow(
  row: string,
  claim: string,
  acceptance: number,
  range: readonly [number, number],
): GuideRow {
  return {
    table: 'speculation',
    row,
    claim,
    inputs: `acceptance ${acceptance} (of the usual size; measure yours), an 8B draft for a 70B: 0.11 of a step each, one stream`,
    today:
      'For a stream or a few, where memory bounds a step. The guide’s parameter speculative_model is gone: vLLM takes --speculative-config.',
    answer: (): RowAnswer => {
      const best = bestDraft(acceptance, 0.11);
      return {
        computed: `${best.gain.toFixed(2)}x with ${best.draftTokenCount} tokens a round`,
        agrees: within(best.gain, ...range),
      };
    },
  };
}

const speculationRows: readonly GuideRow[] = [
  draftRow('High acceptance', 'Code generation, structured output: 1.5x-3x for code', 0.8, [1.5, 3]),
  draftRow('General text', '1.2x-1.5x for general text', 0.55, [1.2, 1.5]),
  draftRow('Low acceptance', 'Creative writing, nuanced reasoning', 0.35, [1, 1.2]),
];

/** Rows that a formula answers. */
export const techniqueRows: readonly GuideRow[] = [
  ...formatRows,
  ...kvRows,
  ...contextRows,
  ...batchingRows,
  ...throughputRows,
  ...speculationRows,
];
