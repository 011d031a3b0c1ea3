import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { ChatPart, Usage } from '../../chat/part.ts';
import type { ChatInput, ChatRequest } from '../../chat/request.ts';
import { byteLength } from '../../ledger/byte-length.ts';
import { tokenEstimate } from '../../ledger/token-estimate.ts';
import type { Cleared } from '../../privacy/clear.ts';
import type { Availability, Backend, LoadProgress } from '../backend.ts';
import { createStopText } from '../stop-text.ts';
import { builtInError } from './error.ts';
import {
  findModelApi,
  type ModelApi,
  type ModelGlobals,
  type ModelMessage,
  type ModelSession,
  type SessionOptions,
} from './language-model.ts';
import { builtInPrompt, builtInSampling, constraintOf } from './prompt.ts';

export interface BuiltInOptions {
  /** Of questions and answers, as BCP 47: Chrome wants to know which it must be good at. @default ['en'] */
  readonly languages?: readonly string[];
  /** For tests. @default globalThis */
  readonly globals?: ModelGlobals;
}

const name = 'built-in';

/** The browser's own model behind the Prompt API. One session a request: what one conversation said the next does not see. */
export function createBuiltInBackend(options: BuiltInOptions): Backend<'machine'> {
  const { languages = ['en'], globals = globalThis as ModelGlobals } = options;
  /** Kept so that the browser does not unload the model between requests, and for what it tells of the context. */
  let idle: ModelSession | null = null;
  const text = { type: 'text', languages } as const;
  const expected: SessionOptions = { expectedInputs: [text], expectedOutputs: [text] };

  async function detect(): Promise<Availability> {
    const api = findModelApi(globals);
    if (api === null) {
      return { state: 'unavailable', reason: 'This browser has no model of its own (no Prompt API).' };
    }
    try {
      const state = await api.availability(expected);
      if (state === 'unavailable') {
        return {
          state: 'unavailable',
          reason: `The browser’s own model cannot be used on this device, or not for ${languages.join(', ')}.`,
        };
      }
      const [images, audio] = await Promise.all([takes(api, 'image'), takes(api, 'audio')]);
      return {
        state: state === 'available' ? (idle === null ? 'downloaded' : 'ready') : state,
        model: 'built-in',
        // The browser tells no page how large it is.
        downloadBytes: state === 'available' ? 0 : null,
        can: {
          streaming: true,
          schema: !api.isOld,
          tools: false,
          images,
          audio,
          embeddings: false,
          chat: true,
          tokenCounts: 'exact',
          contextTokenCount: idle === null ? null : windowOf(idle),
        },
        note:
          state === 'downloadable' ? 'The browser downloads it at a click: call prepare() from one.' : null,
      };
    } catch (thrown) {
      return {
        state: 'unavailable',
        reason: `The browser’s model cannot be looked at: ${builtInError(thrown).message}`,
      };
    }
  }

  async function takes(api: ModelApi, type: 'image' | 'audio'): Promise<boolean> {
    if (api.isOld) return false;
    try {
      return (await api.availability({ ...expected, expectedInputs: [text, { type }] })) === 'available';
    } catch {
      return false;
    }
  }

  async function load(onProgress: (progress: LoadProgress) => void, signal: AbortSignal): Promise<void> {
    if (idle !== null) return;
    let fraction = 0;
    const tell = (next: number, phase: LoadProgress['phase']): void => {
      fraction = Math.max(fraction, Math.min(next, 1));
      onProgress({ backend: name, phase, loadedBytes: null, totalBytes: null, fraction });
    };
    try {
      idle = await api().create({
        ...expected,
        signal,
        monitor(monitor) {
          monitor.addEventListener('downloadprogress', (event) => {
            const { loaded, total } = event as Event & { readonly loaded?: number; readonly total?: number };
            // A share today; bytes of a total in the first versions. All of it is there before all of it is loaded.
            const share = (loaded ?? 0) / (total === undefined || total === 0 ? 1 : total);
            tell(Math.min(share, 0.99), 'download');
          });
        },
      });
      tell(1, 'load');
    } catch (thrown) {
      throw builtInError(thrown);
    }
  }

  function api(): ModelApi {
    const found = findModelApi(globals);
    if (found === null)
      throw new NearfarError('unavailable', 'This browser has no model of its own (no Prompt API).');
    return found;
  }

  async function open(
    request: ChatRequest,
    signal: AbortSignal,
  ): Promise<{
    readonly session: ModelSession;
    readonly prompt: readonly ModelMessage[];
    readonly initial: number | undefined;
  }> {
    const found = api();
    const { initialPrompts, prompt, kinds } = builtInPrompt(request);
    const params = (await found.params?.().catch(() => null)) ?? null;
    const media = [...kinds].map((type) => ({ type }));
    const session = await found.create({
      expectedInputs: [text, ...media],
      expectedOutputs: [text],
      ...builtInSampling(request, params),
      ...(initialPrompts.length === 0 ? {} : { initialPrompts }),
      signal,
    });
    return { session, prompt, initial: usageNow(session) };
  }

  async function* chat(
    { request }: Cleared<'machine'>,
    signal: AbortSignal,
  ): AsyncGenerator<ChatPart, void, undefined> {
    const startedAt = performance.now();
    let firstAt: number | null = null;
    let session: ModelSession | null = null;
    const abort = new AbortController();
    const both = AbortSignal.any([signal, abort.signal]);
    try {
      const opened = await open(request, both);
      session = opened.session;
      const constraint = constraintOf(request);
      const found = api();
      yield { type: 'start', model: name, grade: 'ungraded', promptTokenCount: 0, cachedTokenCount: 0 };
      const stream = session.promptStreaming(
        found.isOld ? lastText(opened.prompt) : opened.prompt,
        constraint === undefined ? { signal: both } : { signal: both, responseConstraint: constraint },
      );
      const stop = createStopText(request.stop);
      let said = '';
      let isFull = false;
      for await (const chunk of stream) {
        // The first versions repeated all that was said with each piece.
        const piece = found.isOld && said !== '' && chunk.startsWith(said) ? chunk.slice(said.length) : chunk;
        said += piece;
        firstAt ??= performance.now();
        const shown = stop.push(piece);
        if (shown !== '') yield { type: 'text-delta', choice: 0, text: shown };
        isFull = request.maxTokenCount !== null && tokenEstimate(byteLength(said)) >= request.maxTokenCount;
        if (stop.hit !== null || isFull) break;
      }
      const rest = stop.end();
      if (rest !== '') yield { type: 'text-delta', choice: 0, text: rest };
      if (stop.hit !== null) {
        yield { type: 'choice-end', choice: 0, reason: 'stop_sequence', stopSequence: stop.hit };
      } else yield { type: 'choice-end', choice: 0, reason: isFull ? 'length' : 'stop' };
      const { prompt, initial } = opened;
      const usage = await usageOf(session, { prompt, initial, said, isCut: stop.hit !== null || isFull });
      const endedAt = performance.now();
      const prefillMs = (firstAt ?? endedAt) - startedAt;
      const totalMs = endedAt - startedAt;
      yield {
        type: 'finish',
        usage,
        timings: { queueMs: 0, prefillMs, decodeMs: totalMs - prefillMs, totalMs },
      };
    } catch (thrown) {
      const error = signal.aborted
        ? new NearfarError('aborted', 'The request was aborted.')
        : builtInError(thrown);
      yield { type: 'error', error: toNearfarError(error) };
    } finally {
      abort.abort();
      session?.destroy();
    }
  }

  async function countTokens(input: ChatInput, signal: AbortSignal): Promise<number> {
    const { initialPrompts, prompt } = builtInPrompt({ input });
    try {
      const session = await api().create({
        ...expected,
        initialPrompts: [...initialPrompts, ...prompt],
        signal,
      });
      const count = usageNow(session);
      session.destroy();
      if (count === undefined)
        throw new NearfarError('unsupported', 'This browser does not tell counts of tokens.');
      return count;
    } catch (thrown) {
      throw builtInError(thrown);
    }
  }

  return {
    name,
    boundary: 'machine',
    detect,
    load,
    chat,
    countTokens,
    dispose() {
      idle?.destroy();
      idle = null;
      return Promise.resolve();
    },
  };
}

const usageNow = ({ contextUsage, inputUsage, tokensSoFar }: ModelSession): number | undefined =>
  contextUsage ?? inputUsage ?? tokensSoFar;

function windowOf({ contextWindow, inputQuota, maxTokens }: ModelSession): number | null {
  const told = contextWindow ?? inputQuota ?? maxTokens;
  return told !== undefined && Number.isFinite(told) ? told : null;
}

/** What the session counts, where it tells; else by the answer's length. An answer that was broken off is not in its count. */
async function usageOf(
  session: ModelSession,
  {
    prompt,
    initial,
    said,
    isCut,
  }: {
    readonly prompt: readonly ModelMessage[];
    readonly initial: number | undefined;
    readonly said: string;
    readonly isCut: boolean;
  },
): Promise<Usage> {
  const estimate: Usage = {
    promptTokenCount: 0,
    cachedTokenCount: 0,
    completionTokenCount: tokenEstimate(byteLength(said)),
    isMeasured: false,
  };
  const total = usageNow(session);
  if (total === undefined || initial === undefined || isCut) return estimate;
  try {
    const asked =
      (await session.measureContextUsage?.(prompt)) ?? (await session.measureInputUsage?.(prompt));
    const left = asked === undefined ? 0 : total - initial - asked;
    if (asked === undefined || left <= 0) return estimate;
    return { promptTokenCount: initial + asked, cachedTokenCount: 0, completionTokenCount: left };
  } catch {
    return estimate;
  }
}

function lastText(prompt: readonly ModelMessage[]): string {
  const content = prompt.at(-1)?.content ?? '';
  return typeof content === 'string' ? content : '';
}
