import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildExample } from '../../examples/build.ts';
import { startChromium, type Chromium, type Tab } from './chromium.ts';
import { fakePromptApi } from './fake-prompt-api.ts';

/** examples/extension, built by its own command, loaded by a real Chromium. */

interface Manifest {
  readonly manifest_version: number;
  readonly permissions: readonly string[];
  readonly host_permissions?: readonly string[];
}

let folder: string;
let chromium: Chromium;
let server: Server;
let address: string;
let asBuilt: Manifest;
let extensionUrl: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nearfar-extension-'));
  await buildExample('extension', folder);
  const manifest = path.join(folder, 'manifest.json');
  asBuilt = JSON.parse(await readFile(manifest, 'utf8')) as Manifest;
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<title>A page</title><p>before <b id="b">the selected words</b> after</p>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  // A click on the extension’s button is what lets it read a tab; no protocol can click there, so the test's page is allowed.
  await writeFile(manifest, JSON.stringify({ ...asBuilt, host_permissions: ['http://127.0.0.1/*'] }));
  chromium = await startChromium({ extension: folder });
  extensionUrl = new URL('/', (await chromium.targetAt('chrome-extension://')).url).href;
});
afterAll(async () => {
  await chromium.close();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The panel beside a page in which something is selected. */
async function open(before: string): Promise<Tab> {
  const page = await chromium.open(address);
  await page.evaluate("getSelection().selectAllChildren(document.getElementById('b'))");
  const blank = await chromium.open(`${extensionUrl}panel.html`);
  const tabId = await blank.evaluate<number>(
    `chrome.tabs.query({ url: '${address}*' }).then((tabs) => tabs.at(-1).id)`,
  );
  await blank.close();
  const panel = await chromium.open(`${extensionUrl}panel.html?tab=${String(tabId)}`, { before });
  await panel.until("document.querySelector('textarea').value !== ''");
  return panel;
}

describe('the extension example', () => {
  it('asks for no more than it needs', () => {
    expect(asBuilt.manifest_version).toBe(3);
    expect(asBuilt.permissions).toEqual(['activeTab', 'scripting', 'sidePanel']);
    expect(asBuilt.host_permissions).toBeUndefined();
  });

  it('takes the selected text and sums it up, says it simpler and translates it, in the browser', async () => {
    const panel = await open(fakePromptApi());
    expect(await panel.evaluate("document.querySelector('textarea').value")).toBe('the selected words');
    for (const task of ['summarize', 'rewrite', 'translate']) {
      await panel.evaluate(`(() => {
        document.getElementById('result').textContent = '';
        document.getElementById('form').requestSubmit(document.querySelector('[value=${task}]'));
      })()`);
      await panel.until("document.getElementById('result').textContent.startsWith('THE')");
      expect(await panel.evaluate("document.getElementById('result').textContent")).toBe(
        'THE SELECTED WORDS',
      );
    }
    const asked = await panel.evaluate<{ readonly system: readonly string[] }[]>('globalThis.asked');
    expect(asked.map(({ system }) => system.join().split(' ')[0])).toEqual([
      'Summarize',
      'Rewrite',
      'Translate',
    ]);
    // Its own files and nothing else.
    expect(panel.requests.filter(({ url }) => !url.startsWith(extensionUrl))).toEqual([]);
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  it('says why where the browser has no model, and asks nobody else', async () => {
    const panel = await open(fakePromptApi({ state: 'unavailable' }));
    await panel.evaluate(
      "document.getElementById('form').requestSubmit(document.querySelector('[value=rewrite]'))",
    );
    await panel.until("/model/i.test(document.getElementById('result').textContent)");
    expect(panel.requests.filter(({ url }) => !url.startsWith(extensionUrl))).toEqual([]);
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
