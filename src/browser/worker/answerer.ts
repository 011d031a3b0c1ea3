import { NearfarError } from '../../chat/error.ts';
import type { Ask, FromEngine, PageEngine, ToEngine } from './engine.ts';
import { toWireError, toWirePart } from './wire-error.ts';

/** The end of the messages where the engine is. */
export interface Answerer {
  /** What came from whoever asks. */
  receive(message: ToEngine): void;
  /** Whoever asks is gone: all that it asked is given up. */
  close(): void;
}

/** Answers what one page or tab asks. @param send to it */
export function createAnswerer(engine: PageEngine, send: (message: FromEngine) => void): Answerer {
  const running = new Map<number, AbortController>();
  /** A tab that was not heard asks again: what is known is not done twice. */
  const known = new Set<number>();

  async function answer(id: number, ask: Ask, signal: AbortSignal): Promise<unknown> {
    switch (ask.kind) {
      case 'load':
        return engine.load((progress) => {
          send({ type: 'progress', id, progress });
        }, signal);
      case 'chat':
        for await (const part of engine.chat(ask.request, signal))
          send({ type: 'part', id, part: toWirePart(part) });
        return null;
      case 'embed':
        return engine.embed(ask.request, signal);
      case 'count':
        return engine.countTokens(ask.input, signal);
    }
  }

  async function run(id: number, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    running.set(id, stop);
    try {
      send({ type: 'done', id, value: await work(stop.signal) });
    } catch (thrown) {
      send({ type: 'failed', id, error: toWireError(thrown) });
    } finally {
      running.delete(id);
    }
  }

  return {
    receive(message) {
      switch (message.type) {
        case 'ask':
          if (known.has(message.id)) return;
          known.add(message.id);
          void run(message.id, (signal) => answer(message.id, message.ask, signal));
          break;
        case 'abort':
          running.get(message.id)?.abort(new NearfarError('aborted', 'It was aborted.'));
          break;
        case 'dispose':
          void run(message.id, () => engine.dispose());
          break;
      }
    },
    close() {
      for (const stop of running.values()) stop.abort(new NearfarError('aborted', 'Whoever asked is gone.'));
    },
  };
}
