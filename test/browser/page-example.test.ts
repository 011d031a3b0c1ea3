import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildExample } from '../../examples/build.ts';
import { serveFolder } from '../../examples/serve.ts';
import { testWeights } from '../weights.ts';
import { chromiumMissing, startChromium } from './chromium.ts';
import { fakePromptApi } from './fake-prompt-api.ts';
import { startRecordingGateway, type RecordingGateway } from './recording-gateway.ts';
import { openSite } from './site.ts';

/** examples/page, built by its own command and served by its own server, in a real Chromium. */

const secret = 'My card is 4111 1111 1111 1111 and my IBAN is DE89 3704 0044 0532 0130 00';

describe.skipIf(chromiumMissing !== null)('the page example', () => {
  let folder: string;
  let browser: Browser;
  let context: BrowserContext;
  let gateway: RecordingGateway;
  let server: Server;
  let address: string;
  /** What the page's console was told as errors, and what was thrown. */
  let complaints: string[];
  /** Addresses and bodies of all that left the page. */
  let sent: string[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'nearfar-example-'));
    await buildExample('page', folder);
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    gateway = await startRecordingGateway();
    server = serveFolder(folder, gateway.url);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
    context = await browser.newContext();
    complaints = [];
    sent = [];
    context.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
  });
  afterEach(async () => {
    await context.close();
    server.closeAllConnections();
    server.close();
    await gateway.close();
  });

  async function open(query = '', fake = fakePromptApi(), from = address): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.addInitScript(fake);
    await page.goto(`${from}${query}`);
    await page.waitForFunction(() => !/Looking/.test(document.getElementById('status')?.textContent ?? ''));
    return page;
  }

  const withGateway = (): string => `?gateway=${encodeURIComponent(gateway.url)}`;
  /** A part of a chat; Playwright looks into shadow trees that are open. */
  const part = (page: Page, id: string, name: string): Locator => page.locator(`#${id} [part~="${name}"]`);

  async function ask(page: Page, id: string, text: string): Promise<void> {
    await part(page, id, 'input').click();
    await page.keyboard.insertText(text);
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      (name) => {
        const chat = document.getElementById(name) as unknown as {
          readonly state: { readonly phase: string; readonly messages: readonly { readonly role: string }[] };
        };
        return chat.state.phase === 'idle' && chat.state.messages.at(-1)?.role === 'assistant';
      },
      id,
      { timeout: 60_000 },
    );
  }

  it('answers in the page with the browser’s model, typed and sent by keys, and says so', async () => {
    const page = await open(withGateway());
    await ask(page, 'open', 'hello there');
    expect(await part(page, 'open', 'assistant').locator('[part=text]').textContent()).toBe('HELLO THERE ');
    expect(await part(page, 'open', 'route').last().textContent()).toMatch(
      /^Answered on this device \(built-in\)/,
    );
    expect(gateway.bodies).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('asks the gateway where the page has no model, and keeps what is private in the page: an error', async () => {
    const page = await open(withGateway(), fakePromptApi({ state: 'unavailable' }));
    await ask(page, 'open', 'hello there');
    expect(await part(page, 'open', 'assistant').textContent()).toContain(
      'from afarAnswered by the server (gateway).',
    );
    expect(gateway.bodies).toHaveLength(1);
    await ask(page, 'open', secret);
    expect(await part(page, 'open', 'error').textContent()).not.toBe('');
    await ask(page, 'private', 'hello there');
    expect(await part(page, 'private', 'error').textContent()).not.toBe('');
    expect(gateway.bodies).toHaveLength(1);
    // Whatever the page asked for, in whatever way.
    expect(sent.join('\n')).not.toMatch(/4111|DE89/);
  });

  it('shows markup as text in a real browser', async () => {
    const page = await open();
    await ask(page, 'private', '<img src=x onerror=globalThis.pwned=1><script>globalThis.pwned=1</script>');
    const text = part(page, 'private', 'assistant').locator('[part=text]');
    expect(await text.locator('*').count()).toBe(0);
    expect(await text.textContent()).toContain('<IMG SRC=X');
    expect(await page.evaluate('globalThis.pwned ?? null')).toBeNull();
  });

  it('stops with Escape, and keeps the focus in the question', async () => {
    const page = await open('', fakePromptApi({ wordMs: 50 }));
    await part(page, 'private', 'input').click();
    await page.keyboard.insertText(
      Array.from({ length: 200 }, (_, index) => `word${String(index)}`).join(' '),
    );
    await page.keyboard.press('Enter');
    await part(page, 'private', 'assistant').getByText('WORD1').waitFor();
    await page.keyboard.press('Escape');
    await part(page, 'private', 'note').getByText('Stopped.').waitFor();
    expect(
      await page.evaluate(() => document.getElementById('private')?.shadowRoot?.activeElement?.localName),
    ).toBe('textarea');
  });

  it('downloads the browser’s model only after a click, with progress', async () => {
    const page = await open('', fakePromptApi({ state: 'downloadable' }));
    expect(await part(page, 'private', 'consent').textContent()).toContain('its size is not told');
    await part(page, 'private', 'download').click();
    await part(page, 'private', 'progress').waitFor({ state: 'hidden' });
    await part(page, 'private', 'consent').waitFor({ state: 'hidden' });
    await ask(page, 'private', 'hello');
    expect(await part(page, 'private', 'assistant').textContent()).toContain('HELLO');
  });

  it('translates, simplifies and sums up in the page', async () => {
    const page = await open(withGateway());
    const run = async (form: string, button: string): Promise<string> => {
      await page.locator(`#${form} textarea`).fill('good day');
      await page.locator(`#${form} ${button}`).click();
      await page.locator(`#${form} output small`).waitFor();
      return (await page.locator(`#${form} output`).textContent()) ?? '';
    };
    expect(await run('translate', 'button')).toBe('GOOD DAYBy built-in, on this device.');
    expect(await run('easy', '[value=simplify]')).toContain('GOOD DAY');
    await page.locator('#easy output').evaluate((output) => {
      output.textContent = '';
    });
    expect(await run('easy', '[value=summarize]')).toContain('GOOD DAY');
    const asked = await page.evaluate<{ readonly system: readonly string[] }[]>('globalThis.asked');
    expect(asked.map(({ system }) => system.join())).toEqual([
      expect.stringContaining('into German'),
      expect.stringContaining('plain language'),
      expect.stringContaining('Summarize'),
    ]);
    expect(gateway.bodies).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('can be used in the dark, in forced colours, and without motion', async () => {
    const page = await open('', fakePromptApi({ wordMs: 300 }));
    const background = (): Promise<string> =>
      page.locator('#private').evaluate((chat) => getComputedStyle(chat).backgroundColor);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).not.toBe(light);

    await part(page, 'private', 'input').click();
    await page.keyboard.insertText('a b c d e f g h i j k l m n');
    await page.keyboard.press('Enter');
    const text = part(page, 'private', 'assistant').locator('[part=text]');
    const animation = (): Promise<string> =>
      text.evaluate((element) => getComputedStyle(element, '::after').animationName);
    expect(await animation()).toBe('blink');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await animation()).toBe('none');

    await page.emulateMedia({ forcedColors: 'active' });
    const stop = part(page, 'private', 'stop');
    expect(await stop.evaluate((button) => getComputedStyle(button).borderTopStyle)).toBe('solid');
    const box = await stop.boundingBox();
    expect(Math.min(box?.height ?? 0, box?.width ?? 0)).toBeGreaterThanOrEqual(44);
    await page.keyboard.press('Escape');
  });

  it('names its parts to assistive technology', async () => {
    const page = await open();
    const tree = await context.newCDPSession(page);
    const { nodes } = await tree.send('Accessibility.getFullAXTree');
    const named = nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => `${String(role?.value)} ${String(name?.value ?? '')}`);
    expect(named).toEqual(
      expect.arrayContaining([
        'region Private chat',
        'log Conversation',
        'textbox Your message',
        'button Send',
      ]),
    );
    // No button, field or region without a name.
    expect(named.filter((one) => /^(button|textbox|region|combobox) $/.test(one))).toEqual([]);
  });

  it('answers with SmolLM2 in the page, downloaded from the gateway after a click', async () => {
    const model = 'smollm2-135m-instruct-q4_0';
    const site = await openSite({ models: { [model]: await testWeights('smollm2-q4_0') }, folder });
    try {
      const page = await open(
        `?gateway=/v1&model=${model}`,
        fakePromptApi({ state: 'unavailable' }),
        site.pageUrl,
      );
      expect(await part(page, 'private', 'consent').textContent()).toMatch(/\d+ MB/);
      await part(page, 'private', 'download').click();
      await part(page, 'private', 'consent').waitFor({ state: 'hidden' });
      await part(page, 'private', 'progress').waitFor({ state: 'hidden', timeout: 120_000 });
      await part(page, 'private', 'input').click();
      await page.keyboard.insertText('What is the capital of France?');
      await page.keyboard.press('Enter');
      await part(page, 'private', 'assistant').getByText('Paris').waitFor({ timeout: 120_000 });
      await page.keyboard.press('Escape');
      expect(await part(page, 'private', 'route').last().textContent()).toMatch(
        /^Answered on this device \(wllama\), and kept private\./,
      );
      expect(sent.join('\n')).not.toContain('capital of France');
    } finally {
      await site.close();
    }
  }, 240_000);
});
