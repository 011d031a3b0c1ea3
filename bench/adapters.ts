import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLora } from '../src/engine/llama/testing/lora-writer.ts';
import { readGguf } from '../src/models/gguf.ts';
import { compareTranscripts } from './agreement.ts';
import { alternating, type Benchmark, type BenchmarkSetup, type Row, type Side } from './benchmark.ts';
import type { Peer } from './peer.ts';
import { proseWords } from './prompts.ts';
import { ask, readComplete, record, requireSameCounts, startPeerSide } from './sides.ts';
import { median, rounded, summarize } from './stats.ts';
import type { ChatJob } from './stream-client.ts';

const streamCount = 8;
const outputTokenCount = 64;
const promptWordCount = 120;
/** What each stream of a mixed run asks: the model alone, or one of the two adapters. */
const mixed = [0, 1, 2, 0, 1, 2, 0, 1];
const alone = mixed.map(() => 0);
const names = ['near', 'bench-one', 'bench-two'];

interface Contender {
  readonly label: string;
  readonly start: () => Promise<Side>;
  /** How this side is asked for an adapter; 0 = none. */
  readonly fieldsOf: (adapter: number) => Readonly<Record<string, unknown>>;
}

interface Outcome {
  readonly tokensPerSecond: number;
  readonly medianFirstTokenMs: number;
  readonly worstFirstTokenMs: number;
}

/** Eight streams at once over a model and two adapters of rank 8, and the same eight over the model alone. */
export const adapters: Benchmark = async (setup) => {
  const folder = await mkdtemp(join(tmpdir(), 'nearfar-adapters-'));
  try {
    const files = await writeAdapters(setup.modelPath, folder);
    return await measure(setup, files);
  } finally {
    await rm(folder, { recursive: true });
  }
};

async function writeAdapters(modelPath: string, folder: string): Promise<readonly string[]> {
  const header = await readGguf(modelPath);
  const targets = ['attn_q.weight', 'attn_k.weight', 'attn_v.weight', 'attn_output.weight'];
  return [1, 2].map((seed) => {
    const path = join(folder, `adapter-${seed}.gguf`);
    writeLora(path, { header, size: 0.05, seed, rank: 8, alpha: 8, targets });
    return path;
  });
}

function contendersOf(setup: BenchmarkSetup, peer: Peer, files: readonly string[]): readonly Contender[] {
  const setting = Object.fromEntries(
    files.map((path, index) => [names[index + 1] ?? '', { model: 'near', reference: `file:${path}` }]),
  );
  const flags = ['-np', String(streamCount), '-c', String(streamCount * 1024)];
  return [
    {
      label: 'nearfar',
      start: () => setup.nearfar.start([`adapters=${JSON.stringify(setting)}`]),
      fieldsOf: (adapter) => ({ model: names[adapter] }),
    },
    {
      label: ['llama-server', ...flags, '--lora A,B'].join(' '),
      start: () => startPeerSide(peer, [...flags, '--lora', files.join(',')]),
      fieldsOf: (adapter) => ({
        lora: [1, 2].map((one) => ({ id: one - 1, scale: one === adapter ? 1 : 0 })),
      }),
    },
  ];
}

async function measure(setup: BenchmarkSetup, files: readonly string[]) {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 5);
  const contenders = contendersOf(setup, await setup.openPeer(), files);
  const sides = new Map<Contender, Side>();
  const outcomes = new Map<string, Outcome[]>();
  try {
    for (const contender of contenders) sides.set(contender, await contender.start());
    setup.progress('comparing texts');
    const agreement = await verify(sides);
    let seed = 0;
    for (const [contender, repeat] of alternating(contenders, repeatCount)) {
      const side = sides.get(contender);
      if (side === undefined) continue;
      for (const [kind, plan] of [['mixed', mixed] as const, ['alone', alone] as const]) {
        setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${contender.label}, ${kind}`);
        const key = `${contender.label}, ${kind}`;
        // No two prompts alike: what is cached is not what is compared.
        const outcome = await run(side, contender, plan, (seed += streamCount));
        outcomes.set(key, [...(outcomes.get(key) ?? []), outcome]);
      }
    }
    return report(contenders, outcomes, repeatCount, agreement);
  } finally {
    for (const side of sides.values()) await side.stop();
  }
}

async function run(
  side: Side,
  { fieldsOf }: Contender,
  plan: readonly number[],
  seed: number,
): Promise<Outcome> {
  const jobs = plan.map((adapter, index): ChatJob => ({
    system: null,
    user: proseWords(9000 + seed + index, promptWordCount).join(' '),
    outputTokenCount,
    fields: fieldsOf(adapter),
  }));
  const startedAt = performance.now();
  const recordings = await Promise.all(jobs.map((job) => record(side, job)));
  const seconds = (performance.now() - startedAt) / 1000;
  const firstTokens = recordings.map((recording, index) => {
    const job = jobs[index];
    if (job === undefined) throw new Error(`stream ${index} was not run`);
    const transcript = readComplete(side, job, recording);
    return (transcript.tokens[0]?.at ?? recording.endedAt) - recording.startedAt;
  });
  return {
    tokensPerSecond: (jobs.length * outputTokenCount) / seconds,
    medianFirstTokenMs: median(firstTokens),
    worstFirstTokenMs: Math.max(...firstTokens),
  };
}

/** Both sides must give the same text for the model and for each adapter, and three texts must differ. Warms up, too. */
async function verify(sides: ReadonlyMap<Contender, Side>): Promise<string> {
  const found: string[] = [];
  const texts = new Set<string>();
  for (const [adapter, name] of names.entries()) {
    const transcripts = [];
    for (const [{ fieldsOf }, side] of sides) {
      const user = 'Write two sentences about a river.';
      const job = { system: null, user, outputTokenCount: 32, topLogprobs: 10, fields: fieldsOf(adapter) };
      transcripts.push({ side, transcript: await ask(side, job) });
    }
    const [ours, theirs] = transcripts;
    if (ours === undefined || theirs === undefined) throw new Error('two sides are compared');
    requireSameCounts(ours.side, ours.transcript, theirs.side, theirs.transcript);
    const agreement = compareTranscripts(ours.transcript, theirs.transcript);
    if (!agreement.identical && !agreement.nearTie) {
      throw new Error(`the sides part with ${name}: ${ours.transcript.text} / ${theirs.transcript.text}`);
    }
    texts.add(ours.transcript.text);
    found.push(agreement.identical ? `${name} identical` : `${name} parts at a near tie`);
  }
  if (texts.size < names.length) throw new Error('an adapter changes nothing');
  return found.join(', ');
}

function report(
  contenders: readonly Contender[],
  outcomes: ReadonlyMap<string, readonly Outcome[]>,
  repeatCount: number,
  agreement: string,
) {
  const of = (contender: Contender | undefined, kind: string): readonly Outcome[] =>
    outcomes.get(`${contender?.label ?? ''}, ${kind}`) ?? [];
  const speed = (contender: Contender | undefined, kind: string): number =>
    median(of(contender, kind).map((one) => one.tokensPerSecond));
  const firstMs = (contender: Contender | undefined, kind: string): number =>
    median(of(contender, kind).map((one) => one.medianFirstTokenMs));
  const [ours, theirs] = contenders;
  const figures = {
    ratio: rounded(speed(ours, 'mixed') / speed(theirs, 'mixed')),
    first_token_ratio: rounded(firstMs(theirs, 'mixed') / firstMs(ours, 'mixed')),
    kept: rounded(speed(ours, 'mixed') / speed(ours, 'alone')),
    kept_by_peer: rounded(speed(theirs, 'mixed') / speed(theirs, 'alone')),
  };
  const rows = [...outcomes].map(([label, list]): Row => {
    const { median: middle, min, max } = summarize(list.map((one) => one.tokensPerSecond));
    return {
      label,
      cells: {
        'tokens/s': rounded(middle),
        'min-max': `${rounded(min)}-${rounded(max)}`,
        'first token ms': rounded(median(list.map((one) => one.medianFirstTokenMs))),
        'last of 8 ms': rounded(median(list.map((one) => one.worstFirstTokenMs))),
      },
    };
  });
  return {
    figures,
    targets: [{ key: 'ratio', value: figures.ratio, atLeast: 1 }],
    rows,
    notes: [
      `${streamCount} streams begin at once, of about 250 prompt tokens, all different, and ${outputTokenCount} out; mixed: 3 of the model ` +
        `alone, 3 and 2 of two adapters (rank 8, on the four matrices of attention); alone: all of the model. ` +
        `${repeatCount} alternating repeats on two servers that ran throughout.`,
      'ratio and first_token_ratio: ours over llama-server’s, mixed; above 1 we are quicker. kept: mixed over alone.',
      `Checked: the same greedy text of 32 tokens on both sides: ${agreement}; three different texts.`,
    ],
  };
}
