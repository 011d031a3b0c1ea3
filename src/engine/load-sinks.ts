import type { ChatInput } from '../chat/request.ts';
import { chooseSinksSizes } from '../plan/sinks-sizes.ts';
import { createEngine, type Engine } from './engine.ts';
import type { EngineSetup } from './engine-setup.ts';
import { kvShareOfF16 } from './kv-type.ts';
import { createContext, type LlamaContext } from './llama/context.ts';
import type { LlamaModel } from './llama/model.ts';
import type { Loaded } from './load.ts';
import { createOverflowDesk } from './overflow-desk.ts';
import type { LoadOptions } from './protocol.ts';
import { noPadding } from './row-padding.ts';
import { createSinksEngine, type SinksEngine } from './sinks/sinks-engine.ts';
import { createSlidingDecoder } from './sinks/sliding-decoder.ts';
import { createWindowCost } from './sinks/window-cost.ts';

/** A context that nobody streams through is closed after a minute: opening it again takes a fraction of a second. */
const idleMs = 60_000;

export interface LoadedSinks {
  readonly sinks: SinksEngine;
  /** Where all prompts are handed in. */
  readonly desk: Pick<Engine, 'submit' | 'abort'>;
}

/** What streams through windows of a loaded model, beside its main loop. */
export function createLoadedSinks(
  options: LoadOptions,
  { model, threadCount, contextTokenCount }: Loaded,
  writing: NonNullable<Loaded['writing']>,
  main: {
    readonly engine: Engine;
    readonly setup: EngineSetup;
    readonly read: (input: ChatInput) => Promise<Int32Array>;
  },
): LoadedSinks {
  const { setup, read } = main;
  const sizes = chooseSinksSizes(contextTokenCount, options.sinks);
  const createLoop = (
    decoder: Parameters<Parameters<typeof createSinksEngine>[0]['createLoop']>[0],
    emit: EngineSetup['emit'],
  ): Engine =>
    createEngine({
      ...setup,
      decoder,
      window: decoder,
      cost: createWindowCost({ ...writing.calibration.curve, padding: noPadding }, decoder),
      contextTokenCount: Number.MAX_SAFE_INTEGER,
      parallelCount: sizes.parallelCount,
      hostCacheBytes: 0,
      parking: {
        ...main.engine.hostTier,
        windowBytes: sizes.windowTokenCount * model.kvBytesPerCell * kvShareOfF16(options.kvType),
      },
      disk: null,
      speculation: 'off',
      draftModel: null,
      othersLimitMs: () => Infinity,
      emit,
    });
  const sinks = createSinksEngine({
    open: () => {
      const context = createContext(model, {
        cellCount: sizes.cellCount,
        batchTokenCount: sizes.batchTokenCount,
        sequenceCount: sizes.parallelCount,
        outputCount: sizes.parallelCount,
        threadCount,
        kvType: options.kvType,
        // Its steps come in turn with those of the main loop.
        threadpools: writing.context.threadpools,
      });
      const { windowTokenCount, parallelCount } = sizes;
      return {
        decoder: createSlidingDecoder({ decoder: context, windowTokenCount, sequenceCount: parallelCount }),
        close: () => {
          context.close();
        },
      };
    },
    createLoop,
    idleMs,
    emit: setup.emit,
    wake: setup.wake,
  });
  const desk = createOverflowDesk({
    main: main.engine,
    sinks,
    whyNoSinks: whyNoSinks(model, writing.context),
    windowTokenCount: sizes.windowTokenCount,
    contextTokenCount,
    readPrompt: setup.readPrompt,
    read,
    emit: setup.emit,
  });
  return { sinks, desk };
}

function whyNoSinks(model: LlamaModel, { canShift, prefixGranularity }: LlamaContext): string | null {
  if (canShift) return null;
  if (prefixGranularity === 'none')
    return 'where each answer has cells of its own (static batching), nothing streams through a window.';
  return (
    `${model.description} cannot stream through a window: it keeps a state in place of cells, or its positions ` +
    'cannot be moved.'
  );
}
