import type { Caller } from '../src/access/access.ts';
import type { EmbedRequest, EmbedResult } from '../src/chat/embedding.ts';
import { NearfarError } from '../src/chat/error.ts';
import type { ModelFacts } from '../src/chat/model.ts';
import type { ChatPart } from '../src/chat/part.ts';
import type { ChatRequest } from '../src/chat/request.ts';
import type { LocalModels, RunningModel } from '../src/engine/local-models.ts';
import { createApp } from '../src/http/app.ts';
import { type AppDependencies, defaultHttpLimits } from '../src/http/dependencies.ts';
import { listen, type ListeningServer } from '../src/http/server.ts';
import type { KeptResponse, KeptResponses } from '../src/responses/kept-responses.ts';
import type { InstalledModel, ModelStore } from '../src/models/store.ts';

/** A gateway whose answers are made up, for tests of everything between the socket and `answer`. */

export const fakeFacts: ModelFacts = {
  id: 'tiny',
  grade: 'smoke test',
  license: 'Apache-2.0',
  contextTokenCount: 2048,
  parameterCount: 134_515_008,
  format: 'Q4_0',
  family: 'llama',
  sizeBytes: 91_000_000,
  createdAt: new Date('2026-11-01T00:00:00Z'),
  sha256: 'ab'.repeat(32),
  verified: true,
};

const installed: InstalledModel = {
  id: 'tiny',
  facts: fakeFacts,
  path: '/models/tiny.gguf',
  files: ['/models/tiny.gguf'],
  reference: 'pypi:tiny',
  owner: 'nearfar',
};

export const fakeUsage = { promptTokenCount: 12, cachedTokenCount: 5, completionTokenCount: 3 };
export const fakeTimings = { queueMs: 1, prefillMs: 20, decodeMs: 30, totalMs: 51 };
export const fakeStart: ChatPart = {
  type: 'start',
  model: 'tiny',
  grade: 'smoke test',
  promptTokenCount: 12,
  cachedTokenCount: 5,
};

/** What the fake was asked, and how its answers ended. */
export interface Seen {
  readonly requests: ChatRequest[];
  readonly embedRequests: EmbedRequest[];
  readonly callers: Caller[];
  readonly reported: NearfarError[];
  readonly refused: NearfarError[];
  readonly removed: string[];
  readonly pulled: string[];
  readonly loaded: { id: string; keepAliveSeconds: number | null | undefined }[];
  readonly unloaded: string[];
  /** Answers whose signal was aborted. */
  abortCount: number;
}

export type Script = (request: ChatRequest, signal: AbortSignal) => AsyncIterable<ChatPart>;

/** Says "Hello, world!" in three parts, for every choice. */
export async function* hello(request: ChatRequest): AsyncGenerator<ChatPart> {
  yield fakeStart;
  for (let choice = 0; choice < request.choiceCount; choice++) {
    for (const text of ['Hello', ', wörld', '!']) {
      const bytes = [...new TextEncoder().encode(text)];
      yield {
        type: 'text-delta',
        choice,
        text,
        ...(request.topLogprobCount === null
          ? {}
          : {
              logprobs: [
                {
                  token: 1,
                  bytes,
                  logprob: -0.5,
                  top: [{ token: 1, bytes, logprob: -0.5 }].slice(0, request.topLogprobCount),
                },
              ],
            }),
      };
    }
    const [stopSequence] = request.stop;
    yield stopSequence === undefined
      ? { type: 'choice-end', choice, reason: 'stop' }
      : { type: 'choice-end', choice, reason: 'stop_sequence', stopSequence };
  }
  yield { type: 'finish', usage: fakeUsage, timings: fakeTimings };
}

export interface FakeGateway {
  readonly seen: Seen;
  readonly dependencies: AppDependencies;
  readonly app: ReturnType<typeof createApp>;
}

export function fakeGateway(script: Script = hello, overrides: Partial<AppDependencies> = {}): FakeGateway {
  const seen: Seen = {
    requests: [],
    embedRequests: [],
    callers: [],
    reported: [],
    refused: [],
    removed: [],
    pulled: [],
    loaded: [],
    unloaded: [],
    abortCount: 0,
  };
  const dependencies: AppDependencies = {
    answer(request, caller, signal) {
      seen.requests.push(request);
      seen.callers.push(caller);
      signal.addEventListener('abort', () => {
        seen.abortCount++;
      });
      return request.requestedModel === 'unknown'
        ? failing(unknownModel('unknown'))
        : script(request, signal);
    },
    embed(request, caller) {
      seen.embedRequests.push(request);
      seen.callers.push(caller);
      return request.requestedModel === 'unknown'
        ? Promise.reject(unknownModel('unknown'))
        : Promise.resolve(fakeEmbedding(request));
    },
    keptResponses: fakeKeptResponses(),
    access: {
      authenticate: () => ({ keyName: 'local', tenant: 'local', scopes: new Set(['use', 'admin']) }),
    },
    store: fakeStore(seen),
    localModels: fakeLocalModels(seen),
    naming: {
      resolve: async (name) => {
        if (['tiny', 'auto', 'near', 'gpt-4o', 'tiny:latest'].includes(name)) return 'tiny';
        throw unknownModel(name);
      },
      aliases: { 'gpt-4o': 'auto' },
      isInCatalog: (reference) => reference === 'tiny' || reference === 'other',
    },
    countTokens: async (_modelId, input) => (input.kind === 'chat' ? input.messages.length * 7 : 3),
    metrics: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      render: async () => 'nearfar_up 1\n',
    },
    readiness: () => ({ ready: true, reason: null }),
    version: '0.1.0',
    limits: defaultHttpLimits,
    hosts: { isLoopback: true, allowedHosts: [], allowedOrigins: [] },
    recordRefusal: (refusal) => {
      seen.refused.push(refusal.error);
    },
    reportError: (error) => {
      seen.reported.push(error);
    },
    ...overrides,
  };
  return { seen, dependencies, app: createApp(dependencies) };
}

/** The fake gateway behind a real socket. */
export async function listeningFakeGateway(
  script: Script = hello,
  overrides: Partial<AppDependencies> = {},
): Promise<FakeGateway & { readonly server: ListeningServer }> {
  const gateway = fakeGateway(script, overrides);
  const { limits } = gateway.dependencies;
  return { ...gateway, server: await listen(gateway.app, { host: '127.0.0.1', port: 0, limits }) };
}

export async function* failing(error: NearfarError): AsyncGenerator<ChatPart> {
  yield { type: 'error', error };
}

/** Vectors (0.6, 0.8), or scores that grow with the length of the document. */
function fakeEmbedding({ task }: EmbedRequest): EmbedResult {
  return {
    model: 'tiny',
    grade: 'smoke test',
    pooling: 'mean',
    output:
      task.kind === 'embed'
        ? { kind: 'vectors', vectors: task.inputs.map(() => Float32Array.of(0.6, 0.8)), truncatedCount: 0 }
        : { kind: 'scores', scores: task.documents.map((document) => document.length / 100) },
    promptTokenCount: 9,
    timings: fakeTimings,
  };
}

function unknownModel(name: string): NearfarError {
  return new NearfarError(
    'model_not_found',
    `There is no model ${name}. There is: tiny. Alias it in the settings.`,
    {
      field: 'model',
    },
  );
}

/** Each tenant's in memory; nothing of what is local_only. */
function fakeKeptResponses(): KeptResponses {
  const all = new Map<string, KeptResponse>();
  const keyOf = (id: string, tenant: string): string => JSON.stringify([id, tenant]);
  return {
    keepsTainted: false,
    mayKeep: ({ privacy }) => privacy === 'open',
    keep: async (kept, tenant) => {
      all.set(keyOf(kept.id, tenant), kept);
    },
    find: async (id, tenant) => all.get(keyOf(id, tenant)) ?? null,
    async chain(id, tenant) {
      const chain: KeptResponse[] = [];
      for (let next: string | null = id; next !== null;) {
        const found: KeptResponse | undefined = all.get(keyOf(next, tenant));
        if (found === undefined) {
          throw new NearfarError('invalid_request', `previous_response_id: ${next} is not here.`, {
            field: 'previous_response_id',
          });
        }
        chain.unshift(found);
        next = found.previousId;
      }
      return chain;
    },
    remove: async (id, tenant) => all.delete(keyOf(id, tenant)),
  };
}

function fakeStore(seen: Seen): ModelStore {
  return {
    list: async () => [installed],
    find: async (id) => (id === 'tiny' ? installed : null),
    async pull(reference, options) {
      seen.pulled.push(reference);
      if (reference === 'other') throw new NearfarError('unavailable', 'No source answers.');
      for (const receivedBytes of [0, 50, 100]) {
        options?.onProgress?.({
          stage: 'downloading',
          fileName: 'tiny.gguf',
          receivedBytes,
          totalBytes: 100,
        });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      options?.onProgress?.({
        stage: 'verifying',
        fileName: 'tiny.gguf',
        receivedBytes: 100,
        totalBytes: 100,
      });
      return installed;
    },
    async remove(id) {
      seen.removed.push(id);
    },
  };
}

function fakeLocalModels(seen: Seen): LocalModels {
  const running: RunningModel = {
    id: 'tiny',
    state: 'ready',
    loaded: null,
    stats: null,
    expiresAt: null,
    restartCount: 0,
  };
  return {
    model: () => Promise.reject(new Error('not used by the routes')),
    async load(id, options) {
      seen.loaded.push({ id, keepAliveSeconds: options?.keepAliveSeconds });
      return {
        contextTokenCount: 2048,
        trainedContextTokenCount: 2048,
        vocabTokenCount: 10,
        parameterCount: 1,
        sizeBytes: 1,
        description: '',
        hasChatTemplate: true,
        hasFillInMiddle: false,
        prefixGranularity: 'token',
        libraryVersion: '',
        backend: 'cpu',
        deviceNames: [],
        gpuLayerCount: 0,
        threadCount: 1,
        systemInfo: '',
        kernels: 'shipped',
        stepCost: [],
        loadMs: 1,
      };
    },
    running: () => [running],
    async unload(id) {
      seen.unloaded.push(id);
    },
    close: async () => undefined,
  };
}
