import { NearfarError } from '../../chat/error.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { LoadProgress } from '../backend.ts';
import type { BackendStatus, CallOptions, Near, NearInput, NearStatus, PageDecision } from '../near.ts';

/** A client whose answers the test makes, piece by piece. */
export interface FakeNear {
  readonly near: Near;
  readonly asked: { readonly input: NearInput; readonly call: CallOptions }[];
  /** Of the answer that was asked for last. */
  say(text: string): Promise<void>;
  end(): Promise<void>;
  fail(error: NearfarError): Promise<void>;
  readonly isAborted: () => boolean;
  /** Of the load that was asked for last. */
  load(progress: Partial<LoadProgress>): Promise<void>;
  finishLoad(): Promise<void>;
  setBackends(backends: readonly BackendStatus[]): void;
  readonly watcherCount: () => number;
  readonly disposeCount: () => number;
}

export const decision: PageDecision = {
  backend: 'wllama',
  label: 'local_only',
  detectors: ['email'],
  reasons: ['policy: private stays'],
  tier: null as unknown as PageDecision['tier'],
};

export function backendStatus(
  state: 'ready' | 'downloaded' | 'downloadable',
  changes: Partial<BackendStatus> = {},
): BackendStatus {
  return {
    name: 'wllama',
    boundary: 'machine',
    fits: true,
    availability: {
      state,
      model: 'smollm2',
      downloadBytes: state === 'downloadable' ? 91_700_000 : 0,
      can: {
        streaming: true,
        schema: true,
        tools: false,
        images: false,
        audio: false,
        embeddings: false,
        chat: true,
        tokenCounts: 'exact',
        contextTokenCount: null,
      },
      note: null,
    },
    ...changes,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

export function fakeNear(backends: readonly BackendStatus[] = [backendStatus('ready')]): FakeNear {
  let status: NearStatus = {
    backends,
    environment: {
      isOnline: true,
      isHidden: false,
      battery: null,
      savesData: false,
      storage: null,
      speeds: new Map(),
    },
    loading: new Map(),
  };
  const watchers = new Set<() => void>();
  const asked: FakeNear['asked'] = [];
  let push: (part: ChatPart) => void = () => undefined;
  let isAborted = false;
  let disposals = 0;
  let tell: (progress: LoadProgress) => void = () => undefined;
  let finish: () => void = () => undefined;

  function stream(input: NearInput, call: CallOptions = {}): ReturnType<Near['stream']> {
    asked.push({ input, call });
    isAborted = false;
    const parts: ChatPart[] = [
      { type: 'start', model: 'smollm2', grade: 'ungraded', promptTokenCount: 3, cachedTokenCount: 0 },
    ];
    let wake: () => void = () => undefined;
    push = (part) => {
      parts.push(part);
      wake();
    };
    async function* read(): AsyncGenerator<ChatPart> {
      for (;;) {
        const part = parts.shift();
        if (part === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        yield part;
        if (part.type === 'finish' || part.type === 'error') return;
      }
    }
    const own = push;
    return {
      [Symbol.asyncIterator]: () => read(),
      route: Promise.resolve(decision),
      abort() {
        isAborted = true;
        own({ type: 'error', error: new NearfarError('aborted', 'The request was aborted.') });
      },
    };
  }

  const near = {
    stream,
    status: () => Promise.resolve(status),
    watch(listener: () => void) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    prepare: ({ onProgress, signal }: NonNullable<Parameters<Near['prepare']>[0]>) =>
      new Promise<void>((resolve, reject) => {
        tell = (progress) => onProgress?.(progress);
        finish = resolve;
        signal?.addEventListener('abort', () => {
          isAborted = true;
          reject(new NearfarError('aborted', 'The request was aborted.'));
        });
      }),
    dispose() {
      disposals += 1;
      return Promise.resolve();
    },
  } as unknown as Near;

  return {
    near,
    asked,
    async say(text) {
      push({ type: 'text-delta', choice: 0, text });
      await settled();
    },
    async end() {
      push({ type: 'choice-end', choice: 0, reason: 'stop' });
      push({
        type: 'finish',
        usage: { promptTokenCount: 3, cachedTokenCount: 0, completionTokenCount: 2 },
        timings: { queueMs: 0, prefillMs: 1, decodeMs: 1, totalMs: 2 },
      });
      await settled();
    },
    async fail(error) {
      push({ type: 'error', error });
      await settled();
    },
    isAborted: () => isAborted,
    async load(progress) {
      tell({
        backend: 'wllama',
        phase: 'download',
        loadedBytes: null,
        totalBytes: null,
        fraction: 0,
        ...progress,
      });
      await new Promise((resolve) => setTimeout(resolve, 60));
    },
    async finishLoad() {
      finish();
      await settled();
    },
    setBackends(next) {
      status = { ...status, backends: next };
      for (const watcher of watchers) watcher();
    },
    watcherCount: () => watchers.size,
    disposeCount: () => disposals,
  };
}
