import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testWeights } from '../weights.ts';
import { chromiumMissing, startChromium } from './chromium.ts';
import { openPage } from './open-page.ts';
import { isModelFile, openSite, type Site } from './site.ts';

/** SmolLM2-135M in a real Chromium, through the client that pages use. The gateway's answers are made up: "Hello, wörld!". */

const model = 'smollm2-135m-instruct-q4_0';

it('runs in CI', () => {
  expect(process.env['CI'] === undefined ? null : chromiumMissing).toBeNull();
});

describe.skipIf(chromiumMissing !== null)('wllama in Chromium', { timeout: 120_000 }, () => {
  let site: Site;
  let weights: string;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** Everything that left the page, bodies included. */
  const sent: string[] = [];

  async function openTab(): Promise<Page> {
    const opened = await openPage(context, site);
    await ready(opened);
    return opened;
  }

  /** A client with wllama and the gateway. */
  async function ready(opened: Page): Promise<void> {
    await opened.waitForFunction(() => 'testing' in window);
    await opened.evaluate((id) => {
      window.near = window.testing.createNear({
        backends: [
          window.testing.wllama({
            source: { model: id, gateway: { url: '/v1' } },
            contextTokenCount: 512,
            threadCount: 1,
          }),
        ],
        gateway: { url: '/v1', model: 'auto' },
      });
    }, model);
  }

  const fileRequests = (): number => site.requests.filter((request) => isModelFile(request, weights)).length;

  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    weights = await testWeights('smollm2-q4_0');
    site = await openSite({ models: { [model]: weights } });
    closers.push(() => site.close());
    browser = await startChromium();
    closers.push(() => browser.close());
    context = await browser.newContext();
    context.on('request', (request) => {
      sent.push(
        `${request.method()} ${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ''}`,
      );
    });
    page = await openTab();
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  it('is in an isolated page, is offered with its size, and starts no download by itself', async () => {
    const { isolated, status } = await page.evaluate(async () => ({
      isolated: crossOriginIsolated,
      status: (await window.near.status()).backends.map(({ name, availability, fits }) => ({
        name,
        availability,
        fits,
      })),
    }));
    expect(isolated).toBe(true);
    expect(status[0]).toMatchObject({
      name: 'wllama',
      fits: true,
      availability: { state: 'downloadable', model, can: { schema: true, tokenCounts: 'exact' } },
    });
    const bytes =
      status[0]?.availability.state === 'downloadable' ? status[0].availability.downloadBytes : null;
    expect(bytes).toBeGreaterThan(80e6);
    // So the gateway answers.
    const answer = await page.evaluate(async () => {
      const { text, route } = await window.near.chat('What is the capital of France?');
      return { text, backend: route.backend };
    });
    expect(answer).toEqual({ text: 'Hello, wörld!', backend: 'gateway' });
    expect(fileRequests()).toBe(0);
  });

  it('answers after a download whose progress only grows', async () => {
    const { fractions, phases, text, backend, usage, counted } = await page.evaluate(async () => {
      const seen: { readonly fraction: number; readonly phase: string }[] = [];
      await window.near.prepare({
        backend: 'wllama',
        onProgress: ({ fraction, phase }) => seen.push({ fraction, phase }),
      });
      const messages = [{ role: 'user', content: 'What is the capital of France?' }] as const;
      const body = { messages, temperature: 0, max_tokens: 24 };
      const answer = await window.near.chat(body, { backend: 'wllama' });
      return {
        fractions: seen.map(({ fraction }) => fraction),
        phases: [...new Set(seen.map(({ phase }) => phase))],
        text: answer.text,
        backend: answer.route.backend,
        usage: answer.usage,
        counted: await window.near.countTokens(body),
      };
    });
    expect(text).toContain('Paris');
    expect(backend).toBe('wllama');
    expect(usage.completionTokenCount).toBeGreaterThan(3);
    expect(counted).toEqual({ count: usage.promptTokenCount, isExact: true, backend: 'wllama' });
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(phases).toEqual(['download', 'load']);
    expect(fileRequests()).toBe(1);
  });

  it('stops within a token when it is aborted, and answers the next one', async () => {
    const { last, shown, next } = await page.evaluate(async () => {
      const stream = window.near.stream(
        { messages: [{ role: 'user', content: 'Tell me a long story.' }], temperature: 0, max_tokens: 300 },
        { backend: 'wllama' },
      );
      let deltas = 0;
      let end = '';
      for await (const part of stream) {
        if (part.type === 'text-delta' && ++deltas === 3) stream.abort();
        end = part.type === 'error' ? part.error.kind : part.type;
      }
      const answer = await window.near.chat(
        { messages: [{ role: 'user', content: 'Say hi.' }], temperature: 0, max_tokens: 4 },
        { backend: 'wllama' },
      );
      return { last: end, shown: deltas, next: answer.text };
    });
    expect(last).toBe('aborted');
    expect(shown).toBeLessThanOrEqual(4);
    expect(next.length).toBeGreaterThan(0);
  });

  it('holds an answer to a schema while it is written', async () => {
    const value = await page.evaluate(async () => {
      const answer = await window.near.chat(
        {
          messages: [{ role: 'user', content: 'Is Paris in France? Answer as JSON.' }],
          temperature: 0,
          max_tokens: 40,
          response_format: {
            type: 'json_schema',
            json_schema: {
              name: 'verdict',
              schema: {
                type: 'object',
                properties: {
                  verdict: { enum: ['yes', 'no'] },
                  percent: { type: 'integer', maximum: 100, minimum: 0 },
                },
                required: ['verdict', 'percent'],
                additionalProperties: false,
              },
            },
          },
        },
        { backend: 'wllama' },
      );
      return answer.value as { readonly verdict: string; readonly percent: number };
    });
    expect(['yes', 'no']).toContain(value.verdict);
    expect(Number.isInteger(value.percent)).toBe(true);
  });

  it('keeps what is private in the page, whatever is asked, and sends nothing of it anywhere', async () => {
    const mark = 'zanzibar-4711';
    const before = site.seen.requests.length;
    const { backend, label, refused } = await page.evaluate(async (word) => {
      const content = `Write to jane.doe@example.com about ${word}: what is her address?`;
      const body = {
        model: 'auto',
        messages: [{ role: 'user', content }],
        temperature: 0,
        max_tokens: 8,
      } as const;
      const { route } = await window.near.chat(body);
      const outside = await window.near.chat(body, { backend: 'gateway' }).then(
        () => 'answered',
        (error: unknown) => (error as { readonly kind: string }).kind,
      );
      return { backend: route.backend, label: route.label, refused: outside };
    }, mark);
    expect({ backend, label, refused }).toEqual({
      backend: 'wllama',
      label: 'local_only',
      refused: 'unavailable',
    });
    expect(site.seen.requests).toHaveLength(before);
    expect(sent.length).toBeGreaterThan(5);
    for (const trace of [mark, 'jane.doe', 'address?'])
      expect(sent.filter((text) => text.includes(trace) || text.includes(encodeURIComponent(trace)))).toEqual(
        [],
      );
  });

  it('answers for two tabs with one model, and for the second one alone when the first is closed', async () => {
    const files = fileRequests();
    const second = await openTab();
    const ask = (tab: Page) =>
      tab.evaluate(async () => {
        const { text } = await window.near.chat(
          {
            messages: [{ role: 'user', content: 'What is the capital of France?' }],
            temperature: 0,
            max_tokens: 12,
          },
          { backend: 'wllama' },
        );
        const { held = [] } = await navigator.locks.query();
        return { text, models: held.filter(({ name = '' }) => name.startsWith('nearfar:model:')).length };
      });
    const state = (tab: Page) =>
      tab.evaluate(async () => (await window.near.status()).backends[0]?.availability.state);
    expect(await state(second)).toBe('ready');
    const [one, two] = await Promise.all([ask(page), ask(second)]);
    expect(one).toEqual({ text: two.text, models: 1 });
    expect(two.text).toContain('Paris');
    expect(fileRequests()).toBe(files);

    // An answer that had begun ends in an error that may be tried again; the next one is the other tab's own.
    const broken = second.evaluate(async () => {
      const stream = window.near.stream(
        {
          messages: [{ role: 'user', content: 'Tell me a very long story.' }],
          temperature: 0,
          max_tokens: 400,
        },
        { backend: 'wllama' },
      );
      let isStarted = false;
      for await (const part of stream) {
        if (part.type === 'text-delta') {
          if (!isStarted) document.title = 'started';
          isStarted = true;
        }
        if (part.type === 'error') return { kind: part.error.kind, retryable: part.error.retryable };
      }
      return null;
    });
    await second.waitForFunction(() => document.title === 'started');
    await page.close();
    expect(await broken).toEqual({ kind: 'unavailable', retryable: true });
    // The client lets a backend that failed rest for a moment.
    await expect
      .poll(() => ask(second).then(({ text }) => text, String), { timeout: 20_000, interval: 500 })
      .toBe(two.text);
    expect(fileRequests()).toBe(files);
    page = second;
  });

  it('is there after a reload, without a network, and for a tab in the background', async () => {
    const files = fileRequests();
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('/pages/service-worker.js');
      await navigator.serviceWorker.ready;
    });
    await page.reload();
    await ready(page);
    expect(
      await page.evaluate(async () => (await window.near.status()).backends[0]?.availability),
    ).toMatchObject({
      state: 'downloaded',
      downloadBytes: 0,
    });
    const ask = () =>
      page.evaluate(async () => {
        const { text, route } = await window.near.chat({
          messages: [{ role: 'user', content: 'What is the capital of France?' }],
          temperature: 0,
          max_tokens: 12,
        });
        return { text, backend: route.backend };
      });
    // With a network it is loaded from this device too; whoever answers, the page's own files are kept now.
    await page.evaluate(() => window.near.prepare({ backend: 'wllama' }));
    expect((await ask()).backend).toBe('wllama');
    await context.setOffline(true);
    try {
      await page.reload();
      await ready(page);
      const offline = await ask();
      expect(offline.backend).toBe('wllama');
      expect(offline.text).toContain('Paris');
    } finally {
      await context.setOffline(false);
    }
    expect(fileRequests()).toBe(files);
    // What is hidden asks the gateway, where the prompt may go there.
    const hidden = await page.evaluate(async () => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
      const open = await window.near.chat('What is the capital of France?');
      const closed = await window.near.chat(
        {
          messages: [{ role: 'user', content: 'My password is hunter2-oXq81. Say hi.' }],
          temperature: 0,
          max_tokens: 4,
        },
        { privacy: 'local_only' },
      );
      return [open.route.backend, closed.route.backend];
    });
    expect(hidden).toEqual(['gateway', 'wllama']);
  });
});
