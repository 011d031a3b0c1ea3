import { describe, expect, it } from 'vitest';
import { clear } from '../../privacy/clear.ts';
import { errorIn, fakeApple, never, partsOf, request, textIn, type FakeAppleOptions } from '../fakes.ts';
import { foundationModels } from './foundation-models.ts';

async function open(setup: FakeAppleOptions = {}) {
  const apple = fakeApple(setup);
  return { apple, backend: await foundationModels(apple).open() };
}

describe('Apple’s Foundation Models', () => {
  it('stream snapshots as deltas, in the order of parts of every backend', async () => {
    const { apple, backend } = await open();
    const parts = await partsOf(backend.chat(request(), never));
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'text-delta',
      'choice-end',
      'finish',
    ]);
    expect(textIn(parts)).toBe('Hello there');
    expect(parts.at(-1)).toMatchObject({ usage: { isMeasured: false } });
    expect(apple.listenerCount()).toBe(0);
  });

  it('are given the system’s words first, and the options that were set, no others', async () => {
    const { apple, backend } = await open();
    const input = {
      kind: 'chat' as const,
      messages: [
        { role: 'user' as const, content: 'one' },
        { role: 'assistant' as const, content: 'two' },
        { role: 'system' as const, content: 'be brief' },
        { role: 'user' as const, content: 'three' },
      ],
    };
    await partsOf(backend.chat(request({ input, maxTokenCount: 7 }), never));
    expect(apple.asked[0]).toEqual({
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'three' },
      ],
      options: { maxTokens: 7 },
    });
  });

  it('say why they cannot be used, and load nothing then', async () => {
    const reasons = {
      deviceNotEligible: 'no Apple Intelligence',
      appleIntelligenceNotEnabled: 'turned off',
      modelNotReady: 'still loading',
      unsupportedOS: 'iOS 26',
    };
    for (const [availability, words] of Object.entries(reasons)) {
      const { backend } = await open({ availability });
      expect(await backend.detect()).toEqual({
        state: 'unavailable',
        reason: expect.stringContaining(words) as string,
      });
      await expect(backend.load(() => undefined, never)).rejects.toMatchObject({ kind: 'unavailable' });
    }
    const { backend } = await open({ availability: 'modelNotReady', isOld: true });
    expect(await backend.detect()).toMatchObject({ state: 'unavailable' });
    expect(await (await open()).backend.detect()).toMatchObject({ state: 'ready', downloadBytes: 0 });
  });

  it('end in one error, with the module’s words: unavailable, too old, too long, refused', async () => {
    const kinds: readonly (readonly [FakeAppleOptions, string])[] = [
      [{ availability: 'modelNotReady' }, 'unavailable'],
      [{ throws: true }, 'unavailable'],
      [{ error: 'Exceeded model context window size' }, 'context_overflow'],
      [{ error: 'Detected content likely to be unsafe' }, 'unsupported'],
      [{ error: 'Something else' }, 'model_crashed'],
    ];
    for (const [setup, kind] of kinds) {
      const { apple, backend } = await open(setup);
      const parts = await partsOf(backend.chat(request(), never));
      expect(errorIn(parts)?.kind).toBe(kind);
      expect(parts.filter(({ type }) => type === 'error' || type === 'finish')).toHaveLength(1);
      expect(apple.listenerCount()).toBe(0);
    }
  });

  it('are cancelled by an abort, and by a reader who leaves', async () => {
    const { apple, backend } = await open({ isSlow: true });
    const abort = new AbortController();
    const parts = [];
    for await (const part of backend.chat(request(), abort.signal)) {
      parts.push(part);
      if (part.type === 'text-delta') abort.abort();
    }
    expect(errorIn(parts)?.kind).toBe('aborted');
    expect(apple.cancelled).toEqual(['stream-1']);
    for await (const part of backend.chat(request(), never)) if (part.type === 'text-delta') break;
    expect(apple.cancelled).toEqual(['stream-1', 'stream-2']);
    expect(apple.listenerCount()).toBe(0);
  });

  it('stop at a stop string though the module knows none', async () => {
    const { apple, backend } = await open({ pieces: ['one ', 'EN', 'D two', ' three'], isSlow: true });
    const parts = await partsOf(backend.chat(request({ stop: ['END'] }), never));
    expect(textIn(parts)).toBe('one ');
    expect(parts).toContainEqual({
      type: 'choice-end',
      choice: 0,
      reason: 'stop_sequence',
      stopSequence: 'END',
    });
    expect(apple.cancelled).toHaveLength(1);
  });

  it('refuse what they have no place for, by its field', async () => {
    const { backend } = await open();
    const input = {
      kind: 'chat' as const,
      messages: [
        {
          role: 'user' as const,
          content: 'see',
          parts: [
            {
              type: 'image' as const,
              source: { kind: 'url' as const, url: 'https://x.example/a.png' },
              field: 'f',
            },
          ],
        },
      ],
    };
    expect(errorIn(await partsOf(backend.chat(request({ input }), never)))).toMatchObject({
      kind: 'unsupported',
      field: 'messages[0].content',
    });
    const statedSampling = new Map([['seed', 'seed']] as const);
    expect(errorIn(await partsOf(backend.chat(request({ statedSampling }), never)))).toMatchObject({
      kind: 'unsupported',
      field: 'seed',
    });
  });

  it('make vectors of length 1 where a language is named', async () => {
    const apple = fakeApple();
    const backend = await foundationModels(apple, { embedsIn: 'en' }).open();
    const fractions: number[] = [];
    await backend.load(({ fraction }) => fractions.push(fraction), never);
    expect(fractions).toEqual([0, 1]);
    expect(await backend.detect()).toMatchObject({ can: { embeddings: true } });
    const { request: asked } = request();
    const task = {
      kind: 'embed' as const,
      inputs: [{ kind: 'text' as const, text: 'word' }],
      truncates: false,
      dimensions: null,
      field: 'input',
    };
    const result = await backend.embed?.(clear({ ...asked, task }, 'machine'), never);
    expect(result?.output).toMatchObject({ vectors: [new Float32Array([0.6, 0.8])] });
  });

  it('are unavailable, and nothing throws, where the package is not in the build', async () => {
    const source = foundationModels(() => Promise.reject(new Error('Cannot find module')));
    const backend = await source.open();
    expect(await backend.detect()).toEqual({
      state: 'unavailable',
      reason: '@react-native-ai/apple is not in this build of the app: Cannot find module',
    });
    expect(errorIn(await partsOf(backend.chat(request(), never)))?.kind).toBe('unavailable');
  });
});
