import { toNearfarError } from '../../chat/error.ts';
import { sumOfClasses } from '../class-figures.ts';
import type { Engine } from '../engine.ts';
import type { EngineSetup, ReadPrompt } from '../engine-setup.ts';
import type { GenerateCommand, LoopStats, SinksStats } from '../protocol.ts';
import { toWireError } from '../wire-part.ts';
import type { SlidingDecoder } from './sliding-decoder.ts';

/** A context of windows while it is open. */
export interface OpenWindows {
  readonly decoder: SlidingDecoder;
  close(): void;
}

export interface SinksEngineOptions {
  /** Called at the first request; a context that no one asks for costs nothing. @throws NearfarError */
  readonly open: () => OpenWindows;
  /** The step loop over these windows. */
  readonly createLoop: (decoder: SlidingDecoder, emit: EngineSetup['emit']) => Engine;
  /** Without a request for so long, the context is closed and its memory given back. */
  readonly idleMs: number;
  readonly emit: EngineSetup['emit'];
  /** Called when the context was closed, so that the figures are told. */
  readonly wake: () => void;
}

/**
 * Answers past the end of the context: the same step loop as elsewhere, over a decoder whose windows slide, in a context
 * of its own, beside the loop of all others. Each `step` is one decode.
 */
export interface SinksEngine {
  /** Never throws: what is wrong becomes the request's `error` part. */
  submit(command: GenerateCommand, read: ReadPrompt): Promise<void>;
  abort(id: string): void;
  /** @param tokenLimit most tokens of the step, but at least one for each answer */
  step(tokenLimit: number): boolean;
  readonly hasWork: boolean;
  /** An adapter is about to be freed; the next step applies its own. */
  dropAdapter(): void;
  /** As `Engine.longestPauseMs`, of those who read here. */
  longestPauseMs(): number;
  /** What its loops have done so far, closed ones included; `null` before the first. */
  readonly loopStats: LoopStats | null;
  readonly stats: SinksStats;
}

interface Opened extends OpenWindows {
  readonly loop: Engine;
}

export function createSinksEngine(options: SinksEngineOptions): SinksEngine {
  const underWay = new Set<string>();
  let opened: Opened | null = null;
  let closedStats: LoopStats | null = null;
  let closedDiscardedCount = 0;
  let closing: NodeJS.Timeout | null = null;

  function emit(parts: Parameters<EngineSetup['emit']>[0]): void {
    for (const { id, part } of parts) {
      if (part.type === 'finish' || part.type === 'error') underWay.delete(id);
    }
    options.emit(parts);
    if (underWay.size === 0) closeLater();
  }

  function closeLater(): void {
    if (closing !== null) clearTimeout(closing);
    closing = setTimeout(close, options.idleMs);
    closing.unref();
  }

  function close(): void {
    closing = null;
    if (opened === null || underWay.size > 0) return;
    closedStats = loopStats();
    closedDiscardedCount += opened.decoder.discardedTokenCount;
    opened.close();
    opened = null;
    options.wake();
  }

  function open(): Opened {
    const windows = options.open();
    return { ...windows, loop: options.createLoop(windows.decoder, emit) };
  }

  function loopStats(): LoopStats | null {
    const now = opened?.loop.stats() ?? null;
    if (now === null || closedStats === null) return now ?? closedStats;
    return withCountersOf(now, closedStats);
  }

  return {
    async submit(command, read) {
      underWay.add(command.id);
      if (closing !== null) clearTimeout(closing);
      closing = null;
      try {
        opened ??= open();
      } catch (thrown) {
        emit([{ id: command.id, part: { type: 'error', error: toWireError(toNearfarError(thrown)) } }]);
        return;
      }
      await opened.loop.submit(command, read);
    },
    abort(id) {
      opened?.loop.abort(id);
    },
    step(tokenLimit) {
      if (opened === null || underWay.size === 0) return false;
      opened.decoder.limitBatch(Math.max(tokenLimit, opened.decoder.sequenceCount));
      return opened.loop.step();
    },
    dropAdapter() {
      opened?.decoder.useAdapter(null);
    },
    get hasWork() {
      return underWay.size > 0;
    },
    longestPauseMs: () => (underWay.size === 0 ? Infinity : (opened?.loop.longestPauseMs() ?? Infinity)),
    get loopStats() {
      return loopStats();
    },
    get stats() {
      return {
        sinksCellCount: opened?.decoder.cellCount ?? 0,
        sinksUsedCellCount: opened?.decoder.usedCellCount ?? 0,
        sinksDiscardedTokenCount: closedDiscardedCount + (opened?.decoder.discardedTokenCount ?? 0),
      };
    },
  };
}

/** The counters of both, and the gauges of the first, which is the one that runs. Pure. */
export function withCountersOf(running: LoopStats, other: LoopStats): LoopStats {
  return {
    ...running,
    stepCount: running.stepCount + other.stepCount,
    promptTokenCount: running.promptTokenCount + other.promptTokenCount,
    cachedTokenCount: running.cachedTokenCount + other.cachedTokenCount,
    completionTokenCount: running.completionTokenCount + other.completionTokenCount,
    preemptionCount: running.preemptionCount + other.preemptionCount,
    classes: sumOfClasses(running.classes, other.classes),
  };
}

/** The figures of a model: those of its main loop, with what its windows add. Pure. */
export function withSinks(
  main: LoopStats,
  loop: LoopStats | null,
  sinks: SinksStats,
): LoopStats & SinksStats {
  if (loop === null) return { ...main, ...sinks };
  return {
    ...withCountersOf(main, loop),
    queuedCount: main.queuedCount + loop.queuedCount,
    runningCount: main.runningCount + loop.runningCount,
    ...sinks,
  };
}
