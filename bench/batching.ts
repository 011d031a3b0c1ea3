import { request } from 'undici';
import { answerLines } from '../src/batch/answer-lines.ts';
import { isObject, type JsonObject } from '../src/batch/prompt-line.ts';
import { checkBody } from '../src/cli/checked-lines.ts';
import { openOfflineGateway } from '../src/cli/offline-gateway.ts';
import { loadSettings } from '../src/config/load.ts';
import type { Batching, KvLayout } from '../src/engine/offline-mode.ts';
import { alternating, type Benchmark, type BenchmarkSetup, type Row } from './benchmark.ts';
import type { Peer } from './peer.ts';
import { proseWords } from './prompts.ts';
import { median, rounded, summarize } from './stats.ts';

const requestCount = 48;
const sizes = [1, 8, 32];
/** Short and long answers side by side: a group of static batching lasts as long as its longest. */
const outputTokenCounts = [8, 64, 16, 32, 96, 8, 24, 48];
const leastWordCount = 40;
/** Room for the longest prompt and answer. */
const streamTokenCount = 512;
const path = '/v1/chat/completions';

/** One way to answer all requests, `size` at a time. */
interface Contender {
  readonly label: string;
  readonly size: number;
  readonly side: 'nearfar' | 'llama-server';
  readonly isStatic: boolean;
  readonly run: (bodies: readonly JsonObject[]) => Promise<Run>;
  readonly close: () => Promise<void>;
}

interface Run {
  readonly seconds: number;
  /** By request. */
  readonly promptTokenCounts: readonly number[];
}

/**
 * The table of the guide, measured: the same requests one, 8 and 32 at a time, by static and by continuous batching, as
 * `nearfar run --file` answers them and as llama-server does with continuous batching on and off.
 */
export const batching: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 3);
  const count = setup.quick ? 16 : requestCount;
  const peer = await setup.openPeer();
  const opened: Contender[] = [];
  const add = async (contender: Promise<Contender>): Promise<Contender> => {
    opened.push(await contender);
    return contender;
  };
  try {
    const layout = await bestPeerLayout(setup, peer, bodiesOf(9, count));
    for (const size of sizes) {
      setup.progress(`starting both sides for ${size} at a time`);
      await add(openOurs(setup, 'continuous', size));
      if (size > 1) await add(openOurs(setup, 'static', size));
      if (size === Math.max(...sizes)) await add(openOurs(setup, 'continuous', size, 'unified'));
      await add(openPeerContender(peer, size, layout, false));
      if (size > 1) await add(openPeerContender(peer, size, layout, true));
    }
    const runs = new Map<Contender, Run[]>(opened.map((one) => [one, []]));
    for (const [contender, repeat] of alternating(opened, repeatCount)) {
      setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${contender.label}`);
      // Each repeat has prompts of its own: nothing of an earlier one helps.
      runs.get(contender)?.push(await contender.run(bodiesOf(repeat, count)));
    }
    requireSamePrompts(runs);
    return report(runs, count, repeatCount, layout);
  } finally {
    for (const contender of opened) await contender.close();
  }
};

function bodiesOf(repeat: number, count: number): JsonObject[] {
  return Array.from({ length: count }, (_, index) => {
    const words = proseWords(1000 * (repeat + 1) + index, leastWordCount + ((index * 29) % 80));
    return {
      messages: [{ role: 'user', content: `${words.join(' ')} Tell what happened then.` }],
      max_tokens: outputTokenCounts[index % outputTokenCounts.length] ?? 8,
      temperature: 0,
      ignore_eos: true,
    };
  });
}

async function openOurs(
  setup: BenchmarkSetup,
  mode: Batching,
  size: number,
  layout?: 'unified',
): Promise<Contender> {
  const { home, modelId } = await setup.nearfar.install();
  const flags = new Map(
    Object.entries({ near: modelId, 'engine.threadCount': String(setup.threadCount), port: '0' }).map(
      ([setting, text]) => [setting, { flag: `--set ${setting}`, text }] as const,
    ),
  );
  const loaded = await loadSettings({
    environment: {},
    workingFolder: home,
    home,
    configFile: undefined,
    flags,
  });
  const atOnce = 2 * size;
  const gateway = await openOfflineGateway(loaded, {
    batching: mode,
    batchSize: size,
    atOnce,
    ...(layout === undefined ? {} : { layout }),
  });
  const named = (body: JsonObject): JsonObject => ({ ...body, model: modelId });
  const signal = new AbortController().signal;
  const plan = bodiesOf(0, requestCount).flatMap((body) => checkBody(path, named(body)).prompts);
  const how = await gateway.load(modelId, plan, signal);
  const kind = how.includes('stream') ? 'split' : 'unified';
  return {
    label: `nearfar ${mode}, ${kind}, ${size} at a time`,
    size,
    side: 'nearfar',
    isStatic: mode === 'static',
    run: (bodies) => timed(bodies, atOnce, (body) => gateway.ask(path, named(body), signal)),
    close: () => gateway.close(),
  };
}

/** As many slots as requests at a time. */
async function openPeerContender(
  peer: Peer,
  size: number,
  layout: KvLayout['layout'],
  isStatic: boolean,
): Promise<Contender> {
  const flags = [
    ...['-np', String(size), '-c', String(size * streamTokenCount)],
    layout === 'split' ? '--no-kv-unified' : '--kv-unified',
    isStatic ? '--no-cont-batching' : '--cont-batching',
  ];
  const server = await peer.start(flags);
  const ask = async (body: JsonObject) => {
    const response = await request(server.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, model: 'peer' }),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const answer: unknown = await response.body.json();
    return { status: response.statusCode, requestId: '', body: isObject(answer) ? answer : {} };
  };
  return {
    label: `llama-server ${flags.join(' ')}`,
    size,
    side: 'llama-server',
    isStatic,
    // Twice as many as slots: the next is there when one comes free, as for us.
    run: (bodies) => timed(bodies, 2 * size, ask),
    close: () => server.stop(),
  };
}

/** @throws Error where an answer failed or is not as long as was asked */
async function timed(
  bodies: readonly JsonObject[],
  atOnce: number,
  ask: (body: JsonObject) => Promise<{ status: number; requestId: string; body: JsonObject }>,
): Promise<Run> {
  const promptTokenCounts: number[] = [];
  const startedAt = performance.now();
  await answerLines({
    lines: bodies.map((body, index) => ({ body, index })),
    atOnce,
    ask: ({ body }) => ask(body),
    keep: ({ body, index }, outcome) => {
      const usage = isObject(outcome.body['usage']) ? outcome.body['usage'] : {};
      if (outcome.status !== 200 || usage['completion_tokens'] !== body['max_tokens'])
        throw new Error(`request ${index}: ${outcome.status} ${JSON.stringify(outcome.body).slice(0, 300)}`);
      promptTokenCounts[index] = Number(usage['prompt_tokens']);
      return Promise.resolve();
    },
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  return { seconds: (performance.now() - startedAt) / 1000, promptTokenCounts };
}

/** Each layout once, 32 at a time with continuous batching: the quicker one is the peer's best setting here. */
async function bestPeerLayout(
  setup: BenchmarkSetup,
  peer: Peer,
  bodies: readonly JsonObject[],
): Promise<KvLayout['layout']> {
  const seconds = { split: 0, unified: 0 };
  for (const layout of ['split', 'unified'] as const) {
    setup.progress(`trying llama-server: ${layout}`);
    const contender = await openPeerContender(peer, Math.max(...sizes), layout, false);
    try {
      seconds[layout] = (await contender.run(bodies)).seconds;
    } finally {
      await contender.close();
    }
  }
  return seconds.split <= seconds.unified ? 'split' : 'unified';
}

/** @throws Error where two sides counted a prompt differently */
function requireSamePrompts(runs: ReadonlyMap<Contender, readonly Run[]>): void {
  const [reference = [], ...others] = [...runs.values()];
  for (const other of others) {
    other.forEach(({ promptTokenCounts }, repeat) => {
      const expected = reference[repeat]?.promptTokenCounts ?? [];
      if (JSON.stringify(promptTokenCounts) !== JSON.stringify(expected))
        throw new Error('the same prompts were counted differently by two sides');
    });
  }
}

function report(
  runs: ReadonlyMap<Contender, readonly Run[]>,
  count: number,
  repeatCount: number,
  peerLayout: string,
) {
  const secondsOf = (one: Contender): number => median((runs.get(one) ?? []).map(({ seconds }) => seconds));
  const contenders = [...runs.keys()];
  const find = (side: Contender['side'], size: number, isStatic: boolean): number => {
    const found = contenders.find(
      (one) => one.side === side && one.size === size && one.isStatic === isStatic,
    );
    return found === undefined ? NaN : secondsOf(found);
  };
  const speedup = (side: Contender['side'], size: number, isStatic: boolean): number =>
    rounded(find(side, 1, false) / find(side, size, isStatic), 3);
  const largest = Math.max(...sizes);
  const ratio = (size: number): number =>
    Math.min(find('llama-server', size, false), find('llama-server', size, true) || Infinity) /
    find('nearfar', size, false);
  const rows = contenders.map((one): Row => {
    const { min, max } = summarize((runs.get(one) ?? []).map(({ seconds }) => seconds));
    return {
      label: one.label,
      cells: {
        'total s': rounded(secondsOf(one), 3),
        'min-max': `${rounded(min, 3)}-${rounded(max, 3)}`,
        'requests/s': rounded(count / secondsOf(one), 3),
        'times one at a time': rounded(find(one.side, 1, false) / secondsOf(one), 3),
      },
    };
  });
  const over = find('nearfar', largest, true) / find('nearfar', largest, false);
  return {
    figures: {
      static_speedup: { '8': speedup('nearfar', 8, true), '32': speedup('nearfar', 32, true) },
      continuous_speedup: { '8': speedup('nearfar', 8, false), '32': speedup('nearfar', 32, false) },
      ratio: Object.fromEntries(sizes.map((size) => [String(size), rounded(ratio(size), 3)])),
    },
    targets: [
      { key: 'continuous_over_static.32', value: over, atLeast: 1 },
      ...sizes.map((size) => ({ key: `ratio.${size}`, value: ratio(size), atLeast: 1 })),
    ],
    rows,
    notes: [
      `${count} chats with prompts that share no prefix worth it and answers of ${Math.min(...outputTokenCounts)} to ` +
        `${Math.max(...outputTokenCounts)} tokens, all through; ${repeatCount} alternating repeats with new prompts ` +
        'each. From the first request to the last answer, models loaded before.',
      'nearfar as `run --file` works: its engine, pipeline, ledger and rows in one process, no socket. Unless the row ' +
        'says otherwise the layout of the KV cache is what it chose. llama-server over HTTP, twice as many requests ' +
        `open as slots; tried ${largest} at a time in both layouts once, then run with ${peerLayout}, which was quicker. ` +
        'Static is --no-cont-batching there.',
      '`ratio`: the quicker of the two llama-servers over nearfar continuous, by requests at a time.',
      'Checked: every answer has the length that was asked, every prompt the same count on all sides.',
    ],
  };
}
