import type { EngineEvent, EngineStats } from './protocol.ts';

/** What the child is doing, as far as its parent knows. `none`: nothing is owed, so silence means nothing. */
export type ChildActivity = 'none' | 'loading' | 'answering';

/** `life`: it can still speak. `progress`: a part, a step or a piece of the load is done, or new work was sent. */
export type ChildSign = 'life' | 'progress';

export interface WatchdogOptions {
  /**
   * Longest silence of a child that answers, in milliseconds. Five times as long it may go on without progress: while
   * it loads, or while its event loop lives and its steps lead nowhere.
   */
  readonly watchdogMs: number;
  readonly activity: () => ChildActivity;
  readonly ping: () => void;
  /** Called once per child. */
  readonly onHang: (stuckMs: number) => void;
}

export interface Watchdog {
  heard(sign: ChildSign): void;
  stop(): void;
}

const progressPatience = 5;
const longestTickMs = 5_000;

/**
 * Finds a child that hangs in native code. Silence is counted in ticks that this process lived through, not by the
 * clock: after a laptop's sleep or a long stall here the child must get the chance to be heard first.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const tickMs = Math.max(1, Math.min(longestTickMs, Math.floor(options.watchdogMs / 4)));
  let silentMs = 0;
  let stuckMs = 0;
  let hasBarked = false;

  function rest(): void {
    silentMs = 0;
    stuckMs = 0;
    hasBarked = false;
  }

  const timer = setInterval(() => {
    const activity = options.activity();
    if (activity === 'none') {
      rest();
      return;
    }
    silentMs += tickMs;
    stuckMs += tickMs;
    const isStuck = stuckMs >= options.watchdogMs * progressPatience;
    // A load blocks the child's event loop: there only progress counts.
    const isSilent = activity === 'answering' && silentMs >= options.watchdogMs;
    if (!isStuck && !isSilent) {
      options.ping();
    } else if (!hasBarked) {
      hasBarked = true;
      options.onHang(stuckMs);
    }
  }, tickMs);
  timer.unref();

  return {
    heard(sign) {
      silentMs = 0;
      if (sign === 'progress') rest();
    },
    stop() {
      clearInterval(timer);
    },
  };
}

/** What an event says of the child; statistics are progress where the steps went on since the last ones. */
export function signOf(event: EngineEvent, last: EngineStats | null): ChildSign {
  if (event.type === 'stats') return event.stats.stepCount === last?.stepCount ? 'life' : 'progress';
  return event.type === 'pong' ? 'life' : 'progress';
}
