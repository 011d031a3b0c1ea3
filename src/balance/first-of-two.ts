import { toNearfarError, type NearfarError } from '../chat/error.ts';
import type { StopSignal } from '../chat/stop-signal.ts';

export interface FirstOfTwo<Turn, Result> {
  readonly first: Turn;
  /** Resolves once there is something to deliver. */
  readonly run: (turn: Turn) => Promise<Result>;
  /** Milliseconds after which the first is late. */
  readonly afterMs: number;
  /** The first's: nobody else is asked once it is aborted. */
  readonly signal: Pick<StopSignal, 'aborted'>;
  /** Null: there is nobody to ask. */
  readonly openSecond: () => Turn | null;
  readonly cancel: (turn: Turn) => void;
  /** A failure of the first that the second is not waited for. */
  readonly endsBoth: (error: NearfarError) => boolean;
  /** Gives up what came too late. */
  readonly discard: (result: Result) => void;
}

export interface Won<Turn, Result> {
  readonly winner: Turn;
  readonly result: Result;
  /** Null where the first was in time, or nobody was there. */
  readonly second: Turn | null;
  /** Of two: the other one had failed, so that it was not cut off. */
  readonly loserFailed: boolean;
}

type Outcome<Turn, Result> =
  { readonly turn: Turn; readonly result: Result } | { readonly turn: Turn; readonly error: NearfarError };

/**
 * Asks the first; where it is late a second too; whoever has something to deliver first wins, and the other is cancelled.
 * Nothing was delivered of either before. A first one that fails before it is late fails at once: that is for retries.
 * @throws NearfarError where both fail, the first's; also where a failure of the first ends both
 */
export async function firstOfTwo<Turn, Result>(
  options: FirstOfTwo<Turn, Result>,
): Promise<Won<Turn, Result>> {
  const { first, run, afterMs, signal, openSecond, cancel, endsBoth, discard } = options;
  const outcomeOf = (turn: Turn): Promise<Outcome<Turn, Result>> =>
    run(turn).then(
      (result) => ({ turn, result }),
      (thrown: unknown) => ({ turn, error: toNearfarError(thrown) }),
    );
  const firstOutcome = outcomeOf(first);
  const early = await within(firstOutcome, afterMs);
  const second = early === null && !signal.aborted ? openSecond() : null;
  if (second === null) {
    const outcome = early ?? (await firstOutcome);
    if ('error' in outcome) throw outcome.error;
    return { winner: first, result: outcome.result, second: null, loserFailed: false };
  }
  const secondOutcome = outcomeOf(second);
  const winner = await Promise.race([firstOutcome, secondOutcome]);
  const isFirst = winner.turn === first;
  const [loser, loserOutcome] = isFirst ? [second, secondOutcome] : [first, firstOutcome];
  const drop = (): void => {
    cancel(loser);
    void loserOutcome.then((late) => {
      if ('result' in late) discard(late.result);
    });
  };
  if ('result' in winner) {
    drop();
    return { winner: winner.turn, result: winner.result, second, loserFailed: false };
  }
  if (isFirst && endsBoth(winner.error)) {
    drop();
    throw winner.error;
  }
  const other = await loserOutcome;
  if ('result' in other) return { winner: other.turn, result: other.result, second, loserFailed: true };
  throw isFirst ? winner.error : other.error;
}

/** Null where it takes longer. */
async function within<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
