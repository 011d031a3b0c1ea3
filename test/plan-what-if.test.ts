import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { plan } from '../src/cli/plan.ts';
import { createRowInsert } from '../src/ledger/insert-rows.ts';
import { readReplayRows } from '../src/ledger/replay-rows.ts';
import { tokenPrice } from '../src/ledger/prices.ts';
import { replayTraffic } from '../src/plan/what-if/replay.ts';
import { fakeUpstream, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { postgresMissing, startPostgres, type PostgresServer } from './postgres.ts';
import { stateBackends } from './state-backends.ts';

/** A ledger that real requests made through the gateway, replayed. */

let upstream: FakeUpstream;
let far: FarGateway;
let printed = '';

const usage = { prompt_tokens: 2000, completion_tokens: 200, total_tokens: 2200 };
/** Far beyond what a provider's cache keeps at least. */
const manual = Array.from({ length: 300 }, (_, at) => `Rule ${at}: do as rule ${at * 7} says.`).join('\n');

/** @param route the routing of its settings */
const gateway = (route: object, more: object = {}): Promise<FarGateway> =>
  farGateway({
    ...more,
    upstreams: [
      {
        name: 'open',
        baseUrl: `${upstream.url}/v1`,
        models: [
          { name: 'dear', price: { input: 10, output: 50, cacheRead: 1 } },
          { name: 'cheap', price: { input: 1, output: 5 } },
          'unpriced',
        ],
      },
    ],
    cache: { exact: false },
    far: 'open/dear',
    route,
  });

beforeEach(async () => {
  upstream = await fakeUpstream((response, { body }) => {
    sendJson(response, 200, {
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: String(body['model']),
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
      usage,
    });
  });
  far = await gateway({});
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await far.close();
  await upstream.close();
});

async function ask(model: string, content: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(`${far.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      model,
      messages: [
        { role: 'system', content: manual },
        { role: 'user', content },
      ],
      max_tokens: 50,
    }),
  });
  expect(response.status).toBe(200);
  await response.text();
}

async function traffic(): Promise<void> {
  for (const question of ['One?', 'And two?', 'Three, please.']) await ask('open/dear', question);
  await ask('open/dear', 'Tomorrow is soon enough.', { 'x-nearfar-priority': 'bulk' });
  await ask('open/unpriced', 'What do you cost?');
}

async function run(...words: string[]): Promise<string> {
  printed = '';
  const config = join(far.home, 'nearfar.config.json');
  expect(await plan.run(readArguments(plan, [...words, '--home', far.home, '--config', config]))).toBe(0);
  return printed;
}

interface Report {
  readonly requests: number;
  readonly unknownCostRequests: number;
  readonly spentUsd: { readonly value: number; readonly basis: string };
  readonly outcomes: readonly {
    readonly techniques: readonly string[];
    readonly savedUsd: { readonly value: number | null; readonly basis: string };
    readonly changedRequests: number;
    readonly unknown: Readonly<Record<string, number>>;
  }[];
}

const each = (2000 * 10 + 200 * 50) / 1e6;
const alone = (report: Report, technique: string) =>
  report.outcomes.find(({ techniques }) => techniques.length === 1 && techniques[0] === technique);

describe('nearfar plan what-if --from-ledger', () => {
  it('replays requests that went through the gateway', async () => {
    await traffic();
    const report = JSON.parse(await run('what-if', '--from-ledger', '--json')) as Report;
    expect(report).toMatchObject({ requests: 5, unknownCostRequests: 1, spentUsd: { basis: 'measured' } });
    expect(report.spentUsd.value).toBeCloseTo(4 * each, 9);
    // The manual is most of the prompt, and the provider keeps it for nothing: of three that follow most is read at a tenth.
    const caching = alone(report, 'prompt_caching');
    expect(caching).toMatchObject({ changedRequests: 3, savedUsd: { basis: 'estimated' } });
    expect(caching?.savedUsd.value).toBeGreaterThan(3 * 2000 * 0.9 * 10e-6 * 0.7);
    expect(caching?.savedUsd.value).toBeLessThan(3 * 2000 * 0.9 * 10e-6);
    // No list has a discount for this upstream: nothing is assumed.
    expect(alone(report, 'batching')).toMatchObject({
      savedUsd: { value: 0 },
      unknown: { 'no discount for batches is known': 1 },
    });
    expect(alone(report, 'quantization')?.savedUsd.value).toBe(0);
    const all = report.outcomes.find(({ techniques }) => techniques.length === 5);
    expect(all?.savedUsd.value).toBeGreaterThanOrEqual(caching?.savedUsd.value ?? Infinity);
  });

  it('asks a smaller model what is simple, as far as somebody says what is', async () => {
    await traffic();
    const unknown = alone(
      JSON.parse(await run('what-if', '--from-ledger', '--json')) as Report,
      'smaller_models',
    );
    expect(unknown).toMatchObject({
      savedUsd: { value: 0 },
      unknown: { 'no router told how difficult it is': 4 },
    });
    const half = JSON.parse(
      await run('what-if', '--from-ledger', '--json', '--simple-share', '0.5'),
    ) as Report;
    expect(alone(half, 'smaller_models')?.savedUsd.value).toBeCloseTo(4 * 0.5 * 0.9 * each, 9);
    const waiting = await run('what-if', '--from-ledger', '--simple-share', '0.5');
    expect(waiting).toMatch(/Spent, measured: \$0\.1200 .*the cost of 1 requests is not known/);
    expect(waiting).toMatch(/smaller models +\$0\.0540 \(45%\)/);
    expect(waiting).toMatch(/Alone; all estimated/);
  });

  it('takes the difficulty that an observing router wrote', async () => {
    await far.close();
    const tiers = [
      { name: 'low', model: 'open/cheap' },
      { name: 'high', model: 'open/dear' },
    ];
    far = await gateway({ policy: 'classifier', observe: true, tiers });
    await traffic();
    const report = JSON.parse(await run('what-if', '--from-ledger', '--json')) as Report;
    expect(alone(report, 'smaller_models')).toMatchObject({ changedRequests: 4, unknown: {} });
    expect(alone(report, 'smaller_models')?.savedUsd.value).toBeCloseTo(4 * 0.9 * each, 9);
    // This machine never answered: what it would take is not known, and said.
    expect(alone(report, 'routing')?.unknown).toMatchObject({
      'how fast this machine would answer is not known': 4,
    });
  });

  it('gives a month at the recorded rate', async () => {
    await traffic();
    const text = await run(
      'cost',
      '--from-ledger',
      '--input-price',
      '1',
      '--output-price',
      '5',
      '--rent',
      '2',
      '--machine-rate',
      '2',
    );
    expect(text).toMatch(/Traffic measured: 5 requests/);
    expect(text).toMatch(/what 1 requests cost is not known and not in it/);
    expect(text).toMatch(/hybrid: 1 rented for 80%, API for the rest/);
  });

  it('says where nothing was recorded, and refuses what makes no sense', async () => {
    expect(await run('what-if', '--from-ledger')).toContain('Nothing was recorded in this time.');
    await expect(run('what-if')).rejects.toThrow('expected --from-ledger');
    await expect(run('what-if', '--from-ledger', '--simple-share', '3')).rejects.toThrow(
      '--simple-share: expected a number from 0 to 1',
    );
    await expect(run('what-if', '--from-ledger', '--smaller', 'nobody')).rejects.toThrow(
      '--smaller: no price is known of "nobody"',
    );
    await expect(run('cost', '--from-ledger')).rejects.toThrow('nothing was recorded');
    await expect(run('what-if', '--from-ledger', '--file', '/nowhere.sqlite')).rejects.toThrow(
      'there is no file',
    );
  });
});

describe.skipIf(postgresMissing !== null)('nearfar plan what-if --from-ledger over PostgreSQL', () => {
  const variable = 'WHAT_IF_TEST_DATABASE';
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    vi.stubEnv(variable, server.url.reveal());
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.close();
  });

  it('says the same as over the file, says whose database it is, and never its password', async () => {
    await traffic();
    const overFile = JSON.parse(await run('what-if', '--from-ledger', '--json')) as Report;
    await far.close();
    far = await gateway({}, { databaseEnv: variable });
    await traffic();
    // While that gateway runs.
    const text = await run('what-if', '--from-ledger', '--json');
    const report = JSON.parse(text) as Report & { readonly ledger: string };
    const saved = (of: Report) =>
      of.outcomes.map(({ techniques, savedUsd, changedRequests, unknown }) => ({
        techniques,
        savedUsd: savedUsd.value === null ? null : Number(savedUsd.value.toFixed(9)),
        changedRequests,
        unknown,
      }));
    expect(report).toMatchObject({ requests: 5, unknownCostRequests: 1 });
    expect(saved(report)).toEqual(saved(overFile));
    expect(report.ledger).toMatch(/PostgreSQL|postgres/i);
    expect(text).not.toContain('secret-of-the-tests');
    expect(await run('what-if', '--from-ledger', '--until', '2000-01-01', '--since', '1999-01-01')).toContain(
      'Nothing was recorded in this time.',
    );
  });
});

describe.each(stateBackends())('rows to replay in $name', (backend) => {
  beforeAll(async () => {
    if (backend.missing === null) await backend.start();
  });
  afterAll(async () => {
    if (backend.missing === null) await backend.stop();
  });

  it.skipIf(backend.missing !== null)('are those of the gateway, and replay the same', async () => {
    await traffic();
    await backend.clear();
    const store = await backend.open();
    try {
      const rows = await far.rows();
      await createRowInsert().count(store.db, rows);
      const all = { from: 0, to: Number.MAX_SAFE_INTEGER };
      const read = await readReplayRows(store, all, 100, []);
      expect(read.leftOutCount).toBe(0);
      expect(new Set(read.rows.map(({ requestId }) => requestId))).toEqual(
        new Set(rows.map(({ requestId }) => requestId)),
      );
      const price = { price: tokenPrice({ input: 10, output: 50, cacheRead: 1 }), batchDiscount: 0.5 };
      const report = replayTraffic(read.rows, {
        priceOf: (model) => (model === 'open/dear' ? price : null),
        smallerOf: () => null,
        thresholds: [0.3, 0.7],
        ...{ simpleShare: null, waitShare: 0, machineUsdPerHour: null, nearBits: null },
      });
      expect(report.spentUsd).toBeCloseTo(4 * each, 9);
      const batching = report.outcomes.find(({ techniques }) => techniques.join('') === 'batching');
      expect(batching).toMatchObject({ changedCount: 1 });
      expect(batching?.savedUsd).toBeCloseTo(each / 2, 9);
      // Rows that wait in a journal count once, whether the store has them or not.
      const some = await readReplayRows(store, all, 2, rows);
      expect(some.rows.length).toBeGreaterThanOrEqual(2);
      expect(new Set(some.rows.map(({ requestId }) => requestId)).size).toBe(some.rows.length);
    } finally {
      await store.close();
    }
  });
});
