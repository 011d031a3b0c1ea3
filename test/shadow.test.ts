import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createJudgedStore } from '../src/quality/judged-store.ts';
import { createStore, type Store } from '../src/store/store.ts';
import {
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiUsageChunk,
  sendJson,
  type Arrived,
} from './fake-upstream.ts';
import type { FakeUpstream } from './fake-upstream.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Comparisons over the real server: the near model has real weights, the far one and the judge follow a script. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let upstream: FakeUpstream;
let real: RealGateway;
let client: OpenAI;
let verdict = 'B';
let home = '';

/** What a model elsewhere says: the judge a verdict, the far model a line. Fifty tokens read, ten written. */
function respond(response: Parameters<FakeUpstream['respond']>[0], { body }: Arrived): void {
  const text =
    body['model'] === 'judge' ? JSON.stringify({ reason: 'so', verdict }) : 'The far model has spoken.';
  if (body['stream'] !== true) {
    sendJson(response, 200, {
      id: 'chatcmpl-x',
      object: 'chat.completion',
      model: 'x',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 50, completion_tokens: 10 },
    });
    return;
  }
  beginStream(response);
  response.write(openaiChunk({ role: 'assistant', content: text }));
  response.write(openaiChunk({}, 'stop'));
  response.write(openaiUsageChunk);
  response.end('data: [DONE]\n\n');
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-shadow-'));
  verdict = 'B';
  upstream = await fakeUpstream(respond);
});
afterEach(async () => {
  await real.close();
  await upstream.close();
  rmSync(home, { recursive: true });
});

async function start(shadow: object, file: object = {}): Promise<void> {
  const price = { input: 1, output: 10 };
  real = await realGateway(
    {},
    {
      upstreams: [
        {
          name: 'open',
          baseUrl: `${upstream.url}/v1`,
          models: [
            { name: 'far', price, contextTokenCount: 4096 },
            { name: 'judge', price, contextTokenCount: 4096 },
          ],
        },
      ],
      far: 'open/far',
      shadow: { share: 1, judge: 'open/judge', budget: { perDay: 1 }, ...shadow },
      ...file,
    },
    home,
  );
  client = new OpenAI({ baseURL: `${real.url}/v1`, apiKey: 'none', maxRetries: 0 });
}

/** The form leaves the near model one answer, which ends by itself. */
const form = {
  type: 'json_schema',
  json_schema: {
    name: 'a',
    schema: {
      type: 'object',
      properties: { a: { const: 'yes' } },
      required: ['a'],
      additionalProperties: false,
    },
  },
} as const;

async function ask(model: string, content: string, headers: Record<string, string> = {}) {
  const { response } = await client.chat.completions
    .create(
      {
        model,
        max_completion_tokens: 30,
        messages: [{ role: 'user', content }],
        ...(model === 'near' ? { response_format: form } : {}),
      },
      { headers },
    )
    .withResponse();
  return response.headers.get('x-request-id') ?? '';
}

async function withState<T>(read: (state: Store) => Promise<T>): Promise<T> {
  const state = await createStore({ path: join(home, 'ledger.sqlite') });
  try {
    return await read(state);
  } finally {
    await state.close();
  }
}

const judged = () => withState((state) => createJudgedStore(state).read(null, 1000));

/** Waits until so many comparisons stand in the table. */
async function judgedCount(count: number) {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const rows = await judged();
    if (rows.length >= count) return rows;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`fewer than ${count} comparisons`);
}

async function rowsOf(purpose: string | undefined) {
  return (await real.gateway.ledger.recent(1000)).filter((row) => row.purpose === purpose);
}

describe('what the near model answered', () => {
  it('is compared with the far one, in both orders, on a budget of its own, and no text is kept', async () => {
    await start({});
    // Always the same place: a judge that contradicts itself.
    const first = await ask('near', 'A-planted-question');
    expect((await judgedCount(1))[0]).toMatchObject({
      requestId: first,
      lower: { tier: 'near', modelId: real.modelId },
      upper: { tier: 'far', modelId: 'open/far' },
      answeredTier: 'near',
      outcome: 'tie',
      judge: 'open/judge',
    });
    const judgings = upstream.arrived.filter(({ body }) => body['model'] === 'judge');
    expect(judgings).toHaveLength(2);
    expect(judgings[0]?.body).toMatchObject({ response_format: { type: 'json_schema' } });
    const [client = [], shadow = [], judge = []] = await Promise.all(
      [undefined, 'shadow', 'judge'].map(rowsOf),
    );
    expect(client.map(({ keyName, answeringModel }) => [keyName, answeringModel])).toEqual([
      ['local', real.modelId],
    ]);
    expect(shadow).toMatchObject([
      {
        keyName: '(shadow)',
        answeringModel: 'open/far',
        priority: 'bulk',
        costMicros: 3000,
        chargedMicros: 3000,
      },
    ]);
    expect(judge).toHaveLength(2);
    for (const name of await readdir(home)) {
      if (!name.startsWith('ledger')) continue;
      expect((await readFile(join(home, name))).includes('A-planted-question'), name).toBe(false);
    }
  });

  it('is never sent anywhere where it is marked local_only', async () => {
    await start({});
    await ask('near', 'planted-secret', { 'x-nearfar-privacy': 'local_only' });
    await ask('near', 'open words');
    await judgedCount(1);
    expect(upstream.arrived.filter(({ text }) => text.includes('planted-secret'))).toEqual([]);
    expect(await judged()).toHaveLength(1);
  });
});

describe('the budget', () => {
  it('is never spent beyond, however many are asked at the same time', async () => {
    // Each of three questions costs 3000 millionths and may cost ten thousand: the budget pays for some of them.
    await start({ budget: { perDay: 0.06 } });
    await Promise.all(Array.from({ length: 24 }, (_, index) => ask('near', `Question ${index}`)));
    for (let attempt = 0; attempt < 600; attempt += 1) {
      const page = await (await fetch(`${real.url}/metrics`)).text();
      if (/^nearfar_shadow_pending 0$/m.test(page)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const spent = [...(await rowsOf('shadow')), ...(await rowsOf('judge'))];
    const charged = spent.reduce(
      (sum, { chargedMicros, costMicros }) => sum + (chargedMicros ?? costMicros ?? 0),
      0,
    );
    expect(charged).toBeGreaterThan(0);
    expect(charged).toBeLessThanOrEqual(60_000);
    expect(await rowsOf(undefined)).toHaveLength(24);
  });
});

describe('without being asked for', () => {
  it('nothing is compared', async () => {
    await start({}, { shadow: null });
    await ask('near', 'Hello');
    await real.close();
    expect(upstream.arrived).toEqual([]);
    real = await realGateway();
  });
});
