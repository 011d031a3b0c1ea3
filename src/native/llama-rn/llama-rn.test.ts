import { describe, expect, it } from 'vitest';
import { clear } from '../../privacy/clear.ts';
import { errorIn, fakeLlama, never, partsOf, request, textIn, type FakeLlamaOptions } from '../fakes.ts';
import type { LlamaFile } from './llama-file.ts';
import { llamaRn, type LlamaRnOptions } from './llama-rn.ts';

const path = '/data/models/smollm2-135m-q4_0.gguf';

async function open(setup: FakeLlamaOptions = {}, options: Partial<LlamaRnOptions> = {}) {
  const llama = fakeLlama(setup);
  return { llama, backend: await llamaRn(llama, { model: path, ...options }).open() };
}

/** A file that must be fetched, in three steps; the second is where tests break in. */
function fakeFile(at?: (step: number) => void): LlamaFile & { readonly fetches: () => number } {
  let isHere = false;
  let fetches = 0;
  return {
    sizeBytes: 90_000_000,
    fetches: () => fetches,
    find: () => Promise.resolve(isHere ? path : null),
    async fetch(tell, signal) {
      fetches += 1;
      for (const step of [1, 2, 3]) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (signal.aborted) throw new Error('DOWNLOAD_CANCELLED');
        tell({ loadedBytes: step * 30_000_000, totalBytes: 90_000_000, fraction: step / 3 });
        at?.(step);
      }
      isHere = true;
      return path;
    },
  };
}

describe('llama.rn', () => {
  it('loads a file that is here, answers, and counts what the module counted', async () => {
    const { llama, backend } = await open();
    expect(await backend.detect()).toMatchObject({
      state: 'downloaded',
      model: 'smollm2-135m-q4_0',
      downloadBytes: 0,
      can: { tools: false, schema: true },
    });
    const parts = await partsOf(backend.chat(request({ maxTokenCount: 50, stop: ['###'] }), never));
    expect(textIn(parts)).toBe('One two three');
    expect(parts.at(-1)).toMatchObject({ usage: { promptTokenCount: 12, completionTokenCount: 3 } });
    expect(llama.opened).toEqual([{ model: path, n_ctx: 4096, n_gpu_layers: 99 }]);
    expect(llama.asked[0]).toMatchObject({
      n_predict: 50,
      stop: ['###'],
      jinja: true,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(await backend.detect()).toMatchObject({ state: 'ready', can: { tools: true } });
    await backend.dispose();
    expect(llama.releaseCount()).toBe(1);
    expect(await backend.detect()).toMatchObject({ state: 'downloaded' });
  });

  it('fetches a file by load only, tells bytes, and shares one load', async () => {
    const file = fakeFile();
    const { llama, backend } = await open({}, { model: file, id: 'tiny' });
    expect(await backend.detect()).toMatchObject({ state: 'downloadable', downloadBytes: 90_000_000 });
    expect(errorIn(await partsOf(backend.chat(request(), never)))?.kind).toBe('unavailable');
    expect(file.fetches()).toBe(0);
    const told: { readonly phase: string; readonly fraction: number; readonly loadedBytes: number | null }[] =
      [];
    const quitter = new AbortController();
    const left = backend.load(() => undefined, quitter.signal);
    const mine = backend.load((progress) => told.push(progress), new AbortController().signal);
    quitter.abort();
    await expect(left).rejects.toMatchObject({ kind: 'aborted' });
    await mine;
    expect(file.fetches()).toBe(1);
    expect(llama.opened).toHaveLength(1);
    expect(told.filter(({ phase }) => phase === 'download').map(({ loadedBytes }) => loadedBytes)).toEqual([
      30_000_000, 60_000_000, 90_000_000,
    ]);
    const fractions = told.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(fractions.filter((fraction) => fraction === 1)).toHaveLength(1);
  });

  it('gives the download up when the last who waits has left, and begins again', async () => {
    const abort = new AbortController();
    const file = fakeFile((step) => {
      if (step === 1) abort.abort();
    });
    const { backend } = await open({}, { model: file });
    await expect(backend.load(() => undefined, abort.signal)).rejects.toMatchObject({ kind: 'aborted' });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await backend.detect()).toMatchObject({ state: 'downloadable' });
    await backend.load(() => undefined, never);
    expect(file.fetches()).toBe(2);
  });

  it('keeps thoughts apart from words', async () => {
    const { backend } = await open({ parses: true, tokens: ['let me', ' see', '</think>', 'Yes', '.'] });
    const parts = await partsOf(backend.chat(request(), never));
    expect(textIn(parts)).toBe('Yes.');
    const thoughts = parts.map((part) => (part.type === 'reasoning-delta' ? part.text : '')).join('');
    expect(thoughts).toBe('let me see');
  });

  it('hands on calls of tools, and the schema', async () => {
    const call = { id: 'c1', function: { name: 'clock', arguments: '{"zone":"UTC"}' } };
    const { llama, backend } = await open({ tokens: [], result: { tool_calls: [call] } });
    const toolUse = {
      tools: [{ name: 'clock', description: '', parameters: { type: 'object' }, field: 'tools[0]' }],
      choice: { kind: 'auto' as const },
      allowsParallel: true,
    };
    const input = { kind: 'chat' as const, messages: [{ role: 'user' as const, content: 'time?' }], toolUse };
    const schema = { type: 'object' };
    const outputFormat = { type: 'json_schema' as const, schema, name: null, strict: true, field: 'f' };
    const parts = await partsOf(backend.chat(request({ input, outputFormat }), never));
    expect(parts).toContainEqual({ type: 'tool-call-start', choice: 0, call: 0, id: 'c1', name: 'clock' });
    expect(parts).toContainEqual({ type: 'choice-end', choice: 0, reason: 'tool_calls' });
    expect(llama.asked[0]).toMatchObject({
      tool_choice: 'auto',
      response_format: { type: 'json_schema', json_schema: { strict: true, schema } },
    });
  });

  it('says why an answer ended', async () => {
    const length = await open();
    expect(await partsOf(length.backend.chat(request({ maxTokenCount: 2 }), never))).toContainEqual({
      type: 'choice-end',
      choice: 0,
      reason: 'length',
    });
    const stop = await open({ result: { stopping_word: '###', stopped_word: '###' } });
    expect(await partsOf(stop.backend.chat(request({ stop: ['###'] }), never))).toContainEqual({
      type: 'choice-end',
      choice: 0,
      reason: 'stop_sequence',
      stopSequence: '###',
    });
    const template = await open({ result: { stopping_word: '<|im_end|>' } });
    expect(await partsOf(template.backend.chat(request(), never))).toContainEqual({
      type: 'choice-end',
      choice: 0,
      reason: 'stop',
    });
  });

  it('is stopped by an abort, and the next answer waits until it is through', async () => {
    const { llama, backend } = await open({ tokenMs: 10, tokens: Array.from({ length: 20 }, () => 'a') });
    const abort = new AbortController();
    const parts = [];
    for await (const part of backend.chat(request(), abort.signal)) {
      parts.push(part);
      if (part.type === 'text-delta') abort.abort();
    }
    expect(errorIn(parts)?.kind).toBe('aborted');
    expect(llama.stopCount()).toBe(1);
    expect(errorIn(await partsOf(backend.chat(request({ maxTokenCount: 2 }), never)))).toBeNull();
  });

  it('does not load what cannot be loaded, and says so', async () => {
    const { backend } = await open({ initError: 'Failed to load model' });
    await expect(backend.load(() => undefined, never)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(errorIn(await partsOf(backend.chat(request(), never)))?.kind).toBe('unavailable');
  });

  it('counts tokens with the template, and makes vectors of length 1', async () => {
    const { llama, backend } = await open({}, { task: 'embeddings' });
    await backend.load(() => undefined, never);
    const { request: asked } = request({ text: 'abc' });
    expect(await backend.countTokens?.(asked.input, never)).toBe('<user>abc'.length);
    const embed = {
      ...asked,
      task: {
        kind: 'embed' as const,
        inputs: [{ kind: 'text' as const, text: 'word' }],
        truncates: false,
        dimensions: null,
        field: 'input',
      },
    };
    const result = await backend.embed?.(clear(embed, 'machine'), never);
    expect(result?.output).toEqual({
      kind: 'vectors',
      vectors: [new Float32Array([1, 0, 0])],
      truncatedCount: 0,
    });
    expect(llama.opened[0]).toMatchObject({ embedding: true });
  });
});
