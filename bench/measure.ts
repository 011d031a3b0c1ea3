import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { speedAt } from '../src/measure/weights-report.ts';
import { measuringText } from '../src/measure/text.ts';
import { measureWeightsFile } from '../src/measure/weights-job.ts';
import type { WeightsFileMeasurement } from '../src/measure/weights.ts';
import { alternating, type Benchmark, type BenchmarkSetup, type Row } from './benchmark.ts';
import { builtKernels } from './built-kernels.ts';
import { speedSides, type MeasureState, type Quality, type Speeds, type SpeedSide } from './measure-state.ts';
import type { Peer } from './peer.ts';
import { keepResumed, readResumed } from './resume-file.ts';
import { smolAs } from './speculate-models.ts';
import { median, rounded } from './stats.ts';

const baseFormat = 'F16';
const formats = ['Q8_0', 'Q4_0', 'Q4_K_M'];
const windowTokenCount = 512;
/** KL divergences that lie this near count as equal: what 16 bits a word leave out. */
const equalNats = 0.0002;

/** With whether both sides may hold weights in the order that the CPU's fast kernels want. */
type Setup = BenchmarkSetup & { readonly repacks: boolean };

/**
 * The same files measured by nearfar and by llama.cpp's own tools: quality once, speed in alternating runs. With `--resume` what is
 * measured is kept; with `--minutes` nothing new is begun after so many.
 */
export const measure: Benchmark = async (given) => {
  const startedAt = performance.now();
  const isLate = () => given.minutes !== null && performance.now() - startedAt >= given.minutes * 60_000;
  const peer = await given.openPeer();
  const setup: Setup = { ...given, repacks: await canRepack(given, peer) };
  const kernels = await builtKernels(setup);
  const state = await readResumed<MeasureState>(setup.resumePath, {
    key: `${setup.threadCount} threads, ${peer.version}, ${kernels.record.library} and its kernels of ${kernels.record.builtAt}`,
    ...{ quality: {}, speeds: {} },
  });
  const save = () => keepResumed(setup.resumePath, state);
  const folder = await mkdtemp(join(tmpdir(), 'nearfar-measure-'));
  try {
    const textPath = join(folder, 'text.txt');
    await writeFile(textPath, measuringText);
    await measureQualities(setup, peer, { folder, textPath }, state, save);
    const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 5);
    const speedFormats = setup.quick ? ['Q4_0'] : [baseFormat, 'Q8_0', 'Q4_0'];
    for (const format of speedFormats) {
      const path = await smolAs(format, setup);
      const runs = (state.speeds[format] ??= { own: [], theirs: [], built: [] });
      for (const [side, repeat] of alternating(speedSides, repeatCount)) {
        if (runs[side].length > repeat || isLate()) continue;
        setup.progress(`speed of ${format}, ${side}, run ${repeat + 1}`);
        runs[side].push(
          side === 'theirs'
            ? await peerSpeeds(setup, peer, path)
            : await ownSpeeds(setup, path, folder, side === 'built' ? kernels.file : null),
        );
        await save();
      }
      if (speedSides.some((side) => runs[side].length < repeatCount))
        throw new Error('not everything is measured yet: run it again with the same --resume');
    }
    const rows: Row[] = Object.entries(state.quality).map(([format, { own, theirs }]) => ({
      label: `${format}, quality`,
      cells: qualityCells(own, theirs),
    }));
    const qualities = Object.values(state.quality);
    const perplexityErrors = qualities.map(({ own, theirs }) =>
      Math.abs(own.perplexity / theirs.perplexity - 1),
    );
    const divergenceErrors = qualities.flatMap(
      ({ own, theirs }) => errorOf(own.divergence, theirs.divergence) ?? [],
    );
    const speedErrors: number[] = [];
    const builtErrors: number[] = [];
    for (const format of speedFormats) {
      const runs = state.speeds[format] ?? { own: [], theirs: [], built: [] };
      speedErrors.push(...speedErrorsOf(runs.own, runs.theirs));
      builtErrors.push(...speedErrorsOf(runs.built, runs.theirs));
      const speeds = middleOf(runs);
      rows.push({ label: `${format}, speed`, cells: speedCells(speeds.own, speeds.theirs) });
      rows.push({
        label: `${format}, speed, kernels built here`,
        cells: speedCells(speeds.built, speeds.theirs),
      });
    }
    const figures = {
      perplexity_error: rounded(Math.max(...perplexityErrors), 3),
      kl_error: rounded(Math.max(...divergenceErrors), 3),
      speed_error: rounded(Math.max(...speedErrors), 3),
      speed_error_built: rounded(Math.max(...builtErrors), 3),
    };
    return {
      figures,
      targets: [
        { key: 'perplexity_error', value: figures.perplexity_error, atMost: 0.01 },
        { key: 'kl_error', value: figures.kl_error, atMost: 0.01 },
        { key: 'speed_error', value: figures.speed_error, atMost: 0.05 },
        { key: 'speed_error_built', value: figures.speed_error_built, atMost: 0.05 },
      ],
      rows,
      notes: [
        `The text of src/measure/text.ts in windows of ${windowTokenCount}; the base is an F16 file made of SmolLM2's Q4_1, for both sides the same one. llama-perplexity and llama-bench with their own defaults but the threads; other builds of the same kernels.`,
        `kl_error is the relative difference of the mean divergences, or where it is smaller their difference in nats as a share of ${equalNats} nats times 1%: at most 0.01 is within 1% or within ${equalNats} nats.`,
        ...(setup.repacks
          ? []
          : [
              `The peer's build crashes in its kernels for repacked weights (AMX) on this processor: both sides ran without them. llama-perplexity with --no-repack, llama-bench with --repack 0, ours with use_extra_bufts off.`,
            ]),
        `speed_error is over prefill (pp512) and decode (tg128), each the median over ${repeatCount} turns of ours over llama-bench's in the same turn, for the machine's speed drifts; every run is the mean of 3 rounds, and the table has medians of each side. speed_error: nearfar as it is shipped. speed_error_built: the same measurement with the CPU kernels that \`nearfar kernels build\` compiles (${kernels.record.compiler}), as the peer's are, from the source of the shipped ones: what is left is the measurement's own, and the peer's version.`,
        `The shipped kernels were compiled by GCC 11.4, which stores all sums of the F16 kernel's tiles in every round (decision 235).`,
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** The peer's build for some processors crashes in its AMX kernels: then neither side uses them. */
async function canRepack(setup: BenchmarkSetup, peer: Peer): Promise<boolean> {
  const path = await smolAs('Q4_0', setup);
  const flags = ['-p', '64', '-n', '1', '-r', '1', '-t', String(setup.threadCount)];
  return peer.run('llama-bench', ['-m', path, ...flags]).then(
    () => true,
    () => false,
  );
}

function errorOf(own: number | null, theirs: number | null): number | null {
  if (own === null || theirs === null) return null;
  const difference = Math.abs(own - theirs);
  return Math.min(difference / theirs, (0.01 * difference) / equalNats);
}

function own(
  setup: Setup,
  path: string,
  basePath: string,
  isBase: boolean,
  measuresSpeed: boolean,
  kernels: string | null = null,
) {
  return measureWeightsFile({
    path,
    basePath,
    isBase,
    backend: 'cpu',
    threadCount: setup.threadCount,
    text: null,
    windowTokenCount,
    // Two windows where only the speed is asked for.
    windowCount: measuresSpeed ? 2 : null,
    measuresSpeed,
    repacksWeights: setup.repacks,
    builtKernels: kernels,
  });
}

/** All formats or none: the others need the base's logits, which are not kept. */
async function measureQualities(
  setup: Setup,
  peer: Peer,
  { folder, textPath }: { readonly folder: string; readonly textPath: string },
  state: MeasureState,
  save: () => Promise<void>,
): Promise<void> {
  const wanted = [baseFormat, ...formats];
  if (wanted.every((format) => state.quality[format] !== undefined)) return;
  const found: MeasureState['quality'] = {};
  for (const format of wanted) {
    setup.progress(`quality of ${format}`);
    const path = await smolAs(format, setup);
    const isBase = format === baseFormat;
    const base = join(folder, 'peer.logits');
    found[format] = {
      own: await ownQuality(setup, path, isBase, join(folder, 'own.logits')),
      theirs: await peerQuality(setup, peer, { path, isBase, textPath, base }),
    };
  }
  Object.assign(state.quality, found);
  await save();
}

async function ownQuality(setup: Setup, path: string, isBase: boolean, basePath: string): Promise<Quality> {
  const { perplexity, against } = await own(setup, path, basePath, isBase, false);
  return {
    perplexity: perplexity.mean,
    divergence: against?.divergence.mean ?? null,
    topAgreement: against?.topAgreement.mean ?? null,
  };
}

async function peerQuality(
  setup: Setup,
  peer: Peer,
  file: { readonly path: string; readonly isBase: boolean; readonly textPath: string; readonly base: string },
): Promise<Quality> {
  const common = ['-m', file.path, '-t', String(setup.threadCount), '--kl-divergence-base', file.base];
  if (!setup.repacks) common.push('--no-repack');
  if (file.isBase) {
    const said = await peer.run('llama-perplexity', [...common, '-f', file.textPath]);
    return {
      perplexity: figureIn(said, /Final estimate: PPL = ([\d.]+)/),
      divergence: null,
      topAgreement: null,
    };
  }
  const said = await peer.run('llama-perplexity', [...common, '--kl-divergence']);
  return {
    perplexity: figureIn(said, /Mean PPL\(Q\)\s*:\s*([\d.]+)/),
    divergence: figureIn(said, /Mean\s+KLD:\s*([-\d.]+)/),
    topAgreement: figureIn(said, /Same top p:\s*([\d.]+)/) / 100,
  };
}

/** @throws Error where the program did not say it */
function figureIn(said: string, pattern: RegExp): number {
  const found = Number(pattern.exec(said)?.[1] ?? NaN);
  if (Number.isFinite(found)) return found;
  throw new Error(`The peer did not say ${pattern.source}: ${said.slice(-500)}`);
}

function qualityCells(own: Quality, theirs: Quality): Row['cells'] {
  const shown = (value: number | null): string | number => (value === null ? 'base' : rounded(value, 5));
  return {
    perplexity: shown(own.perplexity),
    "peer's": shown(theirs.perplexity),
    'KL, nats': shown(own.divergence),
    "peer's KL": shown(theirs.divergence),
    'same top': shown(own.topAgreement),
    "peer's top": shown(theirs.topAgreement),
  };
}

/** Of prefill and decode, the median over the turns of what ours was over theirs in the same turn: the machine's speed drifts. */
function speedErrorsOf(own: readonly Speeds[], theirs: readonly Speeds[]): number[] {
  return (['prefill', 'decode'] as const).map((kind) =>
    Math.abs(median(own.map((run, turn) => run[kind] / (theirs[turn]?.[kind] ?? NaN))) - 1),
  );
}

/** Of each side, the medians over its runs. */
function middleOf(runs: Readonly<Record<SpeedSide, readonly Speeds[]>>): Readonly<Record<SpeedSide, Speeds>> {
  const middle = (list: readonly Speeds[]): Speeds => ({
    prefill: median(list.map(({ prefill }) => prefill)),
    decode: median(list.map(({ decode }) => decode)),
  });
  return { own: middle(runs.own), theirs: middle(runs.theirs), built: middle(runs.built) };
}

async function ownSpeeds(
  setup: Setup,
  path: string,
  folder: string,
  kernels: string | null,
): Promise<Speeds> {
  const logits = join(folder, 'speed.logits');
  const measured: WeightsFileMeasurement = await own(setup, path, logits, true, true, kernels);
  if ((kernels === null) !== (measured.kernels === 'shipped')) throw new Error('Other kernels computed.');
  const one = speedAt(measured, 1);
  return {
    prefill: one?.prefillTokensPerSecond.mean ?? NaN,
    decode: one?.decodeTokensPerSecond.mean ?? NaN,
  };
}

async function peerSpeeds(setup: Setup, peer: Peer, path: string): Promise<Speeds> {
  const flags = ['-p', '512', '-n', '128', '-r', '3', '-o', 'json', '-t', String(setup.threadCount)];
  if (!setup.repacks) flags.push('--repack', '0');
  const said = await peer.run('llama-bench', ['-m', path, ...flags]);
  const tests = JSON.parse(said.slice(said.indexOf('['), said.lastIndexOf(']') + 1)) as readonly {
    readonly n_prompt: number;
    readonly n_gen: number;
    readonly avg_ts: number;
  }[];
  const speed = (isPrefill: boolean): number =>
    tests.find((test) => (isPrefill ? test.n_prompt > 0 : test.n_gen > 0))?.avg_ts ?? NaN;
  return { prefill: speed(true), decode: speed(false) };
}

function speedCells(own: Speeds, theirs: Speeds): Row['cells'] {
  return {
    'prefill, tokens/s': rounded(own.prefill),
    "peer's prefill": rounded(theirs.prefill),
    'decode, tokens/s': rounded(own.decode),
    "peer's decode": rounded(theirs.decode),
  };
}
