import type { NearfarError } from '../../chat/error.ts';
import type { EmbedResult } from '../../chat/embedding.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { LoadProgress } from '../backend.ts';
import type { Ask, FromEngine, PageEngine, ToEngine } from './engine.ts';
import { fromWireError, fromWirePart } from './wire-error.ts';

/** An engine at the other end of messages. */
export interface Asker extends PageEngine {
  /** What came from the other end. */
  receive(message: FromEngine): void;
  /** The other end is gone: what it had begun to stream ends in the error; what it had not is given back to be asked anew. */
  lose(error: NearfarError): readonly number[];
  /** Sends again what was not begun. @param ids of `lose` */
  askAgain(ids: readonly number[]): void;
}

interface Pending {
  readonly ask: Ask;
  hasBegun: boolean;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly onPart: (part: ChatPart) => void;
  readonly onDone: (value: unknown) => void;
  readonly onFailed: (error: NearfarError) => void;
}

/** @param send to the other end; its answers come by `receive` */
export function createAsker(send: (message: ToEngine) => void): Asker {
  const pending = new Map<number, Pending>();
  let nextId = 1;

  function ask(
    what: Ask,
    signal: AbortSignal,
    handlers: Partial<Omit<Pending, 'ask' | 'hasBegun'>>,
  ): Promise<unknown> {
    const id = nextId++;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        send({ type: 'abort', id });
      };
      const settle = (): void => {
        pending.delete(id);
        signal.removeEventListener('abort', abort);
      };
      pending.set(id, {
        ask: what,
        hasBegun: false,
        onProgress: handlers.onProgress ?? (() => undefined),
        onPart: handlers.onPart ?? (() => undefined),
        onDone(value) {
          settle();
          resolve(value);
        },
        onFailed(error) {
          settle();
          reject(error);
        },
      });
      send({ type: 'ask', id, ask: what });
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    });
  }

  return {
    receive(message) {
      const entry = pending.get(message.id);
      if (entry === undefined) return;
      switch (message.type) {
        case 'progress':
          entry.onProgress(message.progress);
          break;
        case 'part':
          entry.hasBegun = true;
          entry.onPart(fromWirePart(message.part));
          break;
        case 'done':
          entry.onDone(message.value);
          break;
        case 'failed':
          entry.onFailed(fromWireError(message.error));
          break;
      }
    },
    lose(error) {
      const unbegun: number[] = [];
      for (const [id, entry] of [...pending]) {
        if (entry.hasBegun) entry.onFailed(error);
        else unbegun.push(id);
      }
      return unbegun;
    },
    askAgain(ids) {
      for (const id of ids) {
        const entry = pending.get(id);
        if (entry !== undefined) send({ type: 'ask', id, ask: entry.ask });
      }
    },
    async load(onProgress, signal) {
      await ask({ kind: 'load' }, signal, { onProgress });
    },
    async *chat(request, signal) {
      const stop = new AbortController();
      const parts: ChatPart[] = [];
      let isOver = false;
      let wake = (): void => undefined;
      const asked = ask({ kind: 'chat', request }, AbortSignal.any([signal, stop.signal]), {
        onPart(part) {
          parts.push(part);
          wake();
        },
      }).then(
        () => undefined,
        (error: unknown) => {
          parts.push({ type: 'error', error: error as NearfarError });
        },
      );
      void asked.then(() => {
        isOver = true;
        wake();
      });
      try {
        for (;;) {
          const part = parts.shift();
          if (part !== undefined) {
            yield part;
            if (part.type === 'finish' || part.type === 'error') return;
          } else if (isOver as boolean) return;
          else
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
        }
      } finally {
        // The reader left, or all is said: in both cases nothing more is wanted.
        stop.abort();
      }
    },
    async embed(request, signal) {
      return (await ask({ kind: 'embed', request }, signal, {})) as EmbedResult;
    },
    async countTokens(input, signal) {
      return (await ask({ kind: 'count', input }, signal, {})) as number;
    },
    dispose() {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, {
          ask: { kind: 'load' },
          hasBegun: true,
          onProgress: () => undefined,
          onPart: () => undefined,
          onDone: () => {
            pending.delete(id);
            resolve();
          },
          onFailed: (error) => {
            pending.delete(id);
            reject(error);
          },
        });
        send({ type: 'dispose', id });
      });
    },
  };
}
