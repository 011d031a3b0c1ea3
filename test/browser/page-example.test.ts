import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildExample } from '../../examples/build.ts';
import { serveFolder } from '../../examples/serve.ts';
import { startChromium, type Chromium, type OpenOptions, type Tab } from './chromium.ts';
import { fakePromptApi } from './fake-prompt-api.ts';
import { startRecordingGateway, type RecordingGateway } from './recording-gateway.ts';

/** examples/page, built by its own command and served by its own server, in a real Chromium. */

let folder: string;
let chromium: Chromium;
let gateway: RecordingGateway;
let server: Server;
let address: string;
let tab: Tab | null = null;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nearfar-page-'));
  await buildExample('page', path.join(folder, 'site'));
  chromium = await startChromium();
});
afterAll(async () => {
  await chromium.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  gateway = await startRecordingGateway();
  server = serveFolder(path.join(folder, 'site'), gateway.url);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
});
afterEach(async () => {
  await tab?.close();
  server.closeAllConnections();
  server.close();
  await gateway.close();
});

async function open(query = '', options: OpenOptions = {}): Promise<Tab> {
  tab = await chromium.open(`${address}${query}`, options);
  await tab.until(
    "document.getElementById('open').shadowRoot && !/Looking/.test(document.getElementById('status').textContent)",
  );
  return tab;
}

/** In the shadow tree of a chat. */
const part = (id: string, name: string): string =>
  `document.getElementById('${id}').shadowRoot.querySelector('[part~="${name}"]')`;
const answer = (id: string): string =>
  `[...document.getElementById('${id}').shadowRoot.querySelectorAll('[part~="assistant"]')].at(-1)`;

async function ask(page: Tab, id: string, text: string): Promise<void> {
  await page.evaluate(`${part(id, 'input')}.focus()`);
  await page.type(text);
  await page.press('Enter');
  await page.until(`document.getElementById('${id}').state.phase === 'idle' && ${answer(id)}`);
}

const withGateway = (): string => `?gateway=${encodeURIComponent(gateway.url)}`;

describe('the page example', () => {
  it('answers in the page with the browser’s model, typed and sent by keys, and says so', async () => {
    const page = await open(withGateway(), { before: fakePromptApi() });
    await ask(page, 'open', 'hello there');
    expect(await page.evaluate(`${answer('open')}.querySelector('[part=text]').textContent`)).toBe(
      'HELLO THERE ',
    );
    expect(await page.evaluate(`${answer('open')}.querySelector('[part=route]').textContent`)).toMatch(
      /^Answered on this device \(built-in\)/,
    );
    expect(gateway.bodies).toEqual([]);
    expect(page.errors).toEqual([]);
  });

  it('asks the gateway where the page has no model, and keeps what is private in the page: an error', async () => {
    const page = await open(withGateway(), { before: fakePromptApi({ state: 'unavailable' }) });
    await ask(page, 'open', 'hello there');
    expect(await page.evaluate(`${answer('open')}.textContent`)).toContain(
      'from afarAnswered by the server (gateway).',
    );
    const secret = 'My card is 4111 1111 1111 1111 and my IBAN is DE89 3704 0044 0532 0130 00';
    await ask(page, 'open', secret);
    expect(await page.evaluate(`${part('open', 'error')}.textContent`)).not.toBe('');
    await ask(page, 'private', 'hello there');
    expect(await page.evaluate(`${part('private', 'error')}.textContent`)).not.toBe('');
    expect(gateway.bodies).toHaveLength(1);
    // Whatever the page asked for, by whatever way.
    const sent = page.requests.map(({ url, body }) => url + body).join('\n');
    expect(sent).not.toMatch(/4111|DE89/);
  });

  it('shows markup as text in a real browser', async () => {
    const page = await open('', { before: fakePromptApi() });
    await ask(page, 'private', '<img src=x onerror=globalThis.pwned=1><script>globalThis.pwned=1</script>');
    expect(await page.evaluate(`${answer('private')}.querySelector('[part=text]').children.length`)).toBe(0);
    expect(await page.evaluate(`${answer('private')}.textContent`)).toContain('<IMG SRC=X');
    expect(await page.evaluate('globalThis.pwned ?? null')).toBeNull();
  });

  it('stops with Escape', async () => {
    const page = await open('', { before: fakePromptApi({ wordMs: 50 }) });
    await page.evaluate(`${part('private', 'input')}.focus()`);
    await page.type(Array.from({ length: 200 }, (_, index) => `word${String(index)}`).join(' '));
    await page.press('Enter');
    await page.until(`${answer('private')}?.querySelector('[part=text]').textContent !== ''`);
    await page.press('Escape');
    await page.until(`${answer('private')}.querySelector('[part=note]').textContent === 'Stopped.'`);
    expect(
      await page.evaluate(`document.getElementById('private').shadowRoot.activeElement?.localName`),
    ).toBe('textarea');
  });

  it('downloads the browser’s model only after a click, with progress', async () => {
    const page = await open('', { before: fakePromptApi({ state: 'downloadable' }) });
    await page.until(`!${part('private', 'consent')}.hidden`);
    expect(await page.evaluate(`${part('private', 'consent')}.textContent`)).toContain('unknown size');
    await page.evaluate(`${part('private', 'download')}.click()`);
    await page.until(
      `${part('private', 'consent')}.hidden && document.getElementById('private').state.phase === 'idle'`,
    );
    await ask(page, 'private', 'hello');
    expect(await page.evaluate(`${answer('private')}.textContent`)).toContain('HELLO');
  });

  it('translates, simplifies and sums up in the page', async () => {
    const page = await open(withGateway(), { before: fakePromptApi() });
    const run = async (form: string, button: string): Promise<string> => {
      await page.evaluate(`(() => {
        const form = document.getElementById('${form}');
        form.elements.namedItem('text').value = 'good day';
        form.querySelector('output').textContent = '';
        form.requestSubmit(form.querySelector('${button}'));
      })()`);
      await page.until(`document.querySelector('#${form} output small')`);
      return page.evaluate(`document.querySelector('#${form} output').textContent`);
    };
    expect(await run('translate', 'button')).toBe('GOOD DAYBy built-in, on this device.');
    expect(await run('easy', '[value=simplify]')).toContain('GOOD DAY');
    expect(await run('easy', '[value=summarize]')).toContain('GOOD DAY');
    const asked = await page.evaluate<{ readonly system: readonly string[] }[]>('globalThis.asked');
    expect(asked.map(({ system }) => system.join())).toEqual([
      expect.stringContaining('into German'),
      expect.stringContaining('plain language'),
      expect.stringContaining('Summarize'),
    ]);
    expect(gateway.bodies).toEqual([]);
    expect(page.errors).toEqual([]);
  });

  it('can be used in the dark, in forced colours, and without motion', async () => {
    const page = await open('', { before: fakePromptApi({ wordMs: 400 }) });
    await page.evaluate(`${part('private', 'input')}.focus()`);
    await page.type('a b c d e f g h');
    await page.press('Enter');
    await page.until(`${answer('private')}?.querySelector('[part=text]')`);
    const look = async (features: readonly { readonly name: string; readonly value: string }[]) => {
      await page.send('Emulation.setEmulatedMedia', { features });
      return page.evaluate<{
        readonly background: string;
        readonly animation: string;
        readonly button: string;
      }>(`({
        background: getComputedStyle(document.getElementById('private')).backgroundColor,
        animation: getComputedStyle(${answer('private')}.querySelector('[part=text]'), '::after').animationName,
        button: getComputedStyle(${part('private', 'stop')}).borderTopStyle,
      })`);
    };
    const light = await look([{ name: 'prefers-color-scheme', value: 'light' }]);
    const dark = await look([{ name: 'prefers-color-scheme', value: 'dark' }]);
    expect(light.animation).toBe('blink');
    expect(dark.background).not.toBe(light.background);
    expect((await look([{ name: 'prefers-reduced-motion', value: 'reduce' }])).animation).toBe('none');
    const forced = await look([{ name: 'forced-colors', value: 'active' }]);
    expect(forced.button).toBe('solid');
    await page.press('Escape');
  });

  it('names its parts to assistive technology', async () => {
    const page = await open('', { before: fakePromptApi() });
    const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
      readonly nodes: readonly {
        readonly role?: { readonly value: string };
        readonly name?: { readonly value: string };
        readonly ignored: boolean;
      }[];
    };
    const named = nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name }) => `${role?.value ?? ''} ${name?.value ?? ''}`);
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
});
