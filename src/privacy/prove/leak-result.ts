import type { Call, RouteName, Slot } from './calls.ts';
import type { LeakFinder } from './leak-finder.ts';
import type { Planted, PlantedKind } from './planted.ts';
import type { ProofCaller } from './proof-caller.ts';
import type { Recorded } from './recording-upstream.ts';

/**
 * `excepted`: a detector found what is planted, and the key that asks may let that out: counted, and proves nothing.
 * `declared`: marked local_only by the client, whatever it says. `detected`: not marked, and a detector found what is planted.
 * `unseen`: not marked, and no detector saw it: where it goes is counted, and proves nothing. `follow_up`: nothing in it, in a
 * session in which something was detected. `control`: harmless, to show that what goes outside is seen at all.
 */
export const requestClasses = ['declared', 'detected', 'unseen', 'excepted', 'follow_up', 'control'] as const;
export type RequestClass = (typeof requestClasses)[number];

/** Of these nothing may arrive outside. */
const mustStay: ReadonlySet<RequestClass> = new Set(['declared', 'detected', 'follow_up']);

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

/** One request of the suite. */
export interface Sent {
  readonly class: RequestClass;
  readonly planted: Planted;
  readonly call: Call;
  readonly model: string;
  readonly caller: ProofCaller;
  readonly after?: RouteName;
  status: number;
}

/** What of the planted texts arrived where. Pure. */
export function leakSuiteResult(
  {
    seed,
    recorded: all,
    upstreams,
  }: {
    readonly seed: number;
    readonly recorded: readonly Recorded[];
    readonly upstreams: readonly { readonly name: string; readonly boundary: 'inside' | 'outside' }[];
  },
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
  for (const recorded of all) {
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
    if (one === undefined || !mustStay.has(one.class)) return [];
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
