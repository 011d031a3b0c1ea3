import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { Availability, Backend, BackendAbilities, BackendSource } from './backend.ts';
import type { DeviceFacts, Environment } from './environment.ts';

/** Doubles for tests of the page's client. */

export const allAbilities: BackendAbilities = {
  streaming: true,
  schema: true,
  tools: true,
  images: true,
  audio: true,
  embeddings: true,
  chat: true,
  tokenCounts: 'exact',
  contextTokenCount: 4096,
};

export function ready(can: Partial<BackendAbilities> = {}): Availability {
  return { state: 'ready', model: 'fake', downloadBytes: 0, can: { ...allAbilities, ...can }, note: null };
}

export const noTimings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };

/** A whole answer of one choice. */
export function partsOf(text: string, model = 'fake'): readonly ChatPart[] {
  return [
    { type: 'start', model, grade: 'assistant', promptTokenCount: 3, cachedTokenCount: 0 },
    ...Array.from(text).map((piece): ChatPart => ({ type: 'text-delta', choice: 0, text: piece })),
    { type: 'choice-end', choice: 0, reason: 'stop' },
    {
      type: 'finish',
      usage: { promptTokenCount: 3, cachedTokenCount: 0, completionTokenCount: text.length },
      timings: noTimings,
    },
  ];
}

export interface FakeSetup {
  readonly name?: string;
  readonly availability?: Availability | (() => Availability | Promise<Availability>);
  /** What it answers; throws or ends early where it does. */
  readonly answer?: (
    request: ChatRequest,
    signal: AbortSignal,
  ) => AsyncIterable<ChatPart> | Iterable<ChatPart>;
  readonly vectors?: (texts: readonly string[]) => readonly Float32Array[];
}

export interface FakeBackend extends BackendSource<'machine'> {
  /** All that it was asked. */
  readonly asked: ChatRequest[];
  loadCount: number;
}

export function fakeBackend(setup: FakeSetup = {}): FakeBackend {
  const {
    name = 'fake',
    availability = ready(),
    answer = () => partsOf(`from ${name}`, name),
    vectors,
  } = setup;
  const source: FakeBackend = {
    name,
    boundary: 'machine',
    asked: [],
    loadCount: 0,
    open: () => Promise.resolve(backend),
  };
  const backend: Backend<'machine'> = {
    name,
    boundary: 'machine',
    detect: async () => (typeof availability === 'function' ? availability() : availability),
    load: (onProgress) => {
      source.loadCount += 1;
      onProgress({ backend: name, phase: 'load', loadedBytes: 1, totalBytes: 1, fraction: 1 });
      return Promise.resolve();
    },
    async *chat(cleared, signal) {
      source.asked.push(cleared.request);
      yield* answer(cleared.request, signal);
    },
    countTokens: (input) => Promise.resolve(JSON.stringify(input).length),
    dispose: () => Promise.resolve(),
    ...(vectors === undefined
      ? {}
      : {
          embed: ({ request: { task } }) => {
            if (task.kind !== 'embed') throw new NearfarError('unsupported', 'Vectors only.');
            const texts = task.inputs.map((input) => (input.kind === 'text' ? input.text : ''));
            return Promise.resolve({
              model: name,
              grade: 'assistant',
              pooling: 'mean',
              output: { kind: 'vectors', vectors: vectors(texts), truncatedCount: 0 },
              promptTokenCount: texts.length,
              timings: noTimings,
            });
          },
        }),
  };
  return source;
}

export const usualDevice: DeviceFacts = {
  isOnline: true,
  isHidden: false,
  battery: null,
  savesData: false,
  storage: { usedBytes: 0, quotaBytes: 1e10 },
};

export function fakeEnvironment(facts: Partial<DeviceFacts> = {}): Environment & { facts: DeviceFacts } {
  const listeners = new Set<() => void>();
  return {
    facts: { ...usualDevice, ...facts },
    read() {
      return Promise.resolve(this.facts);
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export interface SentRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it left. */
  readonly body: string;
}

/** A network that notes all that leaves the page, and answers as a gateway does. */
export interface RecordingNetwork {
  readonly sent: SentRequest[];
  readonly fetch: typeof globalThis.fetch;
}

export type Reply = (sent: SentRequest) => Response | Promise<Response>;

export function recordingNetwork(
  reply: Reply = () => eventsOf(answerEvents('from the gateway')),
): RecordingNetwork {
  const sent: SentRequest[] = [];
  return {
    sent,
    fetch: async (input, init) => {
      const one: SentRequest = {
        url: input instanceof Request ? input.url : String(input),
        headers: Object.fromEntries(new Headers(init?.headers)),
        body: typeof init?.body === 'string' ? init.body : '',
      };
      sent.push(one);
      init?.signal?.throwIfAborted();
      return reply(one);
    },
  };
}

/** Chunks of OpenAI's stream. */
export function answerEvents(text: string, model = 'far'): readonly object[] {
  const chunk = (delta: object, reason: string | null = null): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model,
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  return [
    chunk({ role: 'assistant', content: '' }),
    ...(text.match(/.{1,5}/gs) ?? []).map((piece) => chunk({ content: piece })),
    chunk({}, 'stop'),
    {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model,
      choices: [],
      usage: { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 },
    },
  ];
}

export function eventsOf(events: readonly object[], ending = 'data: [DONE]\n\n'): Response {
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('') + ending;
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
}

export function refusalOf(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = JSON.stringify({ error: { message, type: 'x', param: null, code: null } });
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
}

export async function read(parts: AsyncIterable<ChatPart>): Promise<readonly ChatPart[]> {
  const all: ChatPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

export function textOf(parts: readonly ChatPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}
