import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing, startChromium } from './chromium.ts';
import { openPage } from './open-page.ts';
import { openSite, type Site } from './site.ts';

/** A real Chromium that may have the Prompt API, and has no model behind it: the client says why, and keeps what is private. */

describe.skipIf(chromiumMissing !== null)('a browser without a model of its own', () => {
  let site: Site;
  let browser: Browser;
  let page: Page;
  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    site = await openSite({ models: {} });
    closers.push(() => site.close());
    browser = await startChromium();
    closers.push(() => browser.close());
    page = await openPage(await browser.newContext(), site);
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  it('says that it has none, and why', async () => {
    const { hasApi, state, told } = await page.evaluate(async () => {
      const [backend] = (await window.testing.createNear().status()).backends;
      const { availability } = backend ?? {};
      return {
        hasApi: 'LanguageModel' in window,
        state: availability?.state,
        told: availability?.state === 'unavailable' ? availability.reason : (availability?.note ?? ''),
      };
    });
    // With the API it says `unavailable` or, where the device could hold a model, `downloadable`.
    expect(hasApi ? ['unavailable', 'downloadable'] : ['unavailable']).toContain(state);
    expect(told).toMatch(/no model of its own|cannot be used on this device|downloads it at a click/);
  });

  it('asks the gateway what may leave, and nobody what may not', async () => {
    const { open, refused } = await page.evaluate(async () => {
      const near = window.testing.createNear({ gateway: { url: '/v1' } });
      const answer = await near.chat('What is the capital of France?');
      const error: unknown = await near
        .chat('My IBAN is DE89 3704 0044 0532 0130 00.')
        .catch((one: unknown) => one);
      return {
        open: [answer.text, answer.route.backend, answer.route.label],
        refused: error instanceof Error ? error.message : 'it was answered',
      };
    });
    expect(open).toEqual(['Hello, wörld!', 'gateway', 'open']);
    expect(refused).toMatch(/must stay inside.*found private by iban/);
    expect(site.seen.requests).toHaveLength(1);
    expect(JSON.stringify(site.seen.requests)).not.toContain('DE89');
  });
});
