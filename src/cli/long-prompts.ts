import type { LoadedModel } from '../engine/protocol.ts';
import { longContextStrategy, type LongContextAdvice } from '../plan/long-context.ts';

/** What `doctor` shows for prompts of a length. */
export interface LongPrompt extends LongContextAdvice {
  readonly promptTokenCount: number;
}

/** The borders of the guide's strategy. */
const shownTokenCounts = [2_000, 10_000, 100_000];

/** What serves long prompts best with this model, as it is loaded here; nothing for models that only read. Pure. */
export function longPrompts(
  loaded: LoadedModel,
  settings: { readonly hostCacheBytes: number; readonly freeMemoryBytes: number },
): readonly LongPrompt[] {
  const { pool } = loaded;
  if (pool === undefined) return [];
  return shownTokenCounts.map((promptTokenCount) => ({
    promptTokenCount,
    ...longContextStrategy({
      ...settings,
      ...pool,
      promptTokenCount,
      contextTokenCount: loaded.contextTokenCount,
      trainedContextTokenCount: loaded.trainedContextTokenCount,
      promptMs: promptMs(loaded, promptTokenCount),
    }),
  }));
}

/** By the widest measured step, without what attention adds: no less than this. */
function promptMs({ stepCost }: LoadedModel, promptTokenCount: number): number | null {
  const widest = stepCost.at(-1);
  return widest === undefined ? null : (promptTokenCount / widest.tokenCount) * widest.milliseconds;
}

const names: Readonly<Record<LongContextAdvice['strategy'], string>> = {
  nothing: 'nothing special',
  prefix_cache: 'prefix cache',
  larger_context: 'a larger context',
  sliding_window: 'sinks',
  truncate_middle: 'truncate_middle',
};

export function longPromptLines(prompts: readonly LongPrompt[]): string[] {
  if (prompts.length === 0) return [];
  return [
    '  long prompts (by the measured steps):',
    ...prompts.map(
      ({ promptTokenCount, strategy, reasons }) =>
        `  ${promptTokenCount.toLocaleString('en-US').padStart(9)}  ${names[strategy]}: ${reasons.join(' ')}`,
    ),
  ];
}
