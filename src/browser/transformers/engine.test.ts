import { describe, expect, it } from 'vitest';
import { fakeDisk } from '../downloads/fakes.ts';
import type { FileStore } from '../downloads/file-store.ts';
import { collect, fakeRequest, textOf } from '../worker/fakes.ts';
import { createTransformersEngine } from './engine.ts';
import type { TransformersLibrary } from './library.ts';

/** A chat model is not among the packages that tests may fetch: this fake follows Transformers.js's documented contract. */

const forever = new AbortController().signal;

function world(words: readonly string[]) {
  const files: string[] = [];
  const options: object[] = [];
  const env = { backends: { onnx: { wasm: {} } } } as TransformersLibrary['env'];
  class Brake {
    isPulled = false;
    interrupt(): void {
      this.isPulled = true;
    }
  }
  class Streamer {
    readonly options: {
      callback_function(text: string): void;
      token_callback_function(tokens: readonly bigint[]): void;
    };
    constructor(_: unknown, given: never) {
      this.options = given;
    }
  }
  const generate = async (
    _: readonly object[],
    given: {
      readonly max_new_tokens: number;
      readonly streamer: Streamer;
      readonly stopping_criteria: Brake;
    },
  ): Promise<void> => {
    options.push(given);
    for (const word of words.slice(0, given.max_new_tokens)) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (given.stopping_criteria.isPulled) return;
      given.streamer.options.token_callback_function([1n]);
      given.streamer.options.callback_function(word);
    }
  };
  const library: TransformersLibrary = {
    env,
    TextStreamer: Streamer as never,
    InterruptableStoppingCriteria: Brake,
    async pipeline(task: string) {
      expect(task).toBe('text-generation');
      files.push(await (await env.fetch('https://nearfar.invalid/page/model/config.json')).text());
      expect((await env.fetch('https://nearfar.invalid/page/model/other.json')).status).toBe(404);
      expect((await env.fetch('https://huggingface.co/page/model/config.json')).status).toBe(404);
      return Object.assign(generate, {
        tokenizer: { encode: () => [], apply_chat_template: () => [1, 2, 3, 4, 5] },
        model: { config: { max_position_embeddings: 64 } },
        dispose: () => Promise.resolve(),
      }) as never;
    },
  };
  const store: Pick<FileStore, 'download' | 'open' | 'use'> = {
    download: () => Promise.resolve(),
    open: (wanted) => Promise.resolve(wanted.map(({ url }) => new Blob([`content of ${url}`]))),
    use: () => undefined,
  };
  const engine = createTransformersEngine(
    {
      source: { model: 'chat-model', files: [{ url: 'https://m.example/config.json', path: 'config.json' }] },
      task: 'chat',
      wasmUrl: 'https://m.example/ort.wasm',
    },
    {
      library: () => Promise.resolve(library),
      disk: fakeDisk,
      store: () => store as FileStore,
      hasGpu: () => Promise.resolve(false),
    },
  );
  return { engine, files, env, options };
}

describe('chats through Transformers.js', () => {
  it('stream, are counted, and their files come from this device only', async () => {
    const { engine, files, env } = world(['Hello', ' there', '!']);
    const parts = await collect(engine.chat(fakeRequest(), forever));
    expect(textOf(parts)).toBe('Hello there!');
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'text-delta',
      'choice-end',
      'finish',
    ]);
    expect(parts.at(-1)).toMatchObject({ usage: { promptTokenCount: 5, completionTokenCount: 3 } });
    expect(files).toEqual(['content of https://m.example/config.json']);
    expect(env).toMatchObject({ useBrowserCache: false, useWasmCache: false, allowLocalModels: false });
    expect(await engine.countTokens(fakeRequest().input, forever)).toBe(5);
  });

  it('end at a stop string that comes in pieces, and at the limit', async () => {
    const stopped = await collect(
      world(['one', ' EN', 'D', ' two']).engine.chat(fakeRequest('x', { stop: [' END'] }), forever),
    );
    expect(textOf(stopped)).toBe('one');
    expect(stopped.at(-2)).toEqual({
      type: 'choice-end',
      choice: 0,
      reason: 'stop_sequence',
      stopSequence: ' END',
    });
    const cut = await collect(
      world(['a', 'b', 'c']).engine.chat(fakeRequest('x', { maxTokenCount: 2 }), forever),
    );
    expect(cut.at(-2)).toMatchObject({ reason: 'length' });
  });

  it('are aborted, and the next one is answered', async () => {
    const { engine } = world(Array.from({ length: 40 }, () => 'x'));
    const stop = new AbortController();
    const parts = [];
    for await (const part of engine.chat(fakeRequest('x', { maxTokenCount: 40 }), stop.signal)) {
      parts.push(part);
      if (parts.length === 4) stop.abort();
    }
    expect(parts.at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    expect(parts.length).toBeLessThan(8);
    expect((await collect(engine.chat(fakeRequest('x', { maxTokenCount: 3 }), forever))).at(-1)?.type).toBe(
      'finish',
    );
  });

  it('refuse what they cannot honour', async () => {
    const { engine } = world([]);
    for (const [more, field] of [
      [{ choiceCount: 2 }, 'n'],
      [{ topLogprobCount: 1 }, 'logprobs'],
      [{ outputFormat: { type: 'json_object', field: 'response_format' } }, 'response_format'],
    ] as const) {
      const parts = await collect(engine.chat(fakeRequest('x', more), forever));
      expect(parts).toMatchObject([{ type: 'error', error: { kind: 'unsupported', field } }]);
    }
  });
});
