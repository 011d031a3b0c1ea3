/** When a child that died is started again. All times in milliseconds. */
export interface RestartPolicy {
  /** Delay before the second restart in a row; the first is at once. Doubles from there. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A child that ran this long since it was loaded has proven itself: counting starts anew. */
  readonly stableMs: number;
  /** Deaths in a row while loading after which it is given up. */
  readonly loadAttemptCount: number;
}

export const defaultRestartPolicy: RestartPolicy = {
  firstDelayMs: 250,
  longestDelayMs: 5_000,
  stableMs: 30_000,
  loadAttemptCount: 3,
};

/** Delay before the restart that follows the `crashCount`th crash in a row (1 = the first). */
export function restartDelayMs(policy: RestartPolicy, crashCount: number): number {
  if (crashCount <= 1) return 0;
  return Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** Math.min(crashCount - 2, 30));
}
