import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, BenchmarkSetup, Row, Side } from './benchmark.ts';
import { engineFirstTokens } from './ledger-times.ts';
import { endingOf, type Ending } from './open-loop.ts';
import { seededRandom } from '../src/random/seeded-random.ts';
import { proseWords } from './prompts.ts';
import { ask, startPeerSide, verifyServers } from './sides.ts';
import { median, quantile, rounded } from './stats.ts';
import type { ChatJob } from './stream-client.ts';
import { readTranscript } from './transcript.ts';

/** The guide's "real-time voice (50ms SLA)". */
const targetMs = 50;
const wantedShare = 0.95;
const conversationCount = 6;
const historyWordCount = 120;
const turnWordCount = 8;
const turnOutputTokenCount = 10;
const peopleCount = 3;
const bulkCount = 6;
const states = ['idle', 'beside people', 'beside people and bulk'] as const;
type State = (typeof states)[number];

interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

interface Contender {
  readonly label: string;
  readonly isOurs: boolean;
  readonly start: () => Promise<Side>;
}

interface Outcome {
  readonly voices: readonly Ending[];
  /** Of ours: milliseconds in the engine. */
  readonly engineMs: readonly number[];
  /** First tokens of the people beside it. */
  readonly peopleMs: readonly number[];
  readonly bulkTokensPerSecond: number;
}

/** How many of the voice prompts that were let in have their first token within 50 ms at the client. */
export const voice: Benchmark = async (setup) => {
  const turnCount = setup.quick ? 12 : 60;
  const repeatCount = setup.repeatCount ?? (setup.quick ? 1 : 2);
  const peer = await setup.openPeer();
  const agreement = await verifyServers(setup, peer);
  const contenders: Contender[] = [
    { label: 'nearfar', isOurs: true, start: () => setup.nearfar.start() },
    ...(setup.quick ? [[]] : [[], ['-b', '64', '-ub', '64']]).map((more): Contender => {
      const flags = ['-np', '16', '-c', '16384', ...more];
      return {
        label: ['llama-server', ...flags].join(' '),
        isOurs: false,
        start: () => startPeerSide(peer, flags),
      };
    }),
  ];
  const outcomes = new Map<string, Outcome[]>();
  for (let repeat = 0; repeat < repeatCount; repeat++) {
    for (const state of states) {
      for (const contender of repeat % 2 === 0 ? contenders : contenders.toReversed()) {
        setup.progress(`repeat ${repeat + 1} of ${repeatCount}: ${contender.label}, ${state}`);
        const outcome = await measure(setup, contender, state, turnCount, repeat);
        const key = `${contender.label}, ${state}`;
        outcomes.set(key, [...(outcomes.get(key) ?? []), outcome]);
      }
    }
  }
  return judge(contenders, outcomes, agreement, turnCount, repeatCount);
};

async function measure(
  setup: BenchmarkSetup,
  contender: Contender,
  state: State,
  turnCount: number,
  repeat: number,
): Promise<Outcome> {
  const since = Date.now();
  const side = await contender.start();
  let outcome: Outcome;
  try {
    await ask(side, { system: null, user: 'Say hello.', outputTokenCount: 8 });
    const conversations = await begin(side, repeat);
    const load = startLoad(side, state, repeat);
    const startedAt = performance.now();
    if (state !== 'idle') await sleep(1500);
    const voices = await talk(side, conversations, turnCount, repeat);
    const seconds = (performance.now() - startedAt) / 1000;
    const { peopleMs, bulkTokenCount } = await load.stop();
    outcome = { voices, engineMs: [], peopleMs, bulkTokensPerSecond: bulkTokenCount / seconds };
  } finally {
    await side.stop();
  }
  // The server has written all its rows when it has stopped.
  const engineMs = contender.isOurs ? engineFirstTokens(setup.nearfar.home, 'voice', since) : [];
  return { ...outcome, engineMs };
}

/** The histories, read once in another class, as a conversation's opening is. */
async function begin(side: Side, repeat: number): Promise<Message[][]> {
  const conversations: Message[][] = [];
  for (let index = 0; index < conversationCount; index++) {
    const content = proseWords(9000 + repeat * 100 + index, historyWordCount).join(' ');
    const history: Message[] = [
      { role: 'system', content },
      { role: 'user', content: 'Good morning.' },
    ];
    const job = jobOf(history, 1, 'interactive');
    const recording = await side.client.stream(job);
    history.push({ role: 'assistant', content: readTranscript(recording).text });
    conversations.push(history);
  }
  return conversations;
}

/** One turn after the other, with pauses of a reproducible length; each continues its conversation. */
async function talk(
  side: Side,
  conversations: readonly Message[][],
  turnCount: number,
  repeat: number,
): Promise<Ending[]> {
  const random = seededRandom(77 + repeat);
  const endings: Ending[] = [];
  for (let turn = 0; turn < turnCount; turn++) {
    await sleep(100 + 250 * random());
    const history = conversations[turn % conversations.length] ?? [];
    const content = proseWords(20_000 + repeat * 1000 + turn, turnWordCount).join(' ');
    const messages: Message[] = [...history, { role: 'user', content }];
    const job = jobOf(messages, turnOutputTokenCount, 'voice');
    const recording = await side.client.stream(job);
    const ending = endingOf(recording, job, recording.startedAt);
    endings.push(ending);
    if (ending.kind === 'broken') throw new Error(`${side.label}: ${ending.reason}`);
    if (ending.kind !== 'finished') continue;
    history.push({ role: 'user', content }, { role: 'assistant', content: readTranscript(recording).text });
  }
  return endings;
}

/** People and bulk who always have something under way, until told to stop. */
function startLoad(side: Side, state: State, repeat: number) {
  const stop = new AbortController();
  const isOver = (): boolean => stop.signal.aborted;
  const peopleMs: number[] = [];
  let bulkTokenCount = 0;
  const loop = async (from: number, wordCount: number, outputTokenCount: number, priority: string) => {
    for (let index = 0; !isOver(); index++) {
      const content = proseWords(from + repeat * 100_000 + index, wordCount).join(' ');
      const job = jobOf([{ role: 'user', content }], outputTokenCount, priority);
      const recording = await side.client.stream(job, { signal: stop.signal });
      // What the end of the run cut off counts for nobody.
      if (isOver()) return;
      const ending = endingOf(recording, job, recording.startedAt);
      if (ending.kind !== 'finished') throw new Error(`${side.label}: ${JSON.stringify(ending)}`);
      if (priority === 'bulk') bulkTokenCount += outputTokenCount;
      else peopleMs.push(ending.firstTokenMs);
    }
  };
  const loops: Promise<void>[] = [];
  for (let index = 0; state !== 'idle' && index < peopleCount; index++)
    loops.push(loop(1_000_000 * (1 + index), 60, 48, 'interactive'));
  for (let index = 0; state === 'beside people and bulk' && index < bulkCount; index++)
    loops.push(loop(1_000_000 * (50 + index), 120, 64, 'bulk'));
  const all = Promise.all(loops);
  // A failure is reported by `stop`, not before.
  all.catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await all;
      return { peopleMs, bulkTokenCount };
    },
  };
}

function jobOf(messages: readonly Message[], outputTokenCount: number, priority: string): ChatJob {
  return {
    system: null,
    user: '',
    outputTokenCount,
    fields: { messages },
    headers: { 'x-nearfar-priority': priority },
  };
}

type Finished = Extract<Ending, { kind: 'finished' }>;

const finishedOf = (endings: readonly Ending[]): Finished[] =>
  endings.filter((one): one is Finished => one.kind === 'finished');

const shareInTime = (endings: readonly Ending[]): number => {
  const finished = finishedOf(endings);
  if (finished.length === 0) return 0;
  return finished.filter(({ firstTokenMs }) => firstTokenMs <= targetMs).length / finished.length;
};

/** @throws Error where a voice was refused in another way than it may be */
function requireProperRefusals(endings: readonly Ending[]): void {
  for (const one of endings) {
    if (one.kind !== 'refused') continue;
    const isProper = one.status === 400 ? one.text.includes('target of voice') : one.hasRetryAfter;
    if (!isProper || (one.status !== 400 && one.status !== 503))
      throw new Error(`a voice was refused with ${one.status}: ${one.text.slice(0, 300)}`);
  }
}

function judge(
  contenders: readonly Contender[],
  outcomes: ReadonlyMap<string, readonly Outcome[]>,
  agreement: string,
  turnCount: number,
  repeatCount: number,
) {
  const of = ({ label }: Contender, state: State): readonly Outcome[] =>
    outcomes.get(`${label}, ${state}`) ?? [];
  const voicesOf = (one: Contender, state: State): Ending[] => of(one, state).flatMap(({ voices }) => voices);
  const allOf = (one: Contender): Ending[] => states.flatMap((state) => voicesOf(one, state));
  const ours = contenders.filter(({ isOurs }) => isOurs).flatMap(allOf);
  requireProperRefusals(ours);
  const peers = contenders.filter(({ isOurs }) => !isOurs);
  const errors = finishedOf(ours).map(
    ({ firstTokenMs, headers }) => firstTokenMs - Number(headers['x-nearfar-predicted-first-token-ms']),
  );
  if (errors.some(Number.isNaN)) throw new Error('an admitted voice was not told when to expect its answer');
  const met = shareInTime(ours);
  const figures = {
    met,
    admitted: finishedOf(ours).length / ours.length,
    peer_met: Math.max(...peers.map((one) => shareInTime(allOf(one)))),
    prediction_error_p50_ms: errors.length === 0 ? 0 : median(errors),
    prediction_error_p95_ms: errors.length === 0 ? 0 : quantile(errors, 0.95),
  };
  const row = (one: Contender, state: State): Row => {
    const runs = of(one, state);
    const voices = voicesOf(one, state);
    const times = finishedOf(voices).map(({ firstTokenMs }) => firstTokenMs);
    const engineMs = runs.flatMap((run) => run.engineMs);
    const people = runs.flatMap(({ peopleMs }) => peopleMs);
    const at = (values: readonly number[], share: number): number | string =>
      values.length === 0 ? '' : rounded(quantile(values, share), 3);
    return {
      label: `${one.label}, ${state}`,
      cells: {
        met: rounded(shareInTime(voices), 3),
        refused: `${voices.length - times.length} of ${voices.length}`,
        'p50 ms': at(times, 0.5),
        'p95 ms': at(times, 0.95),
        'max ms': at(times, 1),
        'in the engine p50 ms': at(engineMs, 0.5),
        'p95 ms in it': at(engineMs, 0.95),
        'people p50 ms': at(people, 0.5),
        'bulk tokens/s': state.includes('bulk')
          ? rounded(median(runs.map((run) => run.bulkTokensPerSecond)), 3)
          : '',
      },
    };
  };
  return {
    figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)])),
    targets: [{ key: 'met', value: met, atLeast: wantedShare }],
    rows: contenders.flatMap((one) => states.map((state) => row(one, state))),
    notes: [
      `${repeatCount} alternating repeats of ${turnCount} turns, one after the other with pauses of 100 to 350 ms, over ` +
        `${conversationCount} conversations whose history (from ${historyWordCount} words on) is cached; ${turnWordCount} words ` +
        `a turn, ${turnOutputTokenCount} tokens out; a fresh server for each state.`,
      `Beside people: ${peopleCount} who always have a prompt of 60 words and 48 tokens under way; and bulk: ${bulkCount} of 120 words ` +
        'and 64 tokens. All of it goes to llama-server too, which has no classes and refuses nobody.',
      `met: of the admitted, the share whose first token was at the client within ${targetMs} ms, over all three states; the ` +
        `bound of ${wantedShare} is ours. prediction_error: time at the client less what the response's header had promised.`,
      `Checked: refusals are 503 with Retry-After, or 400 where no waiting helps; every admitted answer is whole; ${agreement}.`,
    ],
  };
}
