import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Benchmark, BenchmarkSetup, Row, Target } from './benchmark.ts';
import type { Peer } from './peer.ts';
import { benchedModels, type BenchedModel } from './speculate-models.ts';
import { leastCountedTokenCount, longestOf, measureOwn } from './speculate-own.ts';
import { bestFlags, measurePeer } from './speculate-peer.ts';
import {
  emptyModelState,
  type Job,
  type ModelState,
  type SideTimes,
  type SpeculateState,
} from './speculate-state.ts';
import { keepResumed, readResumed } from './resume-file.ts';
import { median, rounded } from './stats.ts';

type WorkloadName = Job['workload'];

interface Measured {
  readonly model: BenchedModel;
  readonly workload: WorkloadName;
  readonly tokenCount: number;
  readonly plainSpeed: number;
  readonly ratio: number;
  /** Of a round. */
  readonly draftedTokenCount: number;
  readonly acceptedTokenCount: number;
  readonly peer: { readonly speed: number; readonly ratio: number } | null;
}

/** Speed with speculation over speed without, in our loop and in llama-server with its best n-gram setting. */
export const speculate: Benchmark = async (setup) => {
  const startedAt = performance.now();
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 9);
  const key = `${setup.quick ? 'quick, ' : ''}${setup.threadCount} threads, ${setup.kernels === null ? '' : 'kernels built here, '}sources ${await sourceDigest()}`;
  const state = await readResumed<SpeculateState>(setup.resumePath, { key, models: {} });
  const rounds = {
    repeatCount,
    hasTime: () => setup.minutes === null || performance.now() - startedAt < setup.minutes * 60_000,
    save: () => keepResumed(setup.resumePath, state),
  };
  let peer: Promise<Peer> | null = null;
  const openPeer = () => (peer ??= setup.openPeer());
  const models = await benchedModels(setup);
  for (const model of models) {
    const own = (state.models[model.name] ??= emptyModelState());
    await measureOwn(setup, model, own, rounds);
    // Soon after, for the machine's speed drifts. Of llama-server only the n-gram drafters are compared.
    if (model.draftPath === null) await measurePeer(setup, model, own, rounds, openPeer);
  }
  const measured = models.flatMap((model) =>
    measuredOf(model, state.models[model.name] ?? emptyModelState()),
  );
  if (measured.length === 0) throw new Error('nothing was measured in the time that was given');
  return {
    ...figuresOf(measured, unexplainedCount(state)),
    rows: measured.map(rowOf),
    notes: [
      `Greedy, one stream, at most ${longestOf(setup)} tokens a prompt; medians over the alternations. ` +
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
      ...models.flatMap((model) => modelNotes(setup, model, state.models[model.name], repeatCount)),
    ],
  };
};

/** Rounds of different engines or workloads must not be joined: a digest of their sources. */
async function sourceDigest(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['../src/engine/', './workloads/']) {
    const root = new URL(folder, import.meta.url);
    const names = (await readdir(root, { recursive: true })).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.startsWith('testing'),
    );
    for (const name of names.sort()) hash.update(name).update(await readFile(new URL(name, root)));
  }
  return hash.digest('hex').slice(0, 12);
}

function figuresOf(measured: readonly Measured[], unexplained: number) {
  const ratios = measured.map(({ ratio }) => ratio);
  const byModel = (rows: readonly Measured[]) =>
    Object.fromEntries(rows.map(({ model, ratio }) => [model.name, rounded(ratio)]));
  const lookups = measured.filter(({ model }) => model.draftPath === null);
  const codeRatios = byModel(lookups.filter(({ workload }) => workload === 'code'));
  const withPeer = measured.flatMap((one) => (one.peer === null ? [] : [one.ratio / one.peer.ratio]));
  const worstOfPeer = withPeer.length > 0 ? Math.min(...withPeer) : null;
  const targets: Target[] = [
    ...Object.entries(codeRatios).map(([name, value]) => ({
      key: `code_ratio.${name}`,
      value,
      atLeast: 1.25,
    })),
    { key: 'best_ratio', value: Math.max(...ratios), atLeast: 1.5 },
    { key: 'worst_ratio', value: Math.min(...ratios), atLeast: 0.97 },
    ...(worstOfPeer === null ? [] : [{ key: 'worst_over_peer_gain', value: worstOfPeer, atLeast: 1 }]),
    { key: 'parted_beyond_noise', value: unexplained, atMost: 0 },
  ];
  return {
    figures: {
      code_ratio: codeRatios,
      best_ratio: rounded(Math.max(...ratios)),
      worst_ratio: rounded(Math.min(...ratios)),
      ...(worstOfPeer !== null && { worst_over_peer_gain: rounded(worstOfPeer) }),
      parted_beyond_noise: unexplained,
    },
    targets,
  };
}

/** Answers that part from those without drafts where the shapes of batches do not explain it. */
function unexplainedCount({ models }: SpeculateState): number {
  return Object.values(models).reduce(
    (sum, { agreement: { partedCount, tieCount } }) => sum + partedCount - tieCount,
    0,
  );
}

function measuredOf(model: BenchedModel, state: ModelState): Measured[] {
  const { jobs, ours, peer, drafted, accepted } = state;
  const roundCount = ours.drafting.length;
  if (roundCount === 0) return [];
  return [...new Set(jobs.map(({ workload }) => workload))].map((workload): Measured => {
    const tokenCount = jobs.reduce(
      (sum, job) => sum + (job.workload === workload ? job.outputTokenCount - 1 : 0),
      0,
    );
    const perRound = (rounds: readonly (readonly number[])[]): number =>
      totals(jobs, rounds, workload).reduce((sum, one) => sum + one, 0) / roundCount;
    return {
      model,
      workload,
      tokenCount,
      plainSpeed: speedOf(tokenCount, jobs, ours, workload),
      ratio: ratioOf(jobs, ours, workload),
      draftedTokenCount: perRound(drafted),
      acceptedTokenCount: perRound(accepted),
      peer:
        peer.drafting.length === 0
          ? null
          : { speed: speedOf(tokenCount, jobs, peer, workload), ratio: ratioOf(jobs, peer, workload) },
    };
  });
}

function modelNotes(
  setup: BenchmarkSetup,
  model: BenchedModel,
  state: ModelState | undefined,
  repeatCount: number,
): string[] {
  if (state === undefined) return [];
  const { sameCount, partedCount, tieCount, widestGap } = state.agreement;
  const { noise } = state;
  const widest =
    partedCount === 0
      ? ''
      : widestGap === null
        ? ' (one at a token that was not among the eight likeliest)'
        : ` (widest gap ${rounded(widestGap, 3)} nats)`;
  const flags = model.draftPath === null ? bestFlags(state, setup) : null;
  const counts =
    `${state.ours.drafting.length} of ${repeatCount} alternations` +
    (model.draftPath === null ? `, llama-server ${state.peer.drafting.length}` : '');
  return [
    `${model.name}: ${counts}; ${sameCount} of ${sameCount + partedCount} answers are token for token those without ` +
      `speculation, ${partedCount} part${widest}, ${tieCount} of them within what other batches move the gap between two ` +
      `likely tokens by (up to ${rounded(noise?.largest ?? 0, 3)} nats, median ${rounded(noise?.median ?? 0, 2)}).`,
    ...(flags === null ? [] : [`${model.name}: llama-server with ${flags.join(' ')}.`]),
  ];
}

/** Of each round, over the jobs of a workload. */
function totals(
  jobs: readonly Job[],
  rounds: readonly (readonly number[])[],
  workload: WorkloadName,
): readonly number[] {
  return rounds.map((round) =>
    round.reduce((sum, value, index) => sum + (jobs[index]?.workload === workload ? value : 0), 0),
  );
}

function speedOf(
  tokenCount: number,
  jobs: readonly Job[],
  { plain }: SideTimes,
  workload: WorkloadName,
): number {
  return (tokenCount * 1000) / median([...totals(jobs, plain, workload)]);
}

/** Of each round's time without over its time with, the median. */
function ratioOf(jobs: readonly Job[], { plain, drafting }: SideTimes, workload: WorkloadName): number {
  const others = totals(jobs, drafting, workload);
  const ratios = totals(jobs, plain, workload).map((time, round) => time / (others[round] ?? NaN));
  return median(ratios.slice(0, others.length));
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
