import type { FindSpans } from '../redaction/redact-text.ts';
import { makeCall, routes, type Call, type RouteName, type Slot } from './calls.ts';
import { createLeakFinder, type LeakFinder } from './leak-finder.ts';
import { plant, plantedKinds, type Planted, type PlantedKind } from './planted.ts';
import { letters, oneOf, seededRandom, type Random } from './random.ts';
import type { Recorded, RecordingUpstream, UpstreamFault } from './recording-upstream.ts';
import type { NearFault } from './stand-in-models.ts';

/**
 * `declared`: marked local_only by the client, whatever it says. `detected`: not marked, and a detector found what is planted.
 * `unseen`: not marked, and no detector saw it: where it goes is counted, and proves nothing. `follow_up`: nothing in it, in a
 * session in which something was detected. `control`: harmless, to show that what goes outside is seen at all.
 */
export const requestClasses = ['declared', 'detected', 'unseen', 'follow_up', 'control'] as const;
export type RequestClass = (typeof requestClasses)[number];

export interface LeakSuiteOptions {
  readonly seed: number;
  readonly requestCount: number;
  /** Every name that a client could ask for: ids, aliases, tiers, and some that mean nothing. */
  readonly names: readonly string[];
  /** Upstreams of the settings, and whether what they get leaves the owner's boundary. */
  readonly upstreams: readonly { readonly name: string; readonly boundary: 'inside' | 'outside' }[];
  /** The detectors with the owner's own words, as the gateway has them. */
  readonly scan: FindSpans;
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

export interface Leak {
  readonly class: RequestClass;
  readonly kind: PlantedKind;
  readonly path: RouteName;
  readonly model: string;
  readonly slot: Slot;
  readonly upstream: string;
  readonly writing: string;
  /** Of a later turn: the route of the one in which something was found. */
  readonly after?: RouteName;
}

export interface ClassCount {
  readonly asked: number;
  /** By HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests whose planted text, or some of it, arrived outside. */
  readonly arrivedOutside: number;
  readonly arrivedInside: number;
}

export interface LeakSuiteResult {
  readonly seed: number;
  readonly counts: Readonly<Record<RequestClass, ClassCount>>;
  /** What was to stay and did not, at most one entry a request. */
  readonly leaks: readonly Leak[];
  /** Upstreams outside at which a harmless request arrived: only of these does silence mean something. */
  readonly reachable: readonly string[];
  readonly unreached: readonly string[];
  /** Requests and bytes that arrived outside, all that was searched. */
  readonly outsideRequestCount: number;
  readonly outsideByteCount: number;
  readonly byPath: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<string, number>>;
}

/** A run that shows nothing is no proof: nothing leaked, and what leaves was seen at every upstream outside that there is. */
export function isProven({ leaks, unreached }: LeakSuiteResult): boolean {
  return leaks.length === 0 && unreached.length === 0;
}

export interface SuiteFaults {
  readonly near: () => NearFault;
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
    // Few: where a server fails all the time, nothing is sent to it any more, and nothing could leak.
    upstream: () => draw<UpstreamFault>('none', ['error', 'overloaded', 'cut', 'late'], 0.08),
    calm: (value) => {
      isCalm = value;
    },
  };
}

interface Sent {
  readonly class: RequestClass;
  readonly planted: Planted;
  readonly call: Call;
  readonly model: string;
  readonly after?: RouteName;
  status: number;
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
const controlShare = 0.08;

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
      await send(request(random, options, 'control', {}));
      return;
    }
    const isDeclared = random() < 0.5;
    const session = random() < 0.3 ? `session-${String(Math.floor(index / 7))}-${letters(random, 6)}` : null;
    const one = request(random, options, isDeclared ? 'declared' : 'detected', { session });
    // Some clients go away before the answer is there.
    const status = await send(one, random() < 0.1 ? 20 : null);
    // The same again: from the cache, or joined to the one under way.
    if (random() < 0.3) await send(one);
    // What was not understood was not read either, and counting tokens is no turn of a session.
    const isTurn = status !== 400 && status !== 404 && one.call.path !== '/v1/messages/count_tokens';
    if (session !== null && one.class !== 'unseen' && isTurn)
      await send({ ...request(random, options, 'follow_up', { session }), after: one.call.path });
  });
  await inParallel(rest);
  return result(options, sent, finder);
}

/** @param wish what is not left to chance */
function request(
  random: Random,
  { names, scan, terms }: Pick<LeakSuiteOptions, 'names' | 'scan' | 'terms'>,
  wanted: RequestClass,
  wish: { readonly model?: string; readonly path?: RouteName; readonly session?: string | null },
): Omit<Sent, 'status'> {
  const isHarmless = wanted === 'control' || wanted === 'follow_up';
  const planted = plant(random, isHarmless ? 'arbitrary' : oneOf(random, plantedKinds), terms);
  const isSeen = scan(planted.text).some(({ start, end }) => {
    const at = planted.text.indexOf(planted.needle);
    // A number may stand there in groups; its sentence then says nothing else.
    return at < 0 || (start < at + planted.needle.length && end > at);
  });
  const actual = wanted === 'detected' && !isSeen ? 'unseen' : wanted;
  const model = wish.model ?? oneOf(random, names);
  const path = wish.path ?? oneOf(random, random() < 0.6 ? conversations : routes);
  const headers: Record<string, string> = {
    ...(actual === 'declared' ? { 'x-nearfar-privacy': 'local_only' } : {}),
    ...(wanted === 'control' && wish.model !== undefined ? {} : { 'x-nearfar-cache': oneOf(random, wishes) }),
    'x-nearfar-priority': oneOf(random, priorities),
    ...(wish.session === undefined || wish.session === null ? {} : { 'x-nearfar-session': wish.session }),
  };
  const isStreamed = random() < 0.5;
  const filler = `What is ${oneOf(random, ['a prime', 'a noun', 'rust', 'basalt', 'a fugue'])}?`;
  const call = makeCall(random, { path, model, text: planted.text, filler, isStreamed, headers });
  return { class: actual, planted, call, model };
}

async function inParallel(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) await task();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

function result(
  { seed, recording, upstreams }: LeakSuiteOptions,
  sent: readonly Sent[],
  finder: LeakFinder,
): LeakSuiteResult {
  const outside = new Set(upstreams.filter(({ boundary }) => boundary === 'outside').map(({ name }) => name));
  const arrived = {
    outside: new Map<number, { recorded: Recorded; writing: string }>(),
    inside: new Set<number>(),
  };
  let outsideRequestCount = 0;
  let outsideByteCount = 0;
  for (const recorded of recording.recorded) {
    const isOutside = outside.has(recorded.upstream);
    if (isOutside) {
      outsideRequestCount++;
      outsideByteCount += recorded.bytes.length;
    }
    for (const [id, writing] of finder.find(recorded.bytes))
      if (!isOutside) arrived.inside.add(id);
      else if (!arrived.outside.has(id)) arrived.outside.set(id, { recorded, writing });
  }
  const counts = Object.fromEntries(
    requestClasses.map((name): [RequestClass, ClassCount] => {
      const statuses: Record<string, number> = {};
      const of = [...sent.entries()].filter(([, one]) => one.class === name);
      for (const [, { status }] of of) statuses[status] = (statuses[status] ?? 0) + 1;
      return [
        name,
        {
          asked: of.length,
          statuses,
          arrivedOutside: of.filter(([id]) => arrived.outside.has(id)).length,
          arrivedInside: of.filter(([id]) => arrived.inside.has(id)).length,
        },
      ];
    }),
  ) as Record<RequestClass, ClassCount>;
  const leaks = [...arrived.outside].flatMap(([id, { recorded, writing }]): Leak[] => {
    const one = sent[id];
    if (one === undefined || one.class === 'control' || one.class === 'unseen') return [];
    const { call, model, planted, after } = one;
    return [
      {
        class: one.class,
        kind: planted.kind,
        path: call.path,
        model,
        slot: call.slot,
        upstream: recorded.upstream,
        writing,
        ...(after === undefined ? {} : { after }),
      },
    ];
  });
  const seen = new Set(
    [...arrived.outside].flatMap(([id, { recorded }]) =>
      sent[id]?.class === 'control' ? [recorded.upstream] : [],
    ),
  );
  return {
    seed,
    counts,
    leaks,
    reachable: [...outside].filter((name) => seen.has(name)),
    unreached: [...outside].filter((name) => !seen.has(name)),
    outsideRequestCount,
    outsideByteCount,
    byPath: counted(sent.map(({ call }) => call.path)),
    byKind: counted(sent.filter((one) => one.class !== 'control').map(({ planted }) => planted.kind)),
  };
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
