import type { Backend } from '../../src/browser/backend.ts';
import type { ChatRequest } from '../../src/chat/request.ts';
import { neutralSampling } from '../../src/chat/sampling.ts';
import { clear } from '../../src/privacy/clear.ts';
import { wllama } from '../../src/browser/wllama/source.ts';
import type { MeasuredAnswer } from './measured-answer.ts';

/** What `bench -- browser` runs in the page: the backend itself, as the client asks it, with stamps at the page's own end. */

interface Measuring {
  /** Loads the model with so many threads; null: the backend's default. @returns milliseconds */
  load(modelId: string, threadCount: number | null): Promise<number>;
  ask(prompt: string, tokenCount: number): Promise<MeasuredAnswer>;
  unload(): Promise<void>;
}

const forever = new AbortController().signal;
let backend: Backend<'machine'> | null = null;

const measuring: Measuring = {
  async load(modelId, threadCount) {
    const source = wllama({
      source: { model: modelId, gateway: { url: '/' } },
      wasmUrl: '/pages/wllama.wasm',
      contextTokenCount: 1024,
      createWorker: () => new Worker('/pages/wllama-worker.js', { type: 'module' }),
      ...(threadCount === null ? {} : { threadCount }),
    });
    backend = await source.open();
    const startedAt = performance.now();
    await backend.load(() => undefined, forever);
    return performance.now() - startedAt;
  },
  async ask(prompt, tokenCount) {
    if (backend === null) throw new Error('Nothing is loaded.');
    const startedAt = performance.now();
    const arrivals: number[] = [];
    let text = '';
    for await (const part of backend.chat(clear(request(prompt, tokenCount), 'machine'), forever)) {
      if (part.type === 'text-delta') {
        arrivals.push(performance.now());
        text += part.text;
      }
      if (part.type === 'error') throw part.error;
      if (part.type !== 'finish') continue;
      const first = arrivals[0] ?? startedAt;
      return {
        text,
        promptTokenCount: part.usage.promptTokenCount,
        completionTokenCount: part.usage.completionTokenCount,
        firstMs: first - startedAt,
        restMs: (arrivals.at(-1) ?? first) - first,
      };
    }
    throw new Error('The answer had no end.');
  },
  async unload() {
    await backend?.dispose();
    backend = null;
  },
};

/** Greedy, and of exactly so many tokens: as the gateway is asked. */
function request(prompt: string, tokenCount: number): ChatRequest {
  return {
    id: crypto.randomUUID(),
    dialect: 'internal',
    requestedModel: 'near',
    input: { kind: 'chat', messages: [{ role: 'user', content: prompt }] },
    sampling: { ...neutralSampling, temperature: 0 },
    stop: [],
    maxTokenCount: tokenCount,
    choiceCount: 1,
    topLogprobCount: null,
    isStreamed: true,
    privacy: 'local_only',
    tenant: 'page',
    priority: 'interactive',
    answerCache: 'off',
    deadlineAt: null,
    outputFormat: { type: 'text' },
    ignoreEndOfGeneration: true,
    keepAliveSeconds: null,
  };
}

Object.assign(window, { measuring });
