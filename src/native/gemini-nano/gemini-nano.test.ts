import { describe, expect, it } from 'vitest';
import {
  errorIn,
  fakeExpoAiKit,
  FakeModelError,
  never,
  partsOf,
  request,
  textIn,
  type FakeExpoAiKitOptions,
} from '../fakes.ts';
import { geminiNano } from './gemini-nano.ts';

async function open(setup: FakeExpoAiKitOptions = {}) {
  const kit = fakeExpoAiKit(setup);
  return { kit, backend: await geminiNano(kit).open() };
}

describe('Gemini Nano', () => {
  it('streams', async () => {
    const { kit, backend } = await open();
    const parts = await partsOf(backend.chat(request({ text: 'Grüße' }), never));
    expect(textIn(parts)).toBe('Guten Tag');
    expect(kit.asked).toEqual([[{ role: 'user', content: 'Grüße' }]]);
  });

  it('is downloaded by load only, never by a request', async () => {
    const { kit, backend } = await open({ status: 'downloadable' });
    expect(await backend.detect()).toMatchObject({
      state: 'downloadable',
      downloadBytes: null,
      can: { contextTokenCount: 4000 },
    });
    expect(errorIn(await partsOf(backend.chat(request(), never)))?.kind).toBe('unavailable');
    expect(kit.prepareCount()).toBe(0);
    const fractions: number[] = [];
    await Promise.all([
      backend.load(({ fraction }) => fractions.push(fraction), never),
      backend.load(() => undefined, new AbortController().signal),
    ]);
    expect(kit.prepareCount()).toBe(1);
    expect(fractions.at(-1)).toBe(1);
    expect(await backend.detect()).toMatchObject({ state: 'ready', downloadBytes: 0 });
    expect(textIn(await partsOf(backend.chat(request(), never)))).toBe('Guten Tag');
  });

  it('says why it cannot be used', async () => {
    expect(await (await open({ status: 'unavailable' })).backend.detect()).toMatchObject({
      state: 'unavailable',
    });
    expect(await (await open({ isOld: true })).backend.detect()).toMatchObject({
      state: 'unavailable',
      reason: expect.stringContaining('0.14') as string,
    });
    const failing = await open({ status: 'downloadable', downloadError: 'network' });
    await expect(failing.backend.load(() => undefined, never)).rejects.toMatchObject({ kind: 'unavailable' });
    const other = await open({ active: 'gemma-e2b' });
    await expect(other.backend.load(() => undefined, never)).rejects.toThrow('gemma-e2b');
  });

  it('answers one after another, and goes on after one was aborted', async () => {
    const { kit, backend } = await open();
    const abort = new AbortController();
    const first = (async () => {
      const parts = [];
      for await (const part of backend.chat(request({ text: 'first' }), abort.signal)) {
        parts.push(part);
        if (part.type === 'text-delta') abort.abort();
      }
      return parts;
    })();
    const second = partsOf(backend.chat(request({ text: 'second' }), never));
    const given = new AbortController();
    const third = partsOf(backend.chat(request({ text: 'third' }), given.signal));
    given.abort();
    expect(errorIn(await first)?.kind).toBe('aborted');
    expect(textIn(await second)).toBe('Guten Tag');
    expect(errorIn(await third)?.kind).toBe('aborted');
    expect(kit.stopCount()).toBe(1);
    expect(kit.asked.flat().map(({ content }) => content)).toEqual(['first', 'second']);
  });

  it('is cut at the bound of tokens, by an estimate, and refuses options that it has not', async () => {
    const { backend } = await open({ pieces: ['four ', 'byte ', 'more ', 'text '] });
    const parts = await partsOf(backend.chat(request({ maxTokenCount: 2 }), never));
    expect(parts).toContainEqual({ type: 'choice-end', choice: 0, reason: 'length' });
    expect(parts.at(-1)).toMatchObject({ type: 'finish', usage: { isMeasured: false } });
    const statedSampling = new Map([['temperature', 'temperature']] as const);
    expect(errorIn(await partsOf(backend.chat(request({ statedSampling }), never)))).toMatchObject({
      kind: 'unsupported',
      field: 'temperature',
    });
  });

  it('ends in the module’s own error', async () => {
    const { backend } = await open({ error: new FakeModelError('INFERENCE_OOM', 'too much') });
    expect(errorIn(await partsOf(backend.chat(request(), never)))?.kind).toBe('too_large');
  });
});
