import { alternating, type Benchmark, type BenchmarkSetup, type Row, type Side } from './benchmark.ts';
import { countPeerTokens, type Peer } from './peer.ts';
import { proseOfTokens } from './prompts.ts';
import { ask, readComplete, record, startPeerSide, verifyAgreement } from './sides.ts';
import { median, rounded, summarize } from './stats.ts';
import type { ChatJob, Recording } from './stream-client.ts';
import type { Transcript } from './transcript.ts';

const chatCount = 32;
const atOnce = 16;
const systemTokenCount = 950;
const outputTokenCount = 64;

interface Contender {
  readonly label: string;
  readonly start: () => Promise<Side>;
}

/** Seconds for all chats of a burst, and what came of them. */
interface Burst {
  readonly seconds: number;
  readonly medianFirstTokenMs: number;
  readonly transcripts: readonly Transcript[];
}

interface Outcome {
  readonly cold: Burst;
  readonly warm: Burst;
}

/** 32 chats with one long system prompt, 16 at a time, on a fresh server, and the same again while it is warm. */
export const burst: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 3);
  const peer = await setup.openPeer();
  const ours: Contender = { label: 'nearfar', start: () => setup.nearfar.start() };
  const defaults = contenderOf(peer, ['-np', '16']);
  const { agreement, systems } = await prepare(setup, ours, peer, repeatCount + 1);
  // Every configuration once; those that led then meet us in every repeat.
  const tuned = configurations(setup.quick).map((flags) => contenderOf(peer, flags));
  const trial = new Map<Contender, Outcome>();
  for (const contender of tuned) {
    setup.progress(`trial: ${contender.label}`);
    trial.set(contender, await runContender(contender, systems[setup.quick ? 0 : repeatCount] ?? ''));
  }
  const leaders = leadersOf(trial);
  const outcomes = new Map<Contender, Outcome[]>();
  // Quick: the trial is the leaders' only run, and one repeat is all.
  if (setup.quick) {
    for (const leader of leaders)
      outcomes.set(
        leader,
        [...trial].flatMap(([one, run]) => (one === leader ? [run] : [])),
      );
  }
  const repeated = setup.quick ? [ours, defaults] : [ours, defaults, ...leaders];
  for (const [contender, repeat] of alternating(repeated, setup.quick ? 1 : repeatCount)) {
    setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${contender.label}`);
    const outcome = await runContender(contender, systems[repeat] ?? '');
    outcomes.set(contender, [...(outcomes.get(contender) ?? []), outcome]);
  }
  const counts = requireSameCounts(outcomes);
  const time = (one: Contender, state: keyof Outcome): number =>
    median((outcomes.get(one) ?? []).map((outcome) => outcome[state].seconds));
  // The defaults are themselves a split configuration of 16 and may be the best.
  const best = (state: keyof Outcome): number =>
    Math.min(...[...leaders, defaults].map((one) => time(one, state)));
  const figures = {
    cold_ratio: best('cold') / time(ours, 'cold'),
    warm_ratio: best('warm') / time(ours, 'warm'),
    default_ratio: time(defaults, 'cold') / time(ours, 'cold'),
  };
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
    targets: [
      { key: 'cold_ratio', value: figures.cold_ratio, atLeast: 1.25 },
      { key: 'warm_ratio', value: figures.warm_ratio, atLeast: 1 },
      { key: 'default_ratio', value: figures.default_ratio, atLeast: 1.7 },
    ],
    rows: [
      ...[ours, defaults, ...leaders].map((one) => rowOf(one.label, outcomes.get(one) ?? [])),
      ...[...trial].map(([one, outcome]) => rowOf(`trial: ${one.label}`, [outcome])),
    ],
    notes: [
      `${chatCount} chats, ${atOnce} at a time, one ${systemTokenCount}-token system prompt, ${outputTokenCount} ` +
        `tokens out; ${repeatCount} alternating repeats, each with a new system prompt on a fresh server that had ` +
        'answered one short chat; warm is the same burst again on the same server.',
      'llama-server was tried once in each configuration (trial); the two best cold and the best warm then ran in ' +
        'every repeat. -np 16 alone is its default at 16 slots.',
      `Checked: ${counts}; ${agreement}.`,
    ],
  };
};

/** `-c` gives every slot 2,048 tokens, which is room for a whole chat. */
function configurations(quick: boolean): string[][] {
  return (quick ? [16] : [4, 8, 16]).flatMap((slots) => {
    const flags = ['-np', String(slots), '-c', String(slots * 2048)];
    return [
      [...flags, '--no-kv-unified'],
      [...flags, '--kv-unified'],
    ];
  });
}

function contenderOf(peer: Peer, flags: readonly string[]): Contender {
  return { label: ['llama-server', ...flags].join(' '), start: () => startPeerSide(peer, flags) };
}

function leadersOf(trial: ReadonlyMap<Contender, Outcome>): Contender[] {
  const ranked = (state: keyof Outcome): Contender[] =>
    [...trial].toSorted((a, b) => a[1][state].seconds - b[1][state].seconds).map(([one]) => one);
  return [...new Set([...ranked('cold').slice(0, 2), ...ranked('warm').slice(0, 1)])];
}

async function prepare(setup: BenchmarkSetup, ours: Contender, peer: Peer, systemCount: number) {
  setup.progress('comparing texts, making prompts');
  const mine = await ours.start();
  try {
    const theirs = await startPeerSide(peer, []);
    try {
      const agreement = await verifyAgreement(mine, theirs);
      const systems: string[] = [];
      for (let index = 0; index < systemCount; index++) {
        systems.push(
          await proseOfTokens(5000 + index, systemTokenCount, (text) => countPeerTokens(theirs.origin, text)),
        );
      }
      return { agreement, systems };
    } finally {
      await theirs.stop();
    }
  } finally {
    await mine.stop();
  }
}

async function runContender(contender: Contender, system: string): Promise<Outcome> {
  const side = await contender.start();
  try {
    await ask(side, { system: null, user: 'Say hello.', outputTokenCount: 8 });
    const cold = await runBurst(side, system);
    const warm = await runBurst(side, system);
    return { cold, warm };
  } finally {
    await side.stop();
  }
}

async function runBurst(side: Side, system: string): Promise<Burst> {
  const animals = ['cat', 'dog', 'horse', 'heron'];
  const jobs = Array.from({ length: chatCount }, (_, index): ChatJob => {
    const user = `Tell me short story number ${index} about a ${animals[index % animals.length] ?? ''}.`;
    return { system, user, outputTokenCount };
  });
  const startedAt = performance.now();
  const waiting = jobs.entries();
  const recordings: Recording[] = [];
  const worker = async (): Promise<void> => {
    // One iterator for all workers: each takes the next chat as soon as its last one has ended.
    for (const [index, job] of waiting) recordings[index] = await record(side, job);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  const transcripts = jobs.map((job, index) => {
    const recording = recordings[index];
    if (recording === undefined) throw new Error(`chat ${index} was not run`);
    return readComplete(side, job, recording);
  });
  const firstTokens = recordings.map(
    (recording, index) => (transcripts[index]?.tokens[0]?.at ?? recording.endedAt) - recording.startedAt,
  );
  return { seconds, medianFirstTokenMs: median(firstTokens), transcripts };
}

/** Every side must have had the same prompts in every repeat. Also says how far the texts agree. */
function requireSameCounts(outcomes: ReadonlyMap<Contender, readonly Outcome[]>): string {
  const lists = [...outcomes.values()];
  const reference = lists[0] ?? [];
  let compared = 0;
  let identical = 0;
  for (const list of lists.slice(1)) {
    list.forEach((outcome, repeat) => {
      for (const state of ['cold', 'warm'] as const) {
        outcome[state].transcripts.forEach((transcript, index) => {
          const other = reference[repeat]?.[state].transcripts[index];
          if (transcript.promptTokenCount !== other?.promptTokenCount) {
            throw new Error(`the prompt of chat ${index} was counted differently by the sides`);
          }
          compared++;
          if (transcript.text === other.text) identical++;
        });
      }
    });
  }
  return `equal prompt and completion counts in ${compared} pairs of chats, ${identical} of them with identical text`;
}

function rowOf(label: string, outcomes: readonly Outcome[]): Row {
  const cell = (state: keyof Outcome): string => {
    const { median: middle, min, max } = summarize(outcomes.map((outcome) => outcome[state].seconds));
    return outcomes.length === 1
      ? `${rounded(middle)}`
      : `${rounded(middle)} (${rounded(min)}-${rounded(max)})`;
  };
  const cached = outcomes.flatMap((outcome) =>
    outcome.cold.transcripts.map((transcript) => transcript.cachedTokenCount ?? 0),
  );
  const prompt = outcomes.flatMap((outcome) =>
    outcome.cold.transcripts.map((transcript) => transcript.promptTokenCount ?? 0),
  );
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    label,
    cells: {
      'cold s': cell('cold'),
      'warm s': cell('warm'),
      'cold first token ms': rounded(median(outcomes.map((outcome) => outcome.cold.medianFirstTokenMs))),
      'cold cached share': rounded(sum(cached) / sum(prompt), 3),
    },
  };
}
