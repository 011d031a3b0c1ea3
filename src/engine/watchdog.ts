/** What the child is doing, as far as its parent knows. `none`: nothing is owed, so silence means nothing. */
export type ChildActivity = 'none' | 'loading' | 'answering';

export interface WatchdogOptions {
  /** Longest silence of a child that answers, in milliseconds. A load may be silent five times as long. */
  readonly watchdogMs: number;
  readonly activity: () => ChildActivity;
  readonly ping: () => void;
  /** Called once per child. */
  readonly onHang: (silentMs: number) => void;
}

export interface Watchdog {
  /** Any sign of life, by the name of its event. */
  heard(sign: string): void;
  stop(): void;
}

const loadingPatience = 5;
const longestTickMs = 5_000;

/**
 * Finds a child that hangs in native code. Silence is counted in ticks that this process lived through, not by the
 * clock: after a laptop's sleep or a long stall here the child must get the chance to be heard first.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const tickMs = Math.max(1, Math.min(longestTickMs, Math.floor(options.watchdogMs / 4)));
  let silentMs = 0;
  let hasBarked = false;

  const timer = setInterval(() => {
    const activity = options.activity();
    if (activity === 'none') {
      silentMs = 0;
      hasBarked = false;
      return;
    }
    silentMs += tickMs;
    const patienceMs = options.watchdogMs * (activity === 'loading' ? loadingPatience : 1);
    if (silentMs < patienceMs) {
      options.ping();
    } else if (!hasBarked) {
      hasBarked = true;
      options.onHang(silentMs);
    }
  }, tickMs);
  timer.unref();

  return {
    heard(sign) {
      // A child whose event loop answers may still be stuck in a load that makes no progress.
      if (sign === 'pong' && options.activity() === 'loading') return;
      silentMs = 0;
      hasBarked = false;
    },
    stop() {
      clearInterval(timer);
    },
  };
}
