import type { ChatPart } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { NearfarError } from '../../chat/error.ts';
import { neutralSampling } from '../../chat/sampling.ts';
import type { PageEngine } from './engine.ts';

export function fakeRequest(content = 'Hello', more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    id: 'request-1',
    dialect: 'internal',
    requestedModel: 'near',
    input: { kind: 'chat', messages: [{ role: 'user', content }] },
    sampling: { ...neutralSampling, temperature: 0 },
    stop: [],
    maxTokenCount: 16,
    choiceCount: 1,
    topLogprobCount: null,
    isStreamed: true,
    privacy: 'local_only',
    tenant: 'page',
    priority: 'interactive',
    answerCache: 'off',
    deadlineAt: null,
    outputFormat: { type: 'text' },
    ignoreEndOfGeneration: false,
    keepAliveSeconds: null,
    ...more,
  };
}

export interface FakeEngine extends PageEngine {
  /** What happened, in order. */
  readonly events: string[];
}

/** Says its name and then the prompt, a word at a time, as slowly as it is told. */
export function fakeEngine(name: string, wordMs = 1): FakeEngine {
  const events: string[] = [];
  return {
    events,
    async load(onProgress) {
      events.push('load');
      for (const fraction of [0.5, 1]) {
        onProgress({ backend: name, phase: 'load', loadedBytes: null, totalBytes: null, fraction });
        await new Promise((resolve) => setTimeout(resolve, wordMs));
      }
    },
    async *chat({ input }, signal): AsyncGenerator<ChatPart> {
      const text = input.kind === 'chat' ? (input.messages.at(-1)?.content ?? '') : '';
      events.push(`chat ${text}`);
      yield { type: 'start', model: name, grade: 'ungraded', promptTokenCount: 1, cachedTokenCount: 0 };
      for (const word of [name, ...text.split(' ')]) {
        await new Promise((resolve) => setTimeout(resolve, wordMs));
        if (signal.aborted) {
          events.push(`aborted ${text}`);
          yield { type: 'error', error: new NearfarError('aborted', 'It was aborted.') };
          return;
        }
        yield { type: 'text-delta', choice: 0, text: `${word} ` };
      }
      yield { type: 'choice-end', choice: 0, reason: 'stop' };
      yield {
        type: 'finish',
        usage: { promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 2 },
        timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
      };
    },
    embed: () => Promise.reject(new NearfarError('unsupported', 'No vectors here.', { field: 'input' })),
    countTokens: () => Promise.resolve(7),
    dispose() {
      events.push('dispose');
      return Promise.resolve();
    },
  };
}

/** Channels of one name that hear each other, later and in order, as BroadcastChannels do; what is sent is cloned. */
export function fakeChannels(): () => Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'> {
  const open = new Set<Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>>();
  return () => {
    const channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'> = {
      onmessage: null,
      postMessage(message: unknown) {
        const data: unknown = structuredClone(message);
        for (const other of open) {
          if (other === channel) continue;
          setTimeout(() => {
            if (open.has(other)) other.onmessage?.call(other as BroadcastChannel, { data } as MessageEvent);
          });
        }
      },
      close() {
        open.delete(channel);
      },
    };
    open.add(channel);
    return channel;
  };
}

export async function collect(parts: AsyncIterable<ChatPart>): Promise<readonly ChatPart[]> {
  const all: ChatPart[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

export function textOf(parts: readonly ChatPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}
