import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatInput } from '../chat/request.ts';
import type { Engine } from './engine.ts';
import type { EngineSetup, ReadPrompt } from './engine-setup.ts';
import type { GenerateCommand } from './protocol.ts';
import { sinkTokenCount } from './sinks/sink-count.ts';
import type { SinksEngine } from './sinks/sinks-engine.ts';
import { toWireError } from './wire-part.ts';

export interface OverflowDeskOptions {
  readonly main: Pick<Engine, 'submit' | 'abort'>;
  readonly sinks: Pick<SinksEngine, 'submit' | 'abort'>;
  /** Why no window can slide here; `null` = it can. */
  readonly whyNoSinks: string | null;
  readonly windowTokenCount: number;
  /** Most tokens of one request in the main loop. */
  readonly contextTokenCount: number;
  readonly readPrompt: EngineSetup['readPrompt'];
  readonly read: (input: ChatInput) => Promise<Int32Array>;
  readonly emit: EngineSetup['emit'];
}

/**
 * Takes every prompt to the loop that can answer it: what asks for `sinks` and may run past the context goes through a
 * window, all else to the main loop, where prefixes are shared. Where a request sets no bound, an answer through a window
 * ends after as many tokens as the context has, for it would else have no end.
 */
export function createOverflowDesk(options: OverflowDeskOptions): Pick<Engine, 'submit' | 'abort'> {
  const { main, sinks, contextTokenCount, windowTokenCount, whyNoSinks } = options;
  /** Ids of prompts that are being read here. */
  const reading = new Set<string>();

  function fail(id: string, thrown: unknown): void {
    options.emit([{ id, part: { type: 'error', error: toWireError(toNearfarError(thrown)) } }]);
  }

  async function place(command: GenerateCommand): Promise<() => Promise<void>> {
    const read = await options.readPrompt(command);
    const tokenCount = read.tokens.length;
    const maxTokenCount = command.maxTokenCount ?? (whyNoSinks === null ? contextTokenCount : 1);
    if (tokenCount === 0 || tokenCount + maxTokenCount <= contextTokenCount) {
      return () => main.submit(command, read);
    }
    if (whyNoSinks !== null) {
      throw new NearfarError('unsupported', `context_overflow: ${whyNoSinks}`, { field: 'context_overflow' });
    }
    if (command.priority === 'voice') {
      const text =
        'context_overflow: not with sinks in the class voice; no first token can be promised through a window that slides.';
      throw new NearfarError('unsupported', text, { field: 'context_overflow' });
    }
    const keepTokenCount = await sinkTokenCount({
      input: command.input,
      tokens: read.tokens,
      asked: command.keepTokenCount,
      windowTokenCount,
      read: options.read,
    });
    const streamed: ReadPrompt = { ...read, keepTokenCount };
    return () => sinks.submit({ ...command, maxTokenCount }, streamed);
  }

  return {
    async submit(command) {
      if (command.contextOverflow !== 'sinks') return main.submit(command);
      const { id } = command;
      reading.add(id);
      try {
        const submit = await place(command);
        // An abort during reading has already answered.
        if (reading.delete(id)) await submit();
      } catch (thrown) {
        if (reading.delete(id)) fail(id, thrown);
      }
    },
    abort(id) {
      if (reading.delete(id)) fail(id, new NearfarError('aborted', 'The request was cancelled.'));
      main.abort(id);
      sinks.abort(id);
    },
  };
}
