import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeGateway, type Gateway } from '../src/cli/compose.ts';
import { loadSettings } from '../src/config/load.ts';
import { listen, type ListeningServer } from '../src/http/server.ts';
import { createModelStore } from '../src/models/store.ts';
import { testWeights } from './weights.ts';

/** The whole gateway over HTTP, with real weights, while its engine is killed, flooded and left by its clients. */

const queueLimit = 6;
const parallelCount = 2;

let home: string;
let gateway: Gateway;
let server: ListeningServer;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-gateway-'));
  const store = createModelStore({ home, hub: { endpoint: 'http://127.0.0.1:9', token: null } });
  const model = await store.pull(`file:${await testWeights('smollm2')}`);
  const settings = {
    near: model.id,
    port: '0',
    logLevel: 'error',
    'engine.queueLimit': String(queueLimit),
    'engine.parallelCount': String(parallelCount),
    'engine.contextTokenCount': '2048',
    'engine.threadCount': '1',
  };
  const loaded = await loadSettings({
    environment: {},
    workingFolder: home,
    home,
    flags: new Map(Object.entries(settings).map(([path, text]) => [path, { flag: `--${path}`, text }])),
  });
  gateway = await composeGateway(loaded);
  server = await listen(gateway.app, {
    host: '127.0.0.1',
    port: 0,
    limits: loaded.settings.limits,
  });
  await gateway.localModels.load(model.id);
}, 180_000);

afterAll(async () => {
  await server.close(100);
  await gateway.close();
  rmSync(home, { recursive: true });
});

function ask(changes: Record<string, unknown> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', prompt: 'Once upon a time', max_tokens: 4, ...changes }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The `data:` payloads of an event stream, as they come. */
async function* events(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of response.body!) {
    const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: ')) yield line.slice('data: '.length);
  }
}

function engine() {
  return gateway.localModels.running()[0]!;
}

/** The test's own timeout bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

it('ends a stream in one error event when the engine is killed, and answers the next request', async () => {
  const response = await ask({ stream: true, max_tokens: 1_500 });
  expect(response.status).toBe(200);
  const seen: string[] = [];
  for await (const data of events(response)) {
    seen.push(data);
    if (seen.length === 3) process.kill(engine().processId!, 'SIGKILL');
  }
  const errors = seen.filter((data) => data.includes('"error"'));
  expect(errors).toHaveLength(1);
  expect(seen.indexOf(errors[0]!)).toBeGreaterThanOrEqual(seen.length - 2);
  expect(errors[0]).toContain('died');

  const next = await ask();
  expect(next.status).toBe(200);
  expect(engine()).toMatchObject({ state: 'ready', restartCount: 1 });
  const rows = await gateway.ledger.recent(10);
  expect(rows.map((row) => row.status)).toEqual([200, 500]);
}, 120_000);

it('begins a whole answer anew when the engine is killed in the middle of it', async () => {
  const [before] = await gateway.ledger.recent(1);
  const answer = ask({ max_tokens: 400, ignore_eos: true });
  await until(() => (engine().stats?.completionTokenCount ?? 0) > 3 && engine().stats?.runningCount === 1);
  process.kill(engine().processId!, 'SIGKILL');
  const response = await answer;
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ usage: { completion_tokens: 400 } });
  expect(engine()).toMatchObject({ state: 'ready', restartCount: 2 });
  const rows = await gateway.ledger.recent(2);
  expect(rows[0]).toMatchObject({ status: 200, completionTokenCount: 400 });
  expect(rows[0]!.firstTokenMs).toBeLessThan(rows[0]!.totalMs);
  expect(rows[1]?.requestId).toBe(before?.requestId);
}, 120_000);

it('answers each of 200 clients at once, or tells it when to come back', async () => {
  const before = (await gateway.ledger.recent(1_000)).length;
  const responses = await Promise.all(Array.from({ length: 200 }, () => ask()));
  const bodies = await Promise.all(responses.map((response) => response.json()));
  const statuses = responses.map((response) => response.status);
  const answeredCount = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(answeredCount).toBeGreaterThanOrEqual(queueLimit + parallelCount);
  for (const [place, response] of responses.entries()) {
    if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    else expect(bodies[place]).toMatchObject({ choices: [{ finish_reason: 'length' }] });
  }
  expect(await gateway.ledger.recent(1_000)).toHaveLength(before + 200);
}, 120_000);

it('stops working for a client that goes away', async () => {
  const client = new AbortController();
  const response = await ask({ stream: true, max_tokens: 1_500 }, client.signal);
  await events(response).next();
  await until(() => engine().stats?.runningCount === 1);
  client.abort();
  await until(() => engine().stats?.runningCount === 0);
  const { usedCellCount, idleCellCount, completionTokenCount } = engine().stats!;
  expect(usedCellCount).toBe(idleCellCount);
  await sleep(300);
  expect(engine().stats!.completionTokenCount).toBe(completionTokenCount);
  expect((await gateway.ledger.recent(1))[0]).toMatchObject({ status: 499 });
}, 60_000);
