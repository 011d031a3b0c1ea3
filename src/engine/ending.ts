/** The end of a child that a signal asked for. */
export interface Ending {
  /** At once where this is asked again, half a second later or more: a wrapper may pass on what comes to the group too. */
  ask(): void;
  /** Nothing was done just now: if this was asked for, and nobody waits for an answer, it will soon be time. */
  endIfIdle(): void;
}

export interface EndingOptions {
  readonly isBusy: () => boolean;
  /** Has `endIfIdle` called soon. */
  readonly wake: () => void;
  readonly end: () => void;
}

/** How long answers under way may take, in milliseconds: as long as the supervisor would wait. */
const graceMs = 30_000;
/** How long the gateway has, once nothing is under way, to say itself that this is the end. */
const patienceMs = 1_000;
const echoMs = 500;

/**
 * A signal may come to the gateway and its children together, as from systemd: the gateway lets answers end and then
 * says so, and takes a child that went before for a crash. To a child alone the signal comes from somebody who wants it
 * gone, but not what it has still to write.
 */
export function createEnding({ isBusy, wake, end }: EndingOptions): Ending {
  let askedAt: number | null = null;
  let patience: NodeJS.Timeout | null = null;

  function endIfIdle(): void {
    if (askedAt === null || isBusy()) return;
    patience ??= setTimeout(() => {
      patience = null;
      if (!isBusy()) end();
    }, patienceMs);
  }

  return {
    ask() {
      const now = performance.now();
      if (askedAt !== null) {
        if (now - askedAt >= echoMs) end();
        return;
      }
      askedAt = now;
      setTimeout(end, graceMs);
      wake();
    },
    endIfIdle,
  };
}
