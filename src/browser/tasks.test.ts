import { afterEach, describe, expect, test, vi } from 'vitest';
import { createNear } from './create-near.ts';
import { fakeBackend, fakeEnvironment, partsOf, recordingNetwork } from './fakes.ts';

/** Doubles of Chrome's APIs for single tasks, by their drafts: `availability`, `create`, one method, `destroy`. */

interface Asked {
  readonly create: object;
  readonly text: string;
  readonly call: object;
}

function stubApi(
  name: string,
  method: string,
  options: { state?: string; fails?: Error; result?: unknown } = {},
) {
  const asked: Asked[] = [];
  const destroyed = vi.fn();
  vi.stubGlobal(name, {
    availability: () => Promise.resolve(options.state ?? 'available'),
    create: (create: object) =>
      Promise.resolve({
        [method]: (text: string, call: object) => {
          asked.push({ create, text, call });
          return options.fails === undefined
            ? Promise.resolve(options.result ?? `${name} of ${text}`)
            : Promise.reject(options.fails);
        },
        destroy: destroyed,
      }),
  });
  return { asked, destroyed };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

function make() {
  const page = fakeBackend({ name: 'page', answer: () => partsOf(' by the model ') });
  const network = recordingNetwork();
  const near = createNear({
    backends: [page],
    environment: fakeEnvironment(),
    gateway: { url: 'https://gateway.example', fetch: network.fetch },
  });
  const said = (): string => JSON.stringify(page.asked.map(({ input }) => input));
  return { near, page, network, said };
}

describe('where Chrome has its own API', () => {
  test('it summarizes, rewrites and translates, and nobody else is asked', async () => {
    const summarizer = stubApi('Summarizer', 'summarize');
    const rewriter = stubApi('Rewriter', 'rewrite');
    const translator = stubApi('Translator', 'translate');
    stubApi('LanguageDetector', 'detect', { result: [{ detectedLanguage: 'en', confidence: 0.9 }] });
    const { near, page, network } = make();
    expect(
      await near.summarize('A long text', { type: 'headline', length: 'medium', context: 'news' }),
    ).toEqual({
      text: 'Summarizer of A long text',
      by: 'Summarizer',
    });
    expect(summarizer.asked).toEqual([
      {
        create: { type: 'headline', length: 'medium', format: 'plain-text' },
        text: 'A long text',
        call: { context: 'news' },
      },
    ]);
    expect((await near.rewrite('hey', { tone: 'more-formal' })).by).toBe('Rewriter');
    expect(rewriter.asked[0]?.create).toMatchObject({ tone: 'more-formal', length: 'as-is' });
    expect((await near.translate('Good morning', { to: 'de' })).text).toBe('Translator of Good morning');
    expect(translator.asked[0]?.create).toEqual({ sourceLanguage: 'en', targetLanguage: 'de' });
    expect(summarizer.destroyed).toHaveBeenCalledOnce();
    expect([...page.asked, ...network.sent]).toEqual([]);
  });

  test('what is in the language already is left as it is', async () => {
    const translator = stubApi('Translator', 'translate');
    expect(await make().near.translate('Guten Tag', { from: 'de', to: 'de' })).toMatchObject({
      text: 'Guten Tag',
    });
    expect(translator.asked).toEqual([]);
  });
});

describe('where it has none, or not yet', () => {
  test.each(['downloadable', 'unavailable'])(
    'an API that is %s is not used, and nothing is downloaded',
    async (state) => {
      const { asked } = stubApi('Summarizer', 'summarize', { state });
      const { near } = make();
      expect(await near.summarize('A long text')).toEqual({ text: 'by the model', by: 'page' });
      expect(asked).toEqual([]);
    },
  );

  test('one that fails leaves it to a model', async () => {
    stubApi('Rewriter', 'rewrite', { fails: new DOMException('no', 'NotSupportedError') });
    expect((await make().near.rewrite('hey')).by).toBe('page');
  });

  test('the model is told what is wanted, in words', async () => {
    const { near, said } = make();
    await near.summarize('the text', { type: 'tldr', context: 'a letter' });
    await near.translate('the text', { to: 'pt-BR', from: 'en' });
    await near.rewrite('the text', { tone: 'more-casual', length: 'shorter' });
    expect(said()).toMatch(/Summarize the text in plain sentences.*Context: a letter/);
    expect(said()).toMatch(/Translate the text from English into Brazilian Portuguese/);
    expect(said()).toMatch(/more casual. Make it shorter/);
  });

  test('a private text stays with a model of the page', async () => {
    const { near, network } = make();
    const text = 'IBAN DE89 3704 0044 0532 0130 00';
    expect((await near.translate(text, { to: 'de', backend: 'page' })).by).toBe('page');
    await expect(near.summarize(text, { backend: 'gateway' })).rejects.toMatchObject({ kind: 'unavailable' });
    expect(network.sent).toEqual([]);
  });

  test('a tag that is none is named', async () => {
    await expect(make().near.translate('x', { to: 'no language!' })).rejects.toMatchObject({ field: 'to' });
  });
});
