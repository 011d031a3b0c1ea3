import type { LlamaModel } from '../src/engine/llama/model.ts';
import { createContext } from '../src/engine/llama/context.ts';
import { draftRowCount } from '../src/engine/speculation/speculator.ts';
import { nearTieGap } from './agreement.ts';
import { alternating, type Benchmark, type BenchmarkSetup, type Row } from './benchmark.ts';
import { killServers } from './child-server.ts';
import { countedTokenCount } from './counted-tokens.ts';
import { createEngineLoop, type EngineLoop, type LoopAnswer, type RunnerUp } from './engine-loop.ts';
import { loadInProcess } from './in-process.ts';
import { benchedModels, type BenchedModel } from './speculate-models.ts';
import { peerDecodeMs, peerSettings, startPeer } from './speculate-peer.ts';
import { median, rounded } from './stats.ts';
import { code } from './workloads/code.ts';
import { extraction } from './workloads/extraction.ts';
import { story } from './workloads/story.ts';
import { summary } from './workloads/summary.ts';
import type { Workload, WorkloadPrompt } from './workloads/workload.ts';

const cellCount = 4096;
const leastCountedTokenCount = 16;
type WorkloadName = Workload['name'];

interface Job {
  readonly workload: WorkloadName;
  readonly tokens: readonly number[];
  readonly outputTokenCount: number;
  /** What the loop without speculation answers. */
  readonly expected: readonly number[];
  readonly runnersUp: readonly RunnerUp[];
}

/** Milliseconds of all jobs of each workload, by round. */
type Times = Map<WorkloadName, number[]>;

interface Measured {
  readonly model: BenchedModel;
  readonly workload: WorkloadName;
  readonly tokenCount: number;
  readonly plainSpeed: number;
  readonly ratio: number;
  readonly draftedTokenCount: number;
  readonly acceptedTokenCount: number;
  readonly peer: { readonly speed: number; readonly ratio: number } | null;
}

/** Speed with speculation over speed without, in our loop and in llama-server with its best n-gram setting. */
export const speculate: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 9);
  const models = await benchedModels(setup);
  const measured: Measured[] = [];
  const notes: string[] = [];
  for (const model of models) measured.push(...(await measure(setup, model, repeatCount, notes)));

  const ratios = measured.map(({ ratio }) => ratio);
  const codeRatios = Object.fromEntries(
    measured
      .filter(({ workload }) => workload === 'code')
      .map(({ model, ratio }) => [model.name, rounded(ratio)]),
  );
  const withPeer = measured.flatMap((one) => (one.peer === null ? [] : [one.ratio / one.peer.ratio]));
  const worstOfPeer = withPeer.length > 0 ? Math.min(...withPeer) : null;
  return {
    figures: {
      code_ratio: codeRatios,
      best_ratio: rounded(Math.max(...ratios)),
      worst_ratio: rounded(Math.min(...ratios)),
      ...(worstOfPeer !== null && { worst_over_peer_gain: rounded(worstOfPeer) }),
    },
    targets: [
      ...Object.entries(codeRatios).map(([name, value]) => ({
        key: `code_ratio.${name}`,
        value,
        atLeast: 1.25,
      })),
      { key: 'best_ratio', value: Math.max(...ratios), atLeast: 1.5 },
      { key: 'worst_ratio', value: Math.min(...ratios), atLeast: 0.97 },
      ...(worstOfPeer === null ? [] : [{ key: 'worst_over_peer_gain', value: worstOfPeer, atLeast: 1 }]),
    ],
    rows: measured.map(rowOf),
    notes: [
      `Greedy, one stream, at most ${longestOf(setup)} tokens a prompt; medians of ${repeatCount} alternation(s). ` +
        'Speed is tokens after the first over the time from the first to the last, in our step loop in one process ' +
        'and by the timings that llama-server reports for the same tokens; prompts are cached and not counted.',
      'Only tokens before the first 8-gram that comes for the third time, and before the end of the answer, count; ' +
        `prompts with fewer than ${leastCountedTokenCount} of them are left out.`,
      ...(setup.isModelGiven
        ? []
        : [
            "SmolLM2's F16, Q8_0 and Q4_0 are made here of the pulled Q4_1: its speed, not the published weights'.",
          ]),
      ...(setup.quick ? ['Quick: fewer prompts, rounds and peer settings; no figure.'] : []),
      ...notes,
    ],
  };
};

const longestOf = (setup: BenchmarkSetup): number => (setup.quick ? 96 : 160);

async function measure(
  setup: BenchmarkSetup,
  model: BenchedModel,
  repeatCount: number,
  notes: string[],
): Promise<Measured[]> {
  const loaded = await loadInProcess({ ...setup, modelPath: model.path }, { cellCount, parallelCount: 1 });
  const plainContext = createContext(loaded.model, {
    cellCount,
    batchTokenCount: 512,
    sequenceCount: 256,
    outputCount: 1 + draftRowCount,
    threadCount: setup.threadCount,
  });
  const options = { parallelCount: 1, hostCacheBytes: 0, curve: loaded.curve };
  const noting = createEngineLoop(loaded.model, plainContext, { ...options, notesRunnersUp: true });
  setup.progress(`${model.name}: which tokens count`);
  const jobs = await createJobs(setup, loaded.model, noting);
  const plain = createEngineLoop(loaded.model, plainContext, options);
  const drafting = createEngineLoop(loaded.model, loaded.context, { ...options, speculation: 'auto' });
  try {
    // Brings the prompts into the caches.
    for (const loop of [plain, drafting]) await runAll(loop, jobs);
    const times = { plain: new Map() as Times, drafting: new Map() as Times };
    const answers: LoopAnswer[] = [];
    for (const [side, round] of alternating(['plain', 'drafting'] as const, repeatCount)) {
      setup.progress(`${model.name}: round ${round + 1} of ${repeatCount}, ${side}`);
      const own = await runAll(side === 'plain' ? plain : drafting, jobs);
      addTimes(
        times[side],
        jobs,
        own.map(({ decodeMs }) => decodeMs),
      );
      if (side === 'drafting') answers.push(...own);
    }
    notes.push(agreementNote(model, jobs, answers));
    const peer = await measurePeer(setup, model, jobs, repeatCount, notes);
    return workloadNames(jobs).map((workload): Measured => {
      const own = jobs.filter((job) => job.workload === workload);
      const tokenCount = own.reduce((sum, job) => sum + job.outputTokenCount - 1, 0);
      const drafted = answers.filter((_, index) => jobs[index % jobs.length]?.workload === workload);
      const count = (read: (answer: LoopAnswer) => number) =>
        drafted.reduce((sum, answer) => sum + read(answer), 0) / repeatCount;
      return {
        model,
        workload,
        tokenCount,
        plainSpeed: speedOf(tokenCount, times.plain, workload),
        ratio: ratioOf(times.plain, times.drafting, workload),
        draftedTokenCount: count((answer) => answer.draftedTokenCount),
        acceptedTokenCount: count((answer) => answer.acceptedTokenCount),
        peer: peer && {
          speed: speedOf(tokenCount, peer.plain, workload),
          ratio: ratioOf(peer.plain, peer.drafting, workload),
        },
      };
    });
  } finally {
    plainContext.close();
    loaded.close();
  }
}

/** Where answers part from those without, it must be at a near tie: batches of other widths round otherwise. */
function agreementNote(model: BenchedModel, jobs: readonly Job[], answers: readonly LoopAnswer[]): string {
  let [sameCount, tieCount] = [0, 0];
  const gaps: number[] = [];
  answers.forEach(({ tokens }, index) => {
    const job = jobs[index % jobs.length];
    const at = job?.expected.findIndex((token, position) => tokens[position] !== token) ?? -1;
    if (at < 0) {
      sameCount++;
      return;
    }
    const other = job?.runnersUp[at];
    const gap = other !== undefined && other.token === tokens[at] ? other.gap : Infinity;
    gaps.push(gap);
    if (gap <= nearTieGap) tieCount++;
  });
  const parted = answers.length - sameCount;
  const widest = gaps.length === 0 ? '' : ` (widest gap ${rounded(Math.max(...gaps), 3)} nats)`;
  return (
    `${model.name}: ${sameCount} of ${answers.length} answers are token for token those without speculation, ${parted} ` +
    `part, ${tieCount} of them at a near tie of at most ${nearTieGap} nats${widest}.`
  );
}

/** The prompts as tokens, and what counts of the answers. */
async function createJobs(setup: BenchmarkSetup, model: LlamaModel, loop: EngineLoop): Promise<Job[]> {
  const { vocabulary } = model;
  const wanted = longestOf(setup);
  const jobs: Job[] = [];
  for (const { name, prompts } of [code, extraction, summary, story]) {
    for (const prompt of setup.quick ? prompts.slice(0, 2) : prompts) {
      const tokens = promptTokens(model, prompt);
      const run = async (outputTokenCount: number) =>
        (await loop.run([{ tokens, outputTokenCount }])).answers[0];
      // The first run computes the prompt; the second finds it in the cache, as all later ones do.
      await run(1);
      const answer = await run(wanted);
      if (answer === undefined) continue;
      const counted = countedTokenCount(answer.tokens, (token) => vocabulary.isEndOfGeneration(token));
      if (counted < leastCountedTokenCount) continue;
      const expected = answer.tokens.slice(0, counted);
      jobs.push({ workload: name, tokens, outputTokenCount: counted, expected, runnersUp: answer.runnersUp });
    }
  }
  return jobs;
}

/** In ChatML where the vocabulary knows it; else, as for a base model, as plain text. */
function promptTokens({ vocabulary }: LlamaModel, { user, begin }: WorkloadPrompt): number[] {
  const isChat = vocabulary.tokenize('<|im_start|>', { addSpecial: false, parseSpecial: true }).length === 1;
  const text = isChat
    ? `<|im_start|>user\n${user}<|im_end|>\n<|im_start|>assistant\n${begin}`
    : `${user}\n${begin}`;
  return [...vocabulary.tokenize(text, { addSpecial: true, parseSpecial: isChat })];
}

async function runAll(loop: EngineLoop, jobs: readonly Job[]): Promise<LoopAnswer[]> {
  const answers: LoopAnswer[] = [];
  for (const job of jobs) answers.push(...(await loop.run([job])).answers);
  return answers;
}

async function measurePeer(
  setup: BenchmarkSetup,
  model: BenchedModel,
  jobs: readonly Job[],
  repeatCount: number,
  notes: string[],
): Promise<{ plain: Times; drafting: Times } | null> {
  const opened = await setup.openPeer();
  const settings = setup.quick ? peerSettings.slice(1, 2) : peerSettings;
  let best: { flags: readonly string[]; milliseconds: number } | null = null;
  const pass = async (server: Awaited<ReturnType<typeof startPeer>>): Promise<number[]> => {
    const milliseconds: number[] = [];
    for (const job of jobs) milliseconds.push(await peerDecodeMs(server, job));
    return milliseconds;
  };
  try {
    for (const flags of settings.length > 1 ? settings : []) {
      setup.progress(`${model.name}: llama-server ${flags.join(' ')}`);
      const server = await startPeer(opened, model.path, flags);
      await pass(server);
      const milliseconds = (await pass(server)).reduce((sum, one) => sum + one, 0);
      if (best === null || milliseconds < best.milliseconds) best = { flags, milliseconds };
      await server.stop();
    }
    const flags = best?.flags ?? settings[0] ?? [];
    notes.push(`${model.name}: llama-server with ${flags.join(' ')}.`);
    const servers = {
      plain: await startPeer(opened, model.path, []),
      drafting: await startPeer(opened, model.path, flags),
    };
    const times = { plain: new Map() as Times, drafting: new Map() as Times };
    for (const side of ['plain', 'drafting'] as const) await pass(servers[side]);
    for (const [side, round] of alternating(['plain', 'drafting'] as const, repeatCount)) {
      setup.progress(`${model.name}: llama-server, round ${round + 1} of ${repeatCount}, ${side}`);
      addTimes(times[side], jobs, await pass(servers[side]));
    }
    await servers.plain.stop();
    await servers.drafting.stop();
    return times;
  } catch (error) {
    killServers();
    throw error;
  }
}

function addTimes(times: Times, jobs: readonly Job[], milliseconds: readonly number[]): void {
  for (const workload of workloadNames(jobs)) {
    const total = jobs.reduce(
      (sum, job, index) => sum + (job.workload === workload ? (milliseconds[index] ?? 0) : 0),
      0,
    );
    times.set(workload, [...(times.get(workload) ?? []), total]);
  }
}

function workloadNames(jobs: readonly Job[]): WorkloadName[] {
  return [...new Set(jobs.map(({ workload }) => workload))];
}

function speedOf(tokenCount: number, times: Times, workload: WorkloadName): number {
  return (tokenCount * 1000) / median(times.get(workload) ?? []);
}

/** Of each round's time without over its time with, the median. */
function ratioOf(plain: Times, drafting: Times, workload: WorkloadName): number {
  const others = drafting.get(workload) ?? [];
  return median((plain.get(workload) ?? []).map((time, round) => time / (others[round] ?? NaN)));
}

function rowOf(one: Measured): Row {
  const { draftedTokenCount, acceptedTokenCount, tokenCount, peer } = one;
  return {
    label: `${one.model.name}, ${one.workload}`,
    cells: {
      tokens: tokenCount,
      'tokens/s without': rounded(one.plainSpeed, 4),
      ratio: rounded(one.ratio, 3),
      drafted: Math.round(draftedTokenCount),
      accepted: Math.round(acceptedTokenCount),
      'llama-server tokens/s without': peer === null ? '' : rounded(peer.speed, 4),
      'llama-server ratio': peer === null ? '' : rounded(peer.ratio, 3),
    },
  };
}
