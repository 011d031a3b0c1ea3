import { describe, expect, it } from 'vitest';
import { collect, fakeRequest, textOf } from '../worker/fakes.ts';
import type { Chunk } from '../worker/chunk-reader.ts';
import { createWebLlmEngine } from './engine.ts';
import type { WebLlmLibrary } from './library.ts';

/** No model of WebLLM's is among the packages that tests may fetch: this fake follows its types and documentation. */

const forever = new AbortController().signal;
const record = { model_id: 'm', model: 'https://m.example/m/', model_lib: 'https://m.example/m.wasm' };

function world(words: readonly string[], fails: string | null = null) {
  const bodies: Record<string, unknown>[] = [];
  const marked: string[] = [];
  let isInterrupted = false;
  const MLCEngine: WebLlmLibrary['MLCEngine'] = class {
    readonly #config: ConstructorParameters<WebLlmLibrary['MLCEngine']>[0];
    constructor(config: ConstructorParameters<WebLlmLibrary['MLCEngine']>[0]) {
      this.#config = config;
    }
    async reload(): Promise<void> {
      for (const progress of [0, 0.5, 1]) this.#config.initProgressCallback({ progress, text: '' });
      if (fails !== null) throw new Error(fails);
      return Promise.resolve();
    }
    unload(): Promise<void> {
      return Promise.resolve();
    }
    interruptGenerate(): void {
      isInterrupted = true;
    }
    chatCompletion(body: object): Promise<AsyncIterable<Chunk>> {
      isInterrupted = false;
      bodies.push(body as Record<string, unknown>);
      return Promise.resolve(
        (async function* (): AsyncGenerator<Chunk> {
          for (const content of words) {
            await new Promise((resolve) => setTimeout(resolve, 2));
            if (isInterrupted as boolean) break;
            yield { choices: [{ delta: { content }, finish_reason: null }] };
          }
          yield { choices: [{ delta: {}, finish_reason: (isInterrupted as boolean) ? 'abort' : 'stop' }] };
          yield { choices: [], usage: { prompt_tokens: 4, completion_tokens: words.length } };
        })(),
      );
    }
  };
  const engine = createWebLlmEngine(
    { model: record, downloadBytes: 1000 },
    {
      library: () => Promise.resolve({ MLCEngine }),
      mark: (id) => {
        marked.push(id);
        return Promise.resolve();
      },
    },
  );
  return { engine, bodies, marked };
}

describe('WebLLM', () => {
  it('loads with progress, is marked as loaded, streams and counts', async () => {
    const { engine, bodies, marked } = world(['Pa', 'ris']);
    const fractions: number[] = [];
    await engine.load(({ fraction }) => fractions.push(fraction), forever);
    expect(fractions).toEqual([0, 0.45, 0.9, 1]);
    expect(marked).toEqual(['m']);
    const parts = await collect(engine.chat(fakeRequest('Where?', { stop: ['\n'] }), forever));
    expect(textOf(parts)).toBe('Paris');
    expect(parts.at(-1)).toMatchObject({
      type: 'finish',
      usage: { promptTokenCount: 4, completionTokenCount: 2 },
    });
    expect(bodies[0]).toMatchObject({
      messages: [{ role: 'user', content: 'Where?' }],
      stop: ['\n'],
      max_tokens: 16,
      temperature: 0,
      stream: true,
    });
  });

  it('is given schemas as text', async () => {
    const { engine, bodies } = world(['{}']);
    const schema = { type: 'object' };
    await collect(
      engine.chat(
        fakeRequest('x', {
          outputFormat: { type: 'json_schema', schema, name: null, strict: true, field: 'response_format' },
        }),
        forever,
      ),
    );
    expect(bodies[0]?.['response_format']).toEqual({ type: 'json_object', schema: '{"type":"object"}' });
  });

  it('is interrupted by an abort and by a reader who leaves', async () => {
    const { engine } = world(Array.from({ length: 50 }, () => 'x'));
    const stop = new AbortController();
    const parts = [];
    for await (const part of engine.chat(fakeRequest(), stop.signal)) {
      parts.push(part);
      if (parts.length === 3) stop.abort();
    }
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    for await (const part of engine.chat(fakeRequest(), forever)) if (part.type === 'text-delta') break;
    expect((await collect(engine.chat(fakeRequest(), forever))).at(-1)?.type).toBe('finish');
  });

  it('says why it cannot be loaded', async () => {
    const { engine, marked } = world([], 'GPU is lost');
    await expect(engine.load(() => undefined, forever)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'm could not be loaded: GPU is lost',
    });
    expect(marked).toEqual([]);
  });
});
