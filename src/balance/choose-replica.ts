import { expectedMs, type FirstTokenCost } from './first-token-cost.ts';

/**
 * `prefix`: the first token is expected soonest, a cached prefix weighed against waiting. `least-loaded`: the fewest
 * requests. `round-robin`: each in turn.
 */
export const balanceModes = ['prefix', 'least-loaded', 'round-robin'] as const;
export type BalanceMode = (typeof balanceModes)[number];

/**
 * `closed`: its breaker is, so it may be asked. `unwell`: it may, but its own health check says no. `ready`: its breaker's
 * pause is over, and one request may try it. `resting`: it is to be left alone.
 */
export type ReplicaState = 'closed' | 'unwell' | 'ready' | 'resting';

/** A replica as it stands at the moment of a decision. */
export interface ReplicaView {
  readonly state: ReplicaState;
  /** This request has asked it before. */
  readonly wasTried: boolean;
  /** Requests that it has: ours under way, and those that it reports beyond them. */
  readonly load: number;
  /** Blocks at the prompt's begin that it should have cached; 0 where nothing is known. Not whole where trust is partial. */
  readonly cachedBlockCount: number;
  /** Decisions since it was chosen. */
  readonly passedOverCount: number;
  /** Its times to a first token over those of all replicas; 1 where nothing is known. */
  readonly slowness: number;
}

export interface ReplicaDemand {
  /** Length of the prompt, in blocks. */
  readonly blockCount: number;
  /** The replica that a tool loop stays with; null: none. */
  readonly boundTo: number | null;
}

export interface ReplicaChoice {
  readonly index: number;
  /** For the ledger. */
  readonly reason: string;
  /** It has failed before, and another can take over at once. */
  readonly isProbe?: true;
}

interface Candidate {
  readonly view: ReplicaView;
  readonly index: number;
}

/** Chosen after so many decisions for each replica, whatever the figures say, so that they do not grow old. */
export const longestPassOver = 64;

/**
 * Which replica is asked. Pure.
 * One that rests is chosen only where all do; one that may be tried again gets a request where another is there to take it
 * over. Among the others first those that this request has not asked yet.
 * @param random from 0 up to 1, for replicas that are alike in everything
 */
export function chooseReplica(
  views: readonly ReplicaView[],
  demand: ReplicaDemand,
  mode: BalanceMode,
  cost: FirstTokenCost,
  random: () => number,
): ReplicaChoice {
  const all = views.map((view, index): Candidate => ({ view, index }));
  const closed = all.filter(({ view }) => view.state === 'closed');
  const fresh = closed.filter(({ view }) => !view.wasTried);
  const ready = all.filter(({ view }) => view.state === 'ready' && !view.wasTried);
  const [probed] = ready;
  if (probed !== undefined && fresh.length > 0) {
    return { index: probed.index, reason: 'tried again after a pause', isProbe: true };
  }
  const unwell = all.filter(({ view }) => view.state === 'unwell');
  const candidates = [fresh, closed, ready, unwell, all].find((group) => group.length > 0) ?? [];
  const [first] = candidates;
  if (first === undefined) throw new RangeError('there is no replica');
  if (candidates.length === 1) return { index: first.index, reason: 'the only one to ask' };

  const bound = candidates.find(({ index }) => index === demand.boundTo);
  if (bound !== undefined) return { index: bound.index, reason: 'the tool loop stays there' };

  const longest = (group: readonly Candidate[]): Candidate => {
    const most = Math.max(...group.map(({ view }) => view.passedOverCount));
    const tied = group.filter(({ view }) => view.passedOverCount === most);
    return tied[Math.min(tied.length - 1, Math.floor(random() * tied.length))] ?? first;
  };
  if (mode === 'round-robin') return { index: longest(candidates).index, reason: 'its turn' };

  const waiting = longest(candidates);
  if (waiting.view.passedOverCount >= longestPassOver * views.length) {
    return { index: waiting.index, reason: 'passed over for long' };
  }
  if (mode === 'least-loaded') {
    const chosen = longest(lowest(candidates, ({ view }) => view.load));
    return { index: chosen.index, reason: `least loaded (${String(chosen.view.load)})` };
  }
  const costOf = ({ view }: Candidate): number =>
    view.slowness * expectedMs(cost, demand.blockCount - view.cachedBlockCount, view.load);
  const soonest = lowest(candidates, costOf);
  const idlest = lowest(soonest, ({ view }) => view.load);
  const chosen = longest(lowest(idlest, ({ view }) => -view.cachedBlockCount));
  const share = demand.blockCount === 0 ? 0 : chosen.view.cachedBlockCount / demand.blockCount;
  const words = share > 0 ? `${String(Math.round(share * 100))}% of the prompt cached` : 'nothing cached';
  return {
    index: chosen.index,
    reason: `${words}, first token expected after ${String(Math.round(costOf(chosen)))} ms`,
  };
}

function lowest<Item>(items: readonly Item[], valueOf: (item: Item) => number): readonly Item[] {
  const values = items.map(valueOf);
  const least = Math.min(...values);
  return items.filter((_, index) => (values[index] ?? Infinity) <= least + 1e-6);
}
