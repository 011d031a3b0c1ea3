import { chatRequest } from '../browser/chat-request.ts';
import type { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import { clear, type Cleared } from '../privacy/clear.ts';
import type { ApplePackage, FoundationMessage, FoundationOptions } from './apple/foundation-models-module.ts';
import type { ExpoAiKit } from './gemini-nano/expo-ai-kit-module.ts';
import type {
  LlamaCompletionParams,
  LlamaCompletionResult,
  LlamaContextParams,
  LlamaRn,
} from './llama-rn/llama-rn-module.ts';

/** Fakes of the native modules that follow what their packages declare and do; see the `…-module.ts` files for where from. */

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

class Emitter<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly subscribe = (listener: (event: Event) => void): { remove(): void } => {
    this.#listeners.add(listener);
    return { remove: () => this.#listeners.delete(listener) };
  };
  emit(event: Event): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
  get count(): number {
    return this.#listeners.size;
  }
}

export interface FakeAppleOptions {
  /** What is written, piece by piece; the module tells all of it each time. */
  readonly pieces?: readonly string[];
  readonly availability?: string;
  /** Ends in this error instead. */
  readonly error?: string;
  /** iOS is too old: `generateStream` throws. */
  readonly throws?: boolean;
  /** Without `getAvailability`, as in 0.12.0. */
  readonly isOld?: boolean;
  readonly isSlow?: boolean;
}

export interface FakeApple extends ApplePackage {
  readonly asked: { readonly messages: FoundationMessage[]; readonly options: FoundationOptions }[];
  readonly cancelled: string[];
  /** Listeners that are still there. */
  readonly listenerCount: () => number;
}

/** `@react-native-ai/apple` 0.12.0. */
export function fakeApple(setup: FakeAppleOptions = {}): FakeApple {
  const { pieces = ['Hel', 'lo ', 'there'], availability = 'available' } = setup;
  const update = new Emitter<{ readonly streamId: string; readonly content: string }>();
  const complete = new Emitter<{ readonly streamId: string }>();
  const failure = new Emitter<{ readonly streamId: string; readonly error: string }>();
  const cancelled: string[] = [];
  const asked: FakeApple['asked'] = [];
  let count = 0;

  async function write(streamId: string): Promise<void> {
    let content = '';
    for (const piece of pieces) {
      await (setup.isSlow === true ? new Promise((resolve) => setTimeout(resolve, 20)) : soon());
      // A cancelled task throws at its next step.
      if (cancelled.includes(streamId)) {
        failure.emit({
          streamId,
          error: 'The operation couldn’t be completed. (Swift.CancellationError error 1.)',
        });
        return;
      }
      content += piece;
      // Another stream's events come through the same emitter.
      update.emit({ streamId: 'of-another', content: 'not mine' });
      update.emit({ streamId, content });
    }
    if (setup.error === undefined) complete.emit({ streamId });
    else failure.emit({ streamId, error: setup.error });
  }

  return {
    asked,
    cancelled,
    listenerCount: () => update.count + complete.count + failure.count,
    AppleFoundationModels: {
      isAvailable: () => availability === 'available',
      ...(setup.isOld === true ? {} : { getAvailability: () => availability }),
      generateStream(messages, options) {
        if (setup.throws === true) throw new Error('Apple Intelligence not available on this iOS version');
        asked.push({ messages, options });
        if (messages.at(-1)?.role !== 'user') {
          throw new Error('Last message must be from user role');
        }
        if (options.topP !== undefined && options.topK !== undefined) {
          throw new Error('Cannot specify both topP and topK parameters simultaneously.');
        }
        const streamId = `stream-${String(++count)}`;
        if (availability !== 'available') {
          // As in the source: the error is told before the id is returned.
          failure.emit({ streamId, error: 'Apple Intelligence model is not available' });
        } else void write(streamId);
        return streamId;
      },
      cancelStream(streamId) {
        cancelled.push(streamId);
      },
      onStreamUpdate: update.subscribe,
      onStreamComplete: complete.subscribe,
      onStreamError: failure.subscribe,
    },
    AppleEmbeddings: {
      getInfo: () => Promise.resolve({ hasAvailableAssets: false, dimension: 2 }),
      prepare: () => Promise.resolve(),
      generateEmbeddings: (values) => Promise.resolve(values.map((value) => [3, value.length === 0 ? 0 : 4])),
    },
  };
}

/** `expo-ai-kit`'s errors carry a code. */
export class FakeModelError extends Error {
  readonly code: string;
  readonly modelId = 'mlkit';
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ModelError';
    this.code = code;
  }
}

export interface FakeExpoAiKitOptions {
  readonly pieces?: readonly string[];
  /** ML Kit's status. */
  readonly status?: 'available' | 'downloadable' | 'unavailable';
  readonly downloadError?: string;
  readonly error?: FakeModelError;
  /** 0.1: no `prepareBuiltInModel`. */
  readonly isOld?: boolean;
  readonly active?: string;
}

export interface FakeExpoAiKit extends ExpoAiKit {
  readonly asked: (readonly { readonly role: string; readonly content: string }[])[];
  readonly stopCount: () => number;
  readonly prepareCount: () => number;
}

/** `expo-ai-kit` 0.14.0 on Android. */
export function fakeExpoAiKit(setup: FakeExpoAiKitOptions = {}): FakeExpoAiKit {
  const { pieces = ['Gu', 'ten', ' Tag'], active = 'mlkit' } = setup;
  let status = setup.status ?? 'available';
  let inFlight = false;
  let stops = 0;
  let prepares = 0;
  const asked: FakeExpoAiKit['asked'] = [];
  return {
    asked,
    stopCount: () => stops,
    prepareCount: () => prepares,
    isAvailable: () => Promise.resolve(status !== 'unavailable'),
    getActiveModel: () => active,
    getBuiltInModels: () =>
      Promise.resolve([
        { id: 'mlkit', available: status !== 'unavailable', platform: 'android', contextWindow: 4000 },
      ]),
    ...(setup.isOld === true
      ? {}
      : {
          async prepareBuiltInModel() {
            prepares += 1;
            await soon();
            if (setup.downloadError !== undefined)
              throw new FakeModelError('DOWNLOAD_FAILED', setup.downloadError);
            if (status === 'unavailable') {
              throw new FakeModelError(
                'DEVICE_NOT_SUPPORTED',
                'ML Kit Prompt API is not supported on this device',
              );
            }
            status = 'available';
          },
        }),
    streamMessage(messages, onToken) {
      if (inFlight) {
        const busy = new FakeModelError('INFERENCE_BUSY', 'A generation is already in flight.');
        return { promise: Promise.reject(busy), stop: () => undefined };
      }
      if (status !== 'available') {
        const error = new FakeModelError(
          'MODEL_NOT_DOWNLOADED',
          'The ML Kit model is not ready. Call prepareBuiltInModel() first',
        );
        return { promise: Promise.reject(error), stop: () => undefined };
      }
      inFlight = true;
      asked.push(messages);
      let accumulatedText = '';
      const flight = { isStopped: false };
      const { promise, resolve, reject } = Promise.withResolvers<{ readonly text: string }>();
      void (async () => {
        for (const token of pieces) {
          await soon();
          if (flight.isStopped) return;
          accumulatedText += token;
          onToken({ token, accumulatedText, isDone: false });
        }
        inFlight = false;
        if (setup.error !== undefined) {
          reject(setup.error);
          return;
        }
        onToken({ token: '', accumulatedText, isDone: true });
        resolve({ text: accumulatedText });
      })();
      return {
        promise,
        stop() {
          stops += 1;
          flight.isStopped = true;
          inFlight = false;
          resolve({ text: accumulatedText });
        },
      };
    },
  };
}

export interface FakeLlamaOptions {
  readonly tokens?: readonly string[];
  /** What the template's parser makes of the text: thoughts before `</think>`. */
  readonly parses?: boolean;
  readonly result?: Partial<LlamaCompletionResult>;
  readonly initError?: string;
  readonly tokenMs?: number;
}

export interface FakeLlama extends LlamaRn {
  readonly asked: LlamaCompletionParams[];
  readonly opened: LlamaContextParams[];
  readonly releaseCount: () => number;
  readonly stopCount: () => number;
}

/** `llama.rn` 0.12.9. */
export function fakeLlama(setup: FakeLlamaOptions = {}): FakeLlama {
  const { tokens = ['One', ' two', ' three'], tokenMs = 1 } = setup;
  const asked: LlamaCompletionParams[] = [];
  const opened: LlamaContextParams[] = [];
  let releases = 0;
  let stops = 0;
  return {
    asked,
    opened,
    releaseCount: () => releases,
    stopCount: () => stops,
    async initLlama(params, onProgress) {
      opened.push(params);
      onProgress?.(0);
      await soon();
      if (setup.initError !== undefined) throw new Error(setup.initError);
      onProgress?.(50);
      onProgress?.(100);
      let isBusy = false;
      const run = { isStopped: false };
      const isStopped = (): boolean => run.isStopped;
      return {
        model: { chatTemplates: { jinja: { default: true, defaultCaps: { tools: true }, toolUse: false } } },
        async completion(completion, onToken) {
          if (isBusy) throw new Error('Context is busy');
          isBusy = true;
          run.isStopped = false;
          asked.push(completion);
          let text = '';
          let count = 0;
          for (const token of tokens) {
            await new Promise((resolve) => setTimeout(resolve, tokenMs));
            if (isStopped() || count === completion.n_predict) break;
            text += token;
            count += 1;
            onToken?.({ token, ...(setup.parses === true ? parsed(text) : {}) });
          }
          isBusy = false;
          return {
            text,
            ...(setup.parses === true ? parsed(text) : { content: text }),
            tokens_predicted: count,
            tokens_evaluated: 12,
            stopped_limit: count === completion.n_predict ? 1 : 0,
            stopped_word: '',
            stopping_word: '',
            context_full: false,
            interrupted: run.isStopped,
            tool_calls: [],
            ...setup.result,
          };
        },
        stopCompletion() {
          stops += 1;
          run.isStopped = true;
          return Promise.resolve();
        },
        getFormattedChat: (messages) =>
          Promise.resolve({
            prompt: messages.map(({ role, content }) => `<${role}>${content ?? ''}`).join(''),
          }),
        tokenize: (text) =>
          Promise.resolve({ tokens: Array.from({ length: text.length }, (_, index) => index) }),
        embedding: (text) => Promise.resolve({ embedding: [text.length, 0, 0] }),
        release() {
          releases += 1;
          return Promise.resolve();
        },
      };
    },
  };
}

function parsed(text: string): { readonly content: string; readonly reasoning_content: string } {
  const at = text.indexOf('</think>');
  return at < 0
    ? { content: '', reasoning_content: text }
    : { content: text.slice(at + '</think>'.length), reasoning_content: text.slice(0, at) };
}

/** A request as the client makes it. */
export function request(changes: Partial<ChatRequest> & { readonly text?: string } = {}): Cleared<'machine'> {
  const { text = 'Hi', ...others } = changes;
  return clear(
    {
      ...chatRequest([{ role: 'user', content: text }], {}, true),
      ...others,
    },
    'machine',
  );
}

export async function partsOf(stream: AsyncIterable<ChatPart>): Promise<ChatPart[]> {
  const parts: ChatPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

export function textIn(parts: readonly ChatPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}

export function errorIn(parts: readonly ChatPart[]): NearfarError | null {
  const last = parts.at(-1);
  return last?.type === 'error' ? last.error : null;
}

export const never = new AbortController().signal;
