import type { FindSpans } from '../redaction/redact-text.ts';
import { makeCall, routes, type Call, type RouteName } from './calls.ts';
import { createLeakFinder } from './leak-finder.ts';
import { leakSuiteResult, type LeakSuiteResult, type RequestClass, type Sent } from './leak-result.ts';
import { plant, plantedKinds } from './planted.ts';
import { plainCaller, type ProofCaller } from './proof-caller.ts';
import { seededRandom, type Random } from '../../random/seeded-random.ts';
import { letters, oneOf } from './random.ts';
import type { RecordingUpstream, UpstreamFault } from './recording-upstream.ts';
import type { NearFault } from './stand-in-models.ts';

export interface LeakSuiteOptions {
  readonly seed: number;
  readonly requestCount: number;
  /** Every name that a client could ask for: ids, aliases, tiers, and some that mean nothing. */
  readonly names: readonly string[];
  /** Upstreams of the settings, and whether what they get leaves the owner's boundary. */
  readonly upstreams: readonly { readonly name: string; readonly boundary: 'inside' | 'outside' }[];
  /** The detectors with the owner's own words, as the gateway has them. */
  readonly scan: FindSpans;
  /** Whether a model reads what no detector finds. */
  readonly checksByModel?: boolean;
  /** Who asks; the first one, without bounds, asks what is to arrive outside. @default the owner alone */
  readonly callers?: readonly ProofCaller[];
  /** Words of the owner's, to plant. */
  readonly terms: readonly string[];
  /** Sends one request to the gateway under proof and reads its answer, at most `readBytes` of it. */
  readonly ask: (
    call: Call,
    readBytes: number | null,
  ) => Promise<{ readonly status: number; readonly text: string }>;
  readonly recording: Pick<RecordingUpstream, 'recorded'>;
  readonly onProgress?: (askedCount: number) => void;
}

export interface SuiteFaults {
  readonly near: () => NearFault;
  readonly isUnsure: () => boolean;
  readonly upstream: () => UpstreamFault;
  /** While controls are sent nothing fails. */
  calm(isCalm: boolean): void;
}

/** Faults of models here and of servers elsewhere, drawn at random. */
export function createFaults(seed: number): SuiteFaults {
  const random = seededRandom(seed ^ 0x5eed);
  let isCalm = true;
  const draw = <Fault>(calm: Fault, faults: readonly Fault[], share: number): Fault =>
    isCalm || random() >= share ? calm : oneOf(random, faults);
  return {
    near: () => draw<NearFault>('none', ['down', 'crash', 'crash_midway', 'full'], 0.4),
    // Half of what a cascade judges is handed over.
    isUnsure: () => isCalm || random() < 0.5,
    // Few: where a server fails all the time, nothing is sent to it any more, and nothing could leak.
    upstream: () => draw<UpstreamFault>('none', ['error', 'overloaded', 'cut', 'late'], 0.08),
    calm: (value) => {
      isCalm = value;
    },
  };
}

const concurrency = 8;
const wishes = ['auto', 'use', 'use', 'refresh', 'off'] as const;
const priorities = ['interactive', 'default', 'bulk'] as const;
/** Routes that every upstream has something for are asked more often than others. */
const conversations: readonly RouteName[] = [
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages',
  '/api/chat',
];
/** Of all requests, so many are harmless ones. */
const controlShare = 0.12;

/**
 * Thousands of requests with planted texts through every route, name, cache, retry and fallback of a gateway, and what of them
 * arrived outside.
 */
export async function runLeakSuite(options: LeakSuiteOptions, faults: SuiteFaults): Promise<LeakSuiteResult> {
  const random = seededRandom(options.seed);
  const finder = createLeakFinder();
  const sent: Sent[] = [];
  let askedCount = 0;

  async function send(one: Omit<Sent, 'status'>, readBytes: number | null = null): Promise<number> {
    const entry: Sent = { ...one, status: 0 };
    finder.add(one.planted.needle, sent.length);
    sent.push(entry);
    entry.status = (await options.ask(one.call, readBytes)).status;
    askedCount++;
    if (askedCount % 200 === 0) options.onProgress?.(askedCount);
    return entry.status;
  }

  const controls = options.names.flatMap((model) =>
    routes.map((path) => () => send(request(random, options, 'control', { model, path }))),
  );
  faults.calm(true);
  await inParallel(controls);
  faults.calm(false);
  const rest = Array.from({ length: options.requestCount }, (_, index) => async () => {
    if (random() < controlShare) {
      const one = request(random, options, 'control', {});
      await send(one);
      if (random() < 0.3) await send(reworded(one));
      return;
    }
    const isDeclared = random() < 0.5;
    const session = random() < 0.3 ? `session-${String(Math.floor(index / 7))}-${letters(random, 6)}` : null;
    const caller = oneOf(random, callersOf(options));
    const one = request(random, options, isDeclared ? 'declared' : 'detected', { session, caller });
    // Some clients go away before the answer is there.
    const status = await send(one, random() < 0.1 ? 20 : null);
    // The same again: from the cache, or joined to the one under way.
    if (random() < 0.3) await send(one);
    // Nearly the same, for a cache that takes it for the same: what else is said is said in other words.
    else if (random() < 0.2) await send(reworded(one));
    // What was not understood was not read either.
    const isTurn = status !== 400 && status !== 404;
    if (session !== null && one.class !== 'unseen' && one.class !== 'excepted' && isTurn)
      await send({ ...request(random, options, 'follow_up', { session, caller }), after: one.call.path });
  });
  await inParallel(rest);
  return leakSuiteResult({ ...options, recorded: options.recording.recorded }, sent, finder);
}

/** @param wish what is not left to chance */
function request(
  random: Random,
  options: Pick<LeakSuiteOptions, 'names' | 'upstreams' | 'scan' | 'terms' | 'checksByModel' | 'callers'>,
  wanted: RequestClass,
  wish: {
    readonly model?: string;
    readonly path?: RouteName;
    readonly session?: string | null;
    readonly caller?: ProofCaller;
  },
): Omit<Sent, 'status'> {
  const { names, scan, terms, checksByModel = false } = options;
  const caller = wish.caller ?? callersOf(options)[0] ?? plainCaller;
  const isHarmless = wanted === 'control' || wanted === 'follow_up';
  const planted = plant(random, isHarmless ? 'arbitrary' : oneOf(random, plantedKinds), terms);
  const isSeen = scan(planted.text).some(({ start, end }) => {
    const at = planted.text.indexOf(planted.needle);
    // A number may stand there in groups; its sentence then says nothing else.
    return at < 0 || (start < at + planted.needle.length && end > at);
  });
  const actual = classOf(wanted, caller, isSeen, checksByModel && planted.kind === 'model_only');
  // What nearfar decides itself is asked more often than what clients name.
  // A client may put anything into the name of a model, and an upstream is told it.
  const isName =
    planted.kind === 'email' && wish.model === undefined && options.upstreams.length > 0 && random() < 0.2;
  const named = isName ? `${oneOf(random, options.upstreams).name}/${planted.needle}` : null;
  const model = named ?? wish.model ?? (random() < 0.3 ? 'auto' : oneOf(random, names));
  const path = wish.path ?? oneOf(random, random() < 0.6 ? conversations : routes);
  const headers: Record<string, string> = {
    ...caller.headers,
    ...(wanted === 'declared' ? { 'x-nearfar-privacy': 'local_only' } : {}),
    ...(wanted === 'control' && wish.model !== undefined ? {} : { 'x-nearfar-cache': oneOf(random, wishes) }),
    'x-nearfar-priority': oneOf(random, priorities),
    ...(wish.session === undefined || wish.session === null ? {} : { 'x-nearfar-session': wish.session }),
  };
  const isStreamed = random() < 0.5;
  const filler = `What is ${oneOf(random, ['a prime', 'a noun', 'rust', 'basalt', 'a fugue'])}?`;
  const call = makeCall(random, {
    path,
    model,
    text: isName ? filler : planted.text,
    filler,
    isStreamed,
    headers,
  });
  return { class: actual, planted, call, model, caller };
}

/** What is told beside the planted text, in other words. */
function reworded(one: Omit<Sent, 'status'>): Omit<Sent, 'status'> {
  const body = JSON.stringify(one.call.body).replace(
    /What is (an? \w+|\w+)\?|Tell me about ([a-z ]+) in one line\./g,
    (_, what?: string, about?: string) =>
      what === undefined ? `In one line, tell me about ${about ?? ''}.` : `Tell me what ${what} is.`,
  );
  return { ...one, call: { ...one.call, body: JSON.parse(body) as Call['body'] } };
}

function classOf(
  wanted: RequestClass,
  caller: ProofCaller,
  isSeen: boolean,
  isCaught: boolean,
): RequestClass {
  if (wanted !== 'detected') return wanted;
  if (caller.isLocalOnly) return 'declared';
  if (caller.isExcepted) return isSeen ? 'excepted' : 'unseen';
  return isSeen || isCaught ? 'detected' : 'unseen';
}

const callersOf = ({ callers }: Pick<LeakSuiteOptions, 'callers'>): readonly ProofCaller[] =>
  callers ?? [plainCaller];

async function inParallel(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}
