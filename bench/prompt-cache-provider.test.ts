import { afterEach, expect, test } from 'vitest';
import { openCacheProvider, type CacheProvider } from './prompt-cache-provider.ts';

/** What the benchmark's stub must do is what the providers document; see the addresses in its comments. */

const rates = { readRate: 0.1, writeRate: 1.25, longWriteRate: 2 };
const minute = 60_000;
let provider: CacheProvider | null = null;

afterEach(async () => {
  await provider?.close();
  provider = null;
});

async function open(protocol: 'anthropic' | 'openai', minimumTokenCount = 100): Promise<CacheProvider> {
  provider = await openCacheProvider({ protocol, minimumTokenCount, ...rates });
  return provider;
}

async function ask(
  stub: CacheProvider,
  body: object,
): Promise<{ status: number; read: number; wrote: number }> {
  const response = await fetch(`${stub.url}/v1/messages`, { method: 'POST', body: JSON.stringify(body) });
  await response.text();
  const { readTokenCount, writtenTokenCount } = stub.takeBill();
  return { status: response.status, read: readTokenCount, wrote: writtenTokenCount };
}

const long = 'word '.repeat(400);
const mark = (ttl?: '1h') => ({
  cache_control: { type: 'ephemeral', ...(ttl === undefined ? {} : { ttl }) },
});
const text = (said: string, control: object = {}) => ({ type: 'text', text: said, ...control });
const body = (system: object, ...blocks: object[]) => ({
  system: [system],
  messages: [{ role: 'user', content: blocks }],
});

test('Anthropic: what a mark wrote is read for five minutes from its last use, or for an hour', async () => {
  const stub = await open('anthropic');
  for (const [ttl, stays] of [
    [undefined, 4],
    ['1h', 59],
  ] as const) {
    const asked = () => ask(stub, body(text(`${long} ${stays}`, mark(ttl)), text('Hi')));
    const first = await asked();
    expect(first).toMatchObject({ read: 0 });
    for (let count = 0; count < 3; count += 1) {
      stub.now += stays * minute;
      expect(await asked()).toMatchObject({ read: first.wrote, wrote: 0 });
    }
    stub.now += (stays + 1) * minute + 1;
    expect(await asked()).toMatchObject({ read: 0, wrote: first.wrote });
  }
});

test('Anthropic: nothing is written below the minimum, and nothing without a mark', async () => {
  const stub = await open('anthropic', 4096);
  expect(await ask(stub, body(text(long, mark()), text('Hi')))).toMatchObject({ wrote: 0 });
  const other = await open('anthropic');
  expect(await ask(other, body(text(long), text('Hi')))).toMatchObject({ wrote: 0 });
});

test('Anthropic: a mark looks back over twenty positions, itself counted, where earlier requests wrote', async () => {
  const stub = await open('anthropic');
  const fillers = (count: number) => Array.from({ length: count }, (_, index) => text(`Block ${index}`));
  const written = await ask(stub, body(text(long, mark())));
  const end = (count: number) => body(text(long), ...fillers(count - 1), text(`End ${count}`, mark()));
  expect(await ask(stub, end(19))).toMatchObject({ read: written.wrote });
  expect(await ask(stub, end(20))).toMatchObject({ read: 0 });
});

test('Anthropic: five marks, or an hour behind five minutes, are refused', async () => {
  const stub = await open('anthropic');
  const blocks = (...ttls: (undefined | '1h')[]) =>
    ttls.map((ttl, index) => text(`Block ${index}`, mark(ttl)));
  expect(
    (await ask(stub, body(text('s', mark()), ...blocks(undefined, undefined, undefined, undefined)))).status,
  ).toBe(400);
  expect((await ask(stub, body(text('s', mark()), ...blocks('1h')))).status).toBe(400);
  expect((await ask(stub, body(text('s', mark('1h')), ...blocks(undefined)))).status).toBe(200);
});

test('OpenAI: the end of each prompt is written and read by the next turn, unless the mode is explicit', async () => {
  const stub = await open('openai');
  const messages: object[] = [{ role: 'user', content: long }];
  const first = await ask(stub, { messages });
  expect(first.wrote).toBeGreaterThan(100);
  messages.push({ role: 'assistant', content: 'Yes.' }, { role: 'user', content: 'And?' });
  expect(await ask(stub, { messages })).toMatchObject({ read: first.wrote });
  const explicit = { prompt_cache_options: { mode: 'explicit' } };
  expect(await ask(stub, { ...explicit, messages: [{ role: 'user', content: `x ${long}` }] })).toMatchObject({
    read: 0,
    wrote: 0,
  });
});
