import type { BalanceRequest, Lease } from '../balance/balancer.ts';
import { firstOfTwo } from '../balance/first-of-two.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { Delivery } from '../chat/part.ts';
import type { StopSignal } from '../chat/stop-signal.ts';
import type { BreakerEnd } from './circuit-breaker.ts';
import type { Connection } from './connection.ts';

import type { Replicas } from './replicas.ts';
import { retryWaitMs, type RetrySettings } from './retry-policy.ts';
import { sleepUnless } from './sleep.ts';
import { upstreamModelId } from './upstream.ts';

/** One try at one replica. */
export interface Turn {
  readonly connection: Connection;
  /** Aborted by the client, or because another replica was first. */
  readonly signal: StopSignal;
  /** Longest wait for the first piece, in milliseconds. */
  readonly firstTokenMs: number;
  /** Tells what the answer says of itself. */
  readonly lease: Lease;
  /** Tells the breaker how the try ended; what comes after the first time does not count. */
  readonly report: (end: BreakerEnd) => void;
}

export interface Asking<Result> {
  readonly replicas: Replicas;
  readonly upstream: {
    readonly name: string;
    readonly retry: RetrySettings;
    readonly timeouts: { readonly firstTokenMs: number };
  };
  readonly request: BalanceRequest;
  readonly deadlineAt: number | null;
  readonly signal: StopSignal;
  /** Whether a second may be asked where the first piece is late: what resolves when it is there. */
  readonly isHedgeable: boolean;
  /** Resolves once there is something to deliver. */
  readonly attempt: (turn: Turn) => Promise<Result>;
  /** Gives up what an attempt that came too late resolved with. */
  readonly discard: (result: Result) => void;
  /** From 0 up to 1; spreads retries. @default Math.random */
  readonly random?: () => number;
  readonly now?: () => number;
}

export interface Asked<Result> {
  readonly result: Result;
  /** Absent where there was nothing to decide. */
  readonly delivery?: Delivery;
}

/** Of one that failed before and is tried again, where another stands by: it need not be waited for as long. */
const probePatienceMs = 10_000;

/**
 * Tries until something can be delivered, or trying is of no more use. Where a replica fails another takes over at once;
 * when none is left that was not asked, they are asked again after a wait. The breaker hears of each try that failed here;
 * one that succeeds reports its end itself, for it is not over yet.
 * @throws NearfarError of the last try, naming the upstream
 */
export async function askInTurn<Result>(asking: Asking<Result>): Promise<Asked<Result>> {
  const { upstream, replicas, request, deadlineAt, signal, random = Math.random } = asking;
  const tried = new Set<number>();
  const notes: string[] = [];
  let tries = 1;
  for (;;) {
    const turn = openTurn(asking, tried);
    if (turn === null) {
      throw restingError(upstreamModelId(upstream.name, request.model), replicas.pauseMs(request.model));
    }
    if (replicas.count > 1) notes.push(`${nameOf(turn, replicas)}: ${turn.lease.reason}`);
    try {
      return await askOnce(asking, turn, tried, notes);
    } catch (thrown) {
      const error = toNearfarError(thrown);
      // Its kind only: what an upstream says of an error may repeat the prompt.
      if (replicas.count > 1) notes.push(`${nameOf(turn, replicas)} failed (${error.kind})`);
      const canWait = !signal.aborted && error.retryable;
      const isProbeLate = turn.lease.isProbe && error.kind === 'timeout';
      if (canWait && (error.kind !== 'timeout' || isProbeLate) && replicas.hasOther(request.model, tried)) {
        continue;
      }
      const waitMs = canWait ? retryWaitMs(error, tries, upstream.retry, random()) : null;
      const comesInTime = deadlineAt === null || Date.now() + (waitMs ?? 0) < deadlineAt;
      if (waitMs === null || !comesInTime || !(await sleepUnless(waitMs, signal))) {
        throw named(error, upstream.name);
      }
      tries += 1;
      tried.clear();
    }
  }
}

interface OpenTurn extends Turn {
  cancel(): void;
}

/** Null where every replica is to be left alone. */
function openTurn<Result>(asking: Asking<Result>, tried: Set<number>): OpenTurn | null {
  const { replicas, request, signal, upstream, now = () => performance.now() } = asking;
  const taken = replicas.take(request, tried);
  if (taken === null) return null;
  const { lease, connection, breaker } = taken;
  tried.add(lease.index);
  // One alone is never cut off for another.
  const controller = replicas.count === 1 ? null : new AbortController();
  let hasReported = false;
  const report = (end: BreakerEnd): void => {
    if (hasReported) return;
    hasReported = true;
    signal.removeEventListener('abort', onAbort);
    breaker.report(end, now());
    lease.end();
  };
  const onAbort = (): void => {
    controller?.abort(signal.reason);
    // Whoever holds the answer may never come back for it.
    report('neither');
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const { firstTokenMs } = upstream.timeouts;
  return {
    connection,
    signal: controller?.signal ?? signal,
    firstTokenMs: lease.isProbe ? Math.min(firstTokenMs, probePatienceMs) : firstTokenMs,
    lease,
    report,
    cancel() {
      controller?.abort(new NearfarError('aborted', 'Another was quicker.'));
      report('neither');
    },
  };
}

/** One try, and where it is late a second one beside it. @throws NearfarError where nothing can be delivered */
async function askOnce<Result>(
  asking: Asking<Result>,
  first: OpenTurn,
  tried: Set<number>,
  notes: readonly string[],
): Promise<Asked<Result>> {
  const { replicas, request, isHedgeable, discard } = asking;
  const afterMs =
    isHedgeable && replicas.count > 1 && !first.lease.isProbe ? replicas.hedgeAfterMs(request.model) : null;
  replicas.hedgeBudget.earn();
  if (afterMs === null) return delivered(await runTurn(asking, first), notes, []);
  const race = await firstOfTwo({
    first,
    run: (turn) => runTurn(asking, turn),
    afterMs,
    signal: first.signal,
    openSecond: () =>
      replicas.hasOther(request.model, tried) && replicas.hedgeBudget.spend()
        ? openTurn(asking, tried)
        : null,
    cancel: (turn) => {
      turn.cancel();
    },
    // A first token that did not come in time is not waited for twice.
    endsBoth: ({ kind }) => kind === 'timeout',
    discard,
  });
  if (race.second === null) return delivered(race.result, notes, []);
  const hasWon = race.winner === race.second;
  replicas.countHedge(hasWon);
  const late = `no first token from ${nameOf(first, replicas)} after ${String(Math.round(afterMs))} ms`;
  const outcome = hasWon ? 'and it was first' : 'and the first was first all the same';
  const told = [...notes, `${late}: ${nameOf(race.second, replicas)} was asked too, ${outcome}`];
  const id = upstreamModelId(asking.upstream.name, request.model);
  return delivered(race.result, told, race.loserFailed ? [] : [id]);
}

async function runTurn<Result>({ attempt }: Asking<Result>, turn: OpenTurn): Promise<Result> {
  try {
    return await attempt(turn);
  } catch (thrown) {
    const error = toNearfarError(thrown);
    turn.report(isFault(error) ? 'failed' : 'neither');
    throw error;
  }
}

function delivered<Result>(
  result: Result,
  notes: readonly string[],
  abandoned: readonly string[],
): Asked<Result> {
  return notes.length + abandoned.length === 0 ? { result } : { result, delivery: { notes, abandoned } };
}

function nameOf({ lease }: Turn, { count }: Replicas): string {
  return `replica ${lease.index + 1} of ${count}`;
}

/** What says something about the upstream's health: not what a client did, and not that others ask too much of it. */
export function isFault(error: NearfarError): boolean {
  return (
    error.retryable &&
    (error.kind === 'unavailable' || error.kind === 'upstream_failed' || error.kind === 'timeout')
  );
}

export function restingError(id: string, pauseMs: number): NearfarError {
  return new NearfarError('unavailable', `${id} failed too often and is left alone for a moment.`, {
    retryAfterSeconds: pauseMs / 1000,
  });
}

/** Says which upstream it was. */
export function named(error: NearfarError, upstream: string): NearfarError {
  const isNamed = error.message.startsWith(`The upstream ${upstream} `);
  const message = isNamed
    ? error.message
    : error.message.replace(/^The upstream\b/, () => `The upstream ${upstream}`);
  return new NearfarError(error.kind, message, {
    retryable: error.retryable,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    cause: error.cause,
  });
}
