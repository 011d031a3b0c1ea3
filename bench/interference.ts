import { alternating, type Benchmark, type BenchmarkSetup, type Row, type Side } from './benchmark.ts';
import { countPeerTokens, type Peer } from './peer.ts';
import { proseOfTokens } from './prompts.ts';
import { ask, record, startPeerSide, verifyAgreement } from './sides.ts';
import { longestGapByWindow, type Window } from './stream-gaps.ts';
import { median, rounded, summarize } from './stats.ts';
import type { ChatJob, Recording } from './stream-client.ts';
import { readTranscript } from './transcript.ts';

const promptCount = 12;
const promptTokenCount = 1900;
const tunedSizes = [64, 128, 256, 512];

interface Outcome {
  /** Median over the prompts of the longest gap in the stream while each was under way, milliseconds. */
  readonly stallMs: number;
  /** Prompt tokens over the time from each prompt's sending to its first token. */
  readonly promptTokensPerSecond: number;
  /** Median gap of the stream while nothing else ran, milliseconds. */
  readonly calmGapMs: number;
  readonly promptTokenCounts: readonly number[];
}

interface Contender {
  readonly label: string;
  readonly start: () => Promise<Side>;
  /** The `-b` = `-ub` of a tuned llama-server. */
  readonly size: number | null;
}

/** One stream is read while twelve prompts of 1,900 tokens follow each other. */
export const interference: Benchmark = async (setup) => {
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 3);
  const peer = await setup.openPeer();
  const ours: Contender = { label: 'nearfar', start: () => setup.nearfar.start(), size: null };
  const defaults: Contender = {
    label: 'llama-server',
    start: () => startPeerSide(peer, []),
    size: null,
  };
  const tuned = (setup.quick ? [128] : tunedSizes).map((size): Contender => {
    const flags = ['-b', String(size), '-ub', String(size)];
    return { label: `llama-server ${flags.join(' ')}`, start: () => startPeerSide(peer, flags), size };
  });
  const { agreement, prompts } = await prepare(setup, ours, peer, repeatCount);
  const outcomes = new Map<Contender, Outcome[]>();
  const counts = new Map<number, string>();
  for (const [contender, repeat] of alternating([ours, defaults, ...tuned], repeatCount)) {
    // Every second run is enough for the tuned ones: five minutes are what a benchmark may take.
    if (tuned.includes(contender) && repeat % 2 === 1) continue;
    setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${contender.label}`);
    const side = await contender.start();
    try {
      // A first answer, so that neither side pages in weights while the clock runs.
      await ask(side, { system: null, user: 'Say hello.', outputTokenCount: 8 });
      const outcome = await readWhilePrompted(side, prompts[repeat] ?? []);
      requireEqualCounts(outcome, counts, repeat);
      outcomes.set(contender, [...(outcomes.get(contender) ?? []), outcome]);
    } finally {
      await side.stop();
    }
  }
  return judge(ours, defaults, tuned, outcomes, [
    `${repeatCount} alternating runs (of the tuned every second), each on a fresh server; ${promptCount} prompts of about ${promptTokenCount} ` +
      'tokens, no two alike, one output token each; the stream is read to the end of the last prompt.',
    'tuned_ratio: the smallest stall among the -b = -ub whose prompt throughput is at least 0.97 of ours, over ours ' +
      '(of all of them where none reaches that); tuned_any_ratio: the smallest stall of all, at whatever throughput.',
    `Checked: equal prompt counts on all sides; ${agreement}.`,
  ]);
};

/** Checks that both sides answer alike, and makes the prompts with the peer's tokenizer. */
async function prepare(setup: BenchmarkSetup, ours: Contender, peer: Peer, repeatCount: number) {
  setup.progress('comparing texts, making prompts');
  const mine = await ours.start();
  try {
    const theirs = await startPeerSide(peer, []);
    try {
      const agreement = await verifyAgreement(mine, theirs);
      const prompts: string[][] = [];
      for (let repeat = 0; repeat < repeatCount; repeat++) {
        const texts: string[] = [];
        for (let index = 0; index < promptCount; index++) {
          const seed = 1000 + repeat * 100 + index;
          texts.push(
            await proseOfTokens(seed, promptTokenCount, (text) => countPeerTokens(theirs.origin, text)),
          );
        }
        prompts.push(texts);
      }
      return { agreement, prompts };
    } finally {
      await theirs.stop();
    }
  } finally {
    await mine.stop();
  }
}

/** The measured part: the stream is opened and read; then the prompts run through, one after the other. */
async function readWhilePrompted(side: Side, prompts: readonly string[]): Promise<Outcome> {
  const stopStream = new AbortController();
  const calmArrivalCount = 40;
  let calm: () => void = () => undefined;
  const isCalm = new Promise<void>((resolve) => {
    calm = resolve;
  });
  // Long enough that the slowest prompts end before it does: 1,900 tokens in steps of 64 are 30 steps a prompt.
  const job: ChatJob = { system: null, user: 'Tell me a very long story.', outputTokenCount: 3000 };
  const reading = record(side, job, {
    signal: stopStream.signal,
    onArrival: (count) => {
      if (count === calmArrivalCount) calm();
    },
  });
  await Promise.race([isCalm, reading]);
  const recordings: Recording[] = [];
  for (const user of prompts) {
    recordings.push(await record(side, { system: user, user: 'Go on.', outputTokenCount: 1 }));
  }
  stopStream.abort();
  const stream = readTranscript(await reading);
  if (stream.finishReason !== null) throw new Error(`${side.label}: the stream ended before the prompts did`);
  const transcripts = recordings.map(readTranscript);
  const windows = recordings.map((recording, index): Window => {
    const firstToken = transcripts[index]?.tokens[0]?.at ?? recording.endedAt;
    return { from: recording.startedAt, to: firstToken };
  });
  const times = stream.tokens.map((token) => token.at);
  const counts = transcripts.map((transcript) => transcript.promptTokenCount ?? 0);
  const promptMs = windows.reduce((sum, window) => sum + window.to - window.from, 0);
  const before = times.filter((time) => time < (windows[0]?.from ?? 0));
  return {
    stallMs: median(longestGapByWindow(times, windows)),
    promptTokensPerSecond: (counts.reduce((sum, count) => sum + count, 0) * 1000) / promptMs,
    calmGapMs: median(before.slice(1).map((time, index) => time - (before[index] ?? time))),
    promptTokenCounts: counts,
  };
}

/** The first side to see a repeat's prompts says how many tokens they are; all others must agree. */
function requireEqualCounts(outcome: Outcome, counts: Map<number, string>, repeat: number): void {
  const mine = outcome.promptTokenCounts.join(' ');
  const known = counts.get(repeat) ?? mine;
  counts.set(repeat, known);
  if (known !== mine) throw new Error(`prompt counts differ: ${known} / ${mine}`);
}

function judge(
  ours: Contender,
  defaults: Contender,
  tuned: readonly Contender[],
  outcomes: ReadonlyMap<Contender, readonly Outcome[]>,
  notes: readonly string[],
) {
  const stall = (one: Contender): number => median((outcomes.get(one) ?? []).map((run) => run.stallMs));
  const speed = (one: Contender): number =>
    median((outcomes.get(one) ?? []).map((run) => run.promptTokensPerSecond));
  const asFast = tuned.filter((one) => speed(one) >= 0.97 * speed(ours));
  const smallestStall = (list: readonly Contender[]): number => Math.min(...list.map(stall));
  const figures = {
    stall_ratio: stall(defaults) / stall(ours),
    prefill_ratio: speed(ours) / speed(defaults),
    tuned_ratio: smallestStall(asFast.length > 0 ? asFast : tuned) / stall(ours),
    tuned_any_ratio: smallestStall(tuned) / stall(ours),
  };
  const row = (one: Contender): Row => {
    const runs = outcomes.get(one) ?? [];
    const stalls = summarize(runs.map((run) => run.stallMs));
    return {
      label: one.label,
      cells: {
        'stall ms': rounded(stalls.median),
        'min-max': `${rounded(stalls.min)}-${rounded(stalls.max)}`,
        'prompt tokens/s': rounded(speed(one)),
        'calm gap ms': rounded(median(runs.map((run) => run.calmGapMs))),
      },
    };
  };
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
    targets: [
      { key: 'stall_ratio', value: figures.stall_ratio, atLeast: 5 },
      { key: 'prefill_ratio', value: figures.prefill_ratio, atLeast: 0.75 },
      { key: 'tuned_ratio', value: figures.tuned_ratio, atLeast: 1.3 },
    ],
    rows: [ours, defaults, ...tuned].map(row),
    notes,
  };
}
