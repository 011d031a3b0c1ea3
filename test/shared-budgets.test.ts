import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createKeyStore } from '../src/access/key-store.ts';
import { noLimits } from '../src/access/limits.ts';
import { createStore, type Store } from '../src/store/store.ts';
import { createLedger } from '../src/ledger/ledger.ts';
import { fakeUpstream, openaiHello } from './fake-upstream.ts';
import { farGateway } from './far-gateway.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { postgresMissing, startPostgres } from './postgres.ts';

/** Two gateways with one state and one key, asked at once: together they spend no more than its budget. */

const limitMicros = 30_000;
/** Of one answer of the stub, at the prices below. */
const costMicros = 600 * 2 + 400 * 0.5 + 200 * 10;

afterEach(() => {
  process.env['DATABASE_URL'] = '';
});

/** Where the gateways stand: both in this process, or a process of the operating system each. */
type StartGateway = (file: object) => Promise<{ readonly url: string; close(): Promise<void> }>;

async function spendTogether(ledgerPath: string | null, owners: Store, start: StartGateway) {
  const keys = createKeyStore(owners);
  const ledger = await createLedger({ store: owners, journal: null, warn: () => undefined });
  const upstream = await fakeUpstream(async (response, request) => {
    await new Promise((resolve) => setTimeout(resolve, 15 * Math.random()));
    openaiHello(response, request);
  });
  const file = {
    ledgerPath,
    upstreams: [
      {
        name: 'open',
        baseUrl: `${upstream.url}/v1`,
        models: [{ name: 'big', price: { input: 2, output: 10, cacheRead: 0.5 } }],
        retries: 0,
      },
    ],
  };
  const gateways = [await start(file), await start(file)];
  try {
    // Made while they run: they see it at once.
    const { secret } = await keys.create(key);
    const ask = async (index: number): Promise<number> => {
      const { url } = gateways[index % gateways.length]!;
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
        body: JSON.stringify({
          model: 'open/big',
          messages: [{ role: 'user', content: 'Say hello.' }],
          max_tokens: 200,
          stream: index % 3 === 0,
        }),
      });
      await answer.text();
      return answer.status;
    };
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(index)));
    // One after the other, here and there, until there is no more.
    for (let index = 0; index < 12; index += 1) statuses.push(await ask(index));
    expect(statuses.filter((status) => ![200, 402, 429].includes(status))).toEqual([]);
    expect(statuses.at(-1)).toBe(402);
    const paid = statuses.filter((status) => status === 200).length;
    expect(upstream.arrived).toHaveLength(paid);
    const rowsOf = async () => (await ledger.recent(1000)).filter((row) => row.keyName === 'shared');
    await expect.poll(async () => (await rowsOf()).length, { timeout: 5_000 }).toBe(statuses.length);
    const rows = await rowsOf();
    const spent = rows.reduce((sum, row) => sum + (row.costMicros ?? NaN), 0);
    expect(spent).toBe(paid * costMicros);
    expect(spent).toBeLessThanOrEqual(limitMicros);
    expect(spent).toBeGreaterThan(limitMicros - 2 * costMicros);

    await keys.revoke('shared');
    for (const index of [0, 1]) {
      await expect.poll(() => ask(index), { timeout: 4_000 }).toBe(401);
    }
  } finally {
    for (const gateway of gateways) await gateway.close();
    await upstream.close();
  }
}

const key = {
  name: 'shared',
  tenant: 'shared',
  scopes: ['use' as const],
  limits: { ...noLimits, dayMicros: limitMicros },
  expiresAt: null,
};

describe('two gateways never overspend one budget', () => {
  it('on one file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nearfar-shared-'));
    const path = join(folder, 'ledger.sqlite');
    const owners = await createStore({ path });
    try {
      await spendTogether(path, owners, farGateway);
    } finally {
      await owners.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('on one file, as two processes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nearfar-shared-'));
    const path = join(folder, 'ledger.sqlite');
    const owners = await createStore({ path });
    try {
      await spendTogether(path, owners, (file) => startGatewayProcess(file));
    } finally {
      await owners.close();
      rmSync(folder, { recursive: true });
    }
  }, 120_000);

  it('in one PostgreSQL', async (context) => {
    if (postgresMissing !== null) return context.skip(postgresMissing);
    const server = await startPostgres();
    try {
      process.env['DATABASE_URL'] = server.url.reveal();
      const owners = await createStore({ url: server.url, warn: () => undefined });
      await spendTogether(null, owners, farGateway);
      await owners.close();
    } finally {
      await server.close();
    }
  }, 120_000);

  it('in one PostgreSQL, as two processes', async (context) => {
    if (postgresMissing !== null) return context.skip(postgresMissing);
    const server = await startPostgres();
    const owners = await createStore({ url: server.url, warn: () => undefined });
    try {
      const environment = { DATABASE_URL: server.url.reveal() };
      await spendTogether(null, owners, (file) => startGatewayProcess(file, environment));
    } finally {
      await owners.close();
      await server.close();
    }
  }, 120_000);
});
