import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExample } from '../../examples/build.ts';
import { chromiumMissing, startWithExtension } from './chromium.ts';
import { fakePromptApi } from './fake-prompt-api.ts';

/** examples/extension, built by its own command, loaded by a real Chromium. */

interface Manifest {
  readonly manifest_version: number;
  readonly permissions: readonly string[];
  readonly host_permissions?: readonly string[];
}

describe.skipIf(chromiumMissing !== null)('the extension example', () => {
  let folder: string;
  let context: BrowserContext;
  /** Of the extension's own files, e.g. `chrome-extension://…/`. */
  let origin: string;
  let server: Server;
  let address: string;
  let asBuilt: Manifest;
  /** Addresses that panels asked for. */
  const requests: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'nearfar-extension-'));
    const built = path.join(folder, 'built');
    await buildExample('extension', built);
    const manifest = path.join(built, 'manifest.json');
    asBuilt = JSON.parse(await readFile(manifest, 'utf8')) as Manifest;
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<title>A page</title><p>before <b id="b">the selected words</b> after</p>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
    // A click on the extension's button is what lets it read a tab; nothing here can click there, so the page is allowed.
    await writeFile(manifest, JSON.stringify({ ...asBuilt, host_permissions: ['http://127.0.0.1/*'] }));
    context = await startWithExtension(path.join(folder, 'profile'), built);
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
    origin = new URL('/', worker.url()).href;
  });
  afterAll(async () => {
    await context.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** The panel beside a page in which something is selected. */
  async function open(fake: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(address);
    await page.evaluate(() => {
      const words = document.getElementById('b');
      if (words !== null) getSelection()?.selectAllChildren(words);
    });
    const panel = await context.newPage();
    panel.on('request', (request) => requests.push(request.url()));
    panel.on('pageerror', (error) => complaints.push(error.message));
    await panel.addInitScript(fake);
    await panel.goto(`${origin}panel.html`);
    const tabId = await panel.evaluate<number>(
      `chrome.tabs.query({ url: '${address}*' }).then((tabs) => tabs.at(-1).id)`,
    );
    await panel.goto(`${origin}panel.html?tab=${String(tabId)}`);
    await panel.waitForFunction(() => document.querySelector('textarea')?.value !== '');
    return panel;
  }

  it('asks for no more than it needs', () => {
    expect(asBuilt.manifest_version).toBe(3);
    expect(asBuilt.permissions).toEqual(['activeTab', 'scripting', 'sidePanel']);
    expect(asBuilt.host_permissions).toBeUndefined();
  });

  it('takes the selected text and sums it up, says it simpler and translates it, in the browser', async () => {
    const panel = await open(fakePromptApi());
    expect(await panel.locator('textarea').inputValue()).toBe('the selected words');
    for (const task of ['summarize', 'rewrite', 'translate']) {
      await panel.locator('#result').evaluate((result) => {
        result.textContent = '';
      });
      await panel.locator(`[value=${task}]`).click();
      await panel.locator('#result').getByText('THE SELECTED WORDS').waitFor();
    }
    const asked = await panel.evaluate<{ readonly system: readonly string[] }[]>('globalThis.asked');
    expect(asked.map(({ system }) => system.join().split(' ')[0])).toEqual([
      'Summarize',
      'Rewrite',
      'Translate',
    ]);
    expect(requests.length).toBeGreaterThan(0);
    // Its own files and nothing else.
    expect(requests.filter((url) => !url.startsWith(origin))).toEqual([]);
    expect(complaints).toEqual([]);
    await panel.close();
  });

  it('says why where the browser has no model, and asks nobody else', async () => {
    const panel = await open(fakePromptApi({ state: 'unavailable' }));
    await panel.locator('[value=rewrite]').click();
    await panel.locator('#result').getByText(/model/i).waitFor();
    expect(requests.filter((url) => !url.startsWith(origin))).toEqual([]);
    await panel.close();
  });

  it('downloads a model only after a click', async () => {
    const panel = await open(fakePromptApi({ state: 'downloadable' }));
    await panel.locator('#offer button').click();
    await panel.locator('#result').getByText('The model is here.').waitFor();
    await panel.locator('#offer').waitFor({ state: 'hidden' });
    await panel.close();
  });

  it('cannot send anything even if it tried', async () => {
    const panel = await open(fakePromptApi());
    const tried = await panel.evaluate<string>(
      `fetch('${address}', { method: 'POST', body: 'x' }).then(() => 'sent', () => 'refused')`,
    );
    expect(tried).toBe('refused');
    await panel.close();
  });
});
