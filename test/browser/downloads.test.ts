import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testWeights } from '../weights.ts';
import { chromiumMissing, startChromium, startWithProfile } from './chromium.ts';
import { visit } from './open-page.ts';
import { isModelFile, openSite, type Site } from './site.ts';

const model = 'smollm2-135m-instruct-q4_0';

describe.skipIf(chromiumMissing !== null)('downloads in Chromium', { timeout: 120_000 }, () => {
  let site: Site;
  let weights: string;
  let browser: Browser;

  /** In a profile of its own, with nothing kept. */
  async function freshPage(): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await open(page);
    return page;
  }

  async function open(page: Page): Promise<void> {
    await visit(page, site);
    await page.evaluate((id) => {
      window.near = window.testing.createNear({
        backends: [
          window.testing.wllama({
            source: { model: id, gateway: { url: '/' } },
            contextTokenCount: 256,
            threadCount: 1,
          }),
        ],
      });
    }, model);
  }

  const prepared = (page: Page): Promise<string> =>
    page.evaluate(() =>
      window.near.prepare({ backend: 'wllama' }).then(
        () => 'ready',
        (error: unknown) => {
          const { kind, message } = error as { readonly kind: string; readonly message: string };
          return `${kind}: ${message}`;
        },
      ),
    );

  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    weights = await testWeights('smollm2-q4_0');
    site = await openSite({ models: { [model]: weights } });
    closers.push(() => site.close());
    browser = await startChromium();
    closers.push(() => browser.close());
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  it('go on where they broke off, also in a later visit, and are never taken for whole meanwhile', async () => {
    const page = await freshPage();
    site.cutAfterBytes = 20_000_000;
    // The visit ends in the middle, after a few connections that broke.
    void prepared(page).catch(() => undefined);
    await expect
      .poll(
        () =>
          page.evaluate(async () =>
            Math.max(0, ...(await window.testing.keptFiles()).map(({ bytes }) => bytes)),
          ),
        { timeout: 20_000 },
      )
      .toBeGreaterThan(25_000_000);
    await page.goto('about:blank');
    site.cutAfterBytes = null;
    const ranges = (): readonly (string | null)[] =>
      site.requests.filter((request) => isModelFile(request, weights)).map(({ range }) => range);
    const before = ranges();
    expect(before[0]).toBeNull();
    expect(before.length).toBeGreaterThan(1);
    await open(page);
    const kept = await page.evaluate(() => window.testing.keptFiles());
    expect(kept.filter(({ isWhole }) => isWhole)).toEqual([]);
    expect(await prepared(page)).toBe('ready');
    const [next, ...more] = ranges().slice(before.length);
    expect(more).toEqual([]);
    expect(Number(/^bytes=(\d+)-$/.exec(next ?? '')?.[1])).toBeGreaterThan(20_000_000);
    expect((await page.evaluate(() => window.testing.keptFiles())).every(({ isWhole }) => isWhole)).toBe(
      true,
    );
    await page.context().close();
  });

  it('that run out of room say how much is lacking, and go on once there is some', async () => {
    // Chromium overrides the quota of its default profile only.
    const profile = mkdtempSync(join(tmpdir(), 'nearfar-profile-'));
    const context = await startWithProfile(profile);
    const page = await context.newPage();
    const protocol = await context.newCDPSession(page);
    await protocol.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 30_000_000 });
    await open(page);
    // Chromium does not tell the page: it shows while the file is written.
    expect(await prepared(page)).toMatch(
      /^too_large: .*needs \d+\.\d MB more, and the browser has no more room for this site/,
    );
    const [kept] = await page.evaluate(() => window.testing.keptFiles());
    expect(kept).toMatchObject({ isWhole: false });
    // With room it goes on from there.
    await protocol.send('Storage.overrideQuotaForOrigin', { origin: site.url });
    expect(await prepared(page)).toBe('ready');
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });

  it('are one for two tabs that want the same at once, and both see it grow', async () => {
    const page = await freshPage();
    const other = await page.context().newPage();
    await open(other);
    const asked = site.requests.filter((request) => isModelFile(request, weights)).length;
    const watched = (tab: Page) =>
      tab.evaluate(async () => {
        const fractions: number[] = [];
        await window.near.prepare({
          backend: 'wllama',
          onProgress: ({ fraction }) => fractions.push(fraction),
        });
        return { count: fractions.length, last: fractions.at(-1) };
      });
    const both = await Promise.all([watched(page), watched(other)]);
    for (const { count, last } of both) {
      expect(last).toBe(1);
      expect(count).toBeGreaterThan(3);
    }
    expect(site.requests.filter((request) => isModelFile(request, weights))).toHaveLength(asked + 1);
    await page.context().close();
  });

  it('that a page does not offer say so', async () => {
    const page = await freshPage();
    const reason = await page.evaluate(async () => {
      const near = window.testing.createNear({
        backends: [window.testing.wllama({ source: { model: 'unknown', gateway: { url: '/' } } })],
      });
      const availability = (await near.status()).backends[0]?.availability;
      return availability?.state === 'unavailable' ? availability.reason : availability?.state;
    });
    expect(reason).toContain('does not offer unknown to pages; it offers smollm2-135m-instruct-q4_0');
    await page.context().close();
  });
});
