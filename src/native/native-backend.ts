import type { Backend, BackendSource, LoadProgress } from '../browser/backend.ts';
import { createStopText } from '../browser/stop-text.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart, Usage } from '../chat/part.ts';
import { byteLength } from '../ledger/byte-length.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import type { Cleared } from '../privacy/clear.ts';
import { nativeError } from './native-error.ts';
import type { NativeEnd, NativeModel } from './native-model.ts';
import { countBy, embedBy } from './native-vectors.ts';
import { createPushedPieces, type PushedPieces } from './pushed-pieces.ts';
import { aborted, untilAborted } from './until-aborted.ts';

/** Milliseconds that a module has to end an answer after it was told to. */
const stopGraceMs = 3_000;

/**
 * A model of the device as a backend of the client. All adapters go through here, so that stopping, bounds, order of parts, and
 * what is counted are the same for all.
 * @param open makes the model, once; where it throws (the package is not in this build), `detect` says why
 */
export function nativeBackend(
  name: string,
  open: () => Promise<NativeModel> | NativeModel,
): BackendSource<'machine'> {
  return {
    name,
    boundary: 'machine',
    async open() {
      try {
        return backendOf(await open());
      } catch (thrown) {
        return missing(name, nativeError(thrown).message);
      }
    },
  };
}

function backendOf(model: NativeModel): Backend<'machine'> {
  const { name } = model;
  let loading: { readonly done: Promise<void>; readonly abort: AbortController } | null = null;
  /** Where the module writes one answer at a time: when the one before is through. */
  let turn: Promise<void> = Promise.resolve();
  /** Those who wait for the load, and what each is told with. */
  const waiting = new Map<AbortSignal, (progress: LoadProgress) => void>();

  function load(onProgress: (progress: LoadProgress) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(aborted());
    waiting.set(signal, onProgress);
    loading ??= startLoad();
    const { done, abort } = loading;
    const leave = (): void => {
      waiting.delete(signal);
      // Only where nobody else waits is it given up.
      if (signal.aborted && waiting.size === 0) abort.abort();
    };
    return untilAborted(done, signal).finally(leave);
  }

  function startLoad(): NonNullable<typeof loading> {
    const abort = new AbortController();
    let last = 0;
    const tellAll = (progress: Omit<LoadProgress, 'backend'>, most: number): void => {
      last = Math.max(last, Math.min(progress.fraction, most));
      for (const tell of waiting.values()) tell({ ...progress, fraction: last, backend: name });
    };
    const run = async (): Promise<void> => {
      try {
        await model.load((progress) => {
          tellAll(progress, 0.99);
        }, abort.signal);
        tellAll({ phase: 'load', loadedBytes: null, totalBytes: null, fraction: 1 }, 1);
      } catch (thrown) {
        throw nativeError(thrown);
      } finally {
        loading = null;
      }
    };
    const done = run();
    // All who waited may have left.
    done.catch(() => undefined);
    return { done, abort };
  }

  async function* chat(
    { request }: Cleared<'machine'>,
    signal: AbortSignal,
  ): AsyncGenerator<ChatPart, void, undefined> {
    const enteredAt = performance.now();
    const abort = new AbortController();
    const stop = (): void => {
      abort.abort();
    };
    // By hand: `AbortSignal.any` is not in Hermes.
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    let leave: () => void = () => undefined;
    let running: Promise<unknown> = Promise.resolve();
    try {
      if (!model.isConcurrent) {
        const before = turn;
        const mine = new Promise<void>((resolve) => {
          leave = resolve;
        });
        turn = before.then(() => mine);
        await untilAborted(before, abort.signal);
      }
      const startedAt = performance.now();
      const pieces = createPushedPieces();
      abort.signal.addEventListener('abort', () => {
        pieces.fail(aborted());
      });
      running = model.generate(request, pieces.push, abort.signal).then(pieces.end, pieces.fail);
      yield* answer(request, pieces, { enteredAt, startedAt });
    } catch (thrown) {
      yield { type: 'error', error: signal.aborted ? aborted() : nativeError(thrown) };
    } finally {
      signal.removeEventListener('abort', stop);
      abort.abort();
      // A module that was told to stop may take a moment, and would refuse who comes before it is through.
      void settledOrLate(running, stopGraceMs).then(leave);
    }
  }

  async function* answer(
    request: Cleared<'machine'>['request'],
    pieces: PushedPieces,
    { enteredAt, startedAt }: { readonly enteredAt: number; readonly startedAt: number },
  ): AsyncGenerator<ChatPart, void, undefined> {
    const bound = model.boundsTokens ? null : request.maxTokenCount;
    const stops = createStopText(request.stop);
    let isStarted = false;
    let firstAt: number | null = null;
    let saidBytes = 0;
    let callCount = 0;
    let cut: NativeEnd['reason'] | null = null;
    let end: NativeEnd | null = null;
    while (cut === null) {
      const next = await pieces.next();
      if (!isStarted) {
        isStarted = true;
        yield { type: 'start', model: name, grade: 'ungraded', promptTokenCount: 0, cachedTokenCount: 0 };
      }
      if ('reason' in next) {
        end = next;
        break;
      }
      firstAt ??= performance.now();
      if (next.type === 'tool-call') {
        yield* toolCall(next, callCount++);
        continue;
      }
      saidBytes += byteLength(next.text);
      if (next.type === 'reasoning') {
        if (next.text !== '') yield { type: 'reasoning-delta', choice: 0, text: next.text };
      } else {
        const shown = stops.push(next.text);
        if (shown !== '') yield { type: 'text-delta', choice: 0, text: shown };
        if (stops.hit !== null) cut = 'stop_sequence';
      }
      if (cut === null && bound !== null && tokenEstimate(saidBytes) >= bound) cut = 'length';
    }
    // What was held back is no stop string after all.
    const rest = stops.hit === null ? stops.end() : '';
    if (rest !== '') yield { type: 'text-delta', choice: 0, text: rest };
    const stopSequence = stops.hit ?? end?.stopSequence;
    const reason = cut ?? end?.reason ?? 'stop';
    yield {
      type: 'choice-end',
      choice: 0,
      reason: callCount > 0 ? 'tool_calls' : reason,
      ...(reason === 'stop_sequence' && stopSequence !== undefined ? { stopSequence } : {}),
    };
    const endedAt = performance.now();
    const prefillMs = (firstAt ?? endedAt) - startedAt;
    yield {
      type: 'finish',
      usage: usageOf(end, saidBytes),
      timings: {
        queueMs: startedAt - enteredAt,
        prefillMs,
        decodeMs: endedAt - startedAt - prefillMs,
        totalMs: endedAt - enteredAt,
      },
    };
  }

  return {
    name,
    boundary: 'machine',
    async detect() {
      try {
        return await model.detect();
      } catch (thrown) {
        return { state: 'unavailable', reason: nativeError(thrown).message };
      }
    },
    load,
    chat,
    ...(model.embed === undefined ? {} : { embed: embedBy(model, model.embed.bind(model)) }),
    ...(model.countTokens === undefined ? {} : { countTokens: countBy(model.countTokens.bind(model)) }),
    dispose: () => model.dispose(),
  };
}

function* toolCall(
  { id, name, arguments: text }: { readonly id: string; readonly name: string; readonly arguments: string },
  call: number,
): Generator<ChatPart> {
  yield { type: 'tool-call-start', choice: 0, call, id, name };
  yield { type: 'tool-call-delta', choice: 0, call, arguments: text };
  yield { type: 'tool-call-end', choice: 0, call };
}

/** What the module counted; else by the answer's length, and said to be so. */
function usageOf(end: NativeEnd | null, saidBytes: number): Usage {
  const { promptTokenCount = null, completionTokenCount = null, cachedTokenCount = null } = end ?? {};
  if (promptTokenCount !== null && completionTokenCount !== null) {
    return { promptTokenCount, cachedTokenCount: cachedTokenCount ?? 0, completionTokenCount };
  }
  return {
    promptTokenCount: promptTokenCount ?? 0,
    cachedTokenCount: 0,
    completionTokenCount: completionTokenCount ?? tokenEstimate(saidBytes),
    isMeasured: false,
  };
}

/** A package that is not in this build of the app. */
function missing(name: string, reason: string): Backend<'machine'> {
  const error = (): NearfarError => new NearfarError('unavailable', reason, { retryable: false });
  return {
    name,
    boundary: 'machine',
    detect: () => Promise.resolve({ state: 'unavailable', reason }),
    load: () => Promise.reject(error()),
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is a stream
    async *chat() {
      yield { type: 'error', error: error() };
    },
    dispose: () => Promise.resolve(),
  };
}

async function settledOrLate(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
