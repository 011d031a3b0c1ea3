import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readArguments } from '../src/cli/arguments.ts';
import { costs } from '../src/cli/costs.ts';
import { createJournal } from '../src/ledger/journal.ts';
import type { LedgerRow } from '../src/ledger/row.ts';
import { beginStream, fakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

let upstream: FakeUpstream;
let far: FarGateway;
let printed = '';
let kept = '';

beforeEach(async () => {
  kept = mkdtempSync(join(tmpdir(), 'nearfar-costs-'));
  upstream = await fakeUpstream(() => undefined);
  far = await farGateway({
    upstreams: [
      {
        name: 'open',
        baseUrl: `${upstream.url}/v1`,
        models: [{ name: 'cheap', price: { input: 2, output: 10, cacheRead: 0.5 } }, 'unpriced'],
      },
      {
        name: 'claude',
        protocol: 'anthropic',
        baseUrl: upstream.url,
        retries: 0,
        models: [{ name: 'clever', price: { input: 10, output: 50, cacheRead: 1, cacheWrite: 12.5 } }],
      },
    ],
  });
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
  rmSync(kept, { recursive: true });
});

async function run(...words: string[]): Promise<string> {
  printed = '';
  const config = join(far.home, 'nearfar.config.json');
  expect(await costs.run(readArguments(costs, ['--home', far.home, '--config', config, ...words]))).toBe(0);
  return printed;
}

const ask = (path: string, body: object) =>
  fetch(far.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], max_tokens: 50, ...body }),
  }).then((response) => response.text());

const usage = (fields: object) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'cheap',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hi' } }],
  usage: fields,
});

/** One answer from an OpenAI upstream, one of a model without a price, and one of Anthropic's that breaks off. */
async function traffic(): Promise<void> {
  upstream.respond = (response, { path }) => {
    if (path === '/v1/chat/completions') {
      const fields = {
        prompt_tokens: 1000,
        completion_tokens: 200,
        total_tokens: 1200,
        prompt_tokens_details: { cached_tokens: 400 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(usage(fields)));
      return;
    }
    beginStream(response);
    const send = (type: string, fields: object) =>
      response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
    send('message_start', {
      message: { id: 'm', role: 'assistant', content: [], usage: { input_tokens: 100, output_tokens: 1 } },
    });
    send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
    for (const text of ['One ', 'two '])
      send('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    setTimeout(() => response.destroy(), 30);
  };
  await ask('/v1/chat/completions', { model: 'open/cheap' });
  await ask('/v1/chat/completions', { model: 'open/unpriced' });
  await ask('/v1/messages', { model: 'claude/clever', stream: true });
}

interface Group {
  readonly model?: string;
  readonly requests: number;
  readonly spent: object;
  readonly saved: { technique: string; usd: number }[];
  readonly everythingToBest: object;
}
interface Report {
  readonly total: Group;
  readonly groups: readonly Group[];
  readonly best: { readonly model: string };
}

describe('nearfar costs', () => {
  it('tells what was spent, saved and broken off, while the gateway runs', async () => {
    await traffic();
    const report = JSON.parse(await run('--json')) as Report;
    const of = (model: string) => report.groups.find((group) => group.model === model);
    const cheap = 600 * 2 + 400 * 0.5 + 200 * 10;
    expect(of('open/cheap')?.spent).toMatchObject({ usd: cheap / 1e6, basis: 'measured' });
    expect(of('open/cheap')?.saved.find(({ technique }) => technique === 'prompt_cache')?.usd).toBe(
      (400 * 1.5) / 1e6,
    );
    expect(of('open/unpriced')?.spent).toMatchObject({ usd: 0, basis: 'lower_bound', unknownRequests: 1 });
    // What it had read was told at its beginning; of the answer two pieces were seen.
    const broken = (100 * 10 + 2 * 50) / 1e6;
    expect(of('claude/clever')?.spent).toMatchObject({
      usd: broken,
      basis: 'lower_bound',
      lowerBoundRequests: 1,
      lowerBoundUsd: broken,
    });
    expect(report.best.model).toBe('claude/clever');
    expect(report.total).toMatchObject({
      requests: 3,
      spent: { usd: cheap / 1e6 + broken, unknownRequests: 1, lowerBoundRequests: 1 },
      everythingToBest: {
        upToUsd: (2 * (1000 * 10 + 200 * 50) + 1100) / 1e6,
        usd: (2 * (600 * 10 + 400 + 200 * 50) + 1100) / 1e6,
        basis: 'estimated',
        sameRequestsUnknown: 1,
      },
    });
  });

  it('says it in words and as CSV, by whatever is asked', async () => {
    await traffic();
    const text = await run('--by', 'route,key', '--against', 'cheap');
    expect(text).toMatch(/Spent at least \$0\.004500, measured/);
    expect(text).toMatch(/Unknown, and not in it: 1 request of models without a price/);
    expect(text).toMatch(/A lower bound: 1 request broke off; \$0\.001100/);
    expect(text).toMatch(/claude\/clever -> claude\/clever +local +1 +100 +0 +2 +>=\$0\.001100/);
    expect(text).toMatch(/Everything sent to open\/cheap would have cost \$\S+ to \$\S+, estimated/);
    const lines = (await run('--csv', '--by', 'upstream')).split('\r\n');
    expect(lines[0]).toMatch(/^upstream,requests,/);
    expect(lines.slice(1, -1).map((line) => line.split(',')[0])).toEqual(['open', 'claude']);
  });

  it('counts rows that are in a journal only, once, and leaves them there', async () => {
    await traffic();
    const rows = await far.rows();
    const journal = createJournal(join(far.home, 'ledger.sqlite.journal'));
    journal.append([{ ...(rows[0] as LedgerRow), requestId: 'waits' }]);
    journal.append([rows[1] as LedgerRow]);
    const report = JSON.parse(await run('--json', '--by', 'none')) as Report;
    expect(report.total.requests).toBe(4);
    expect((await far.rows()).length).toBe(3);
    journal.turn();
    journal.forget();
    await journal.close();
  });

  it('refuses what it does not know', async () => {
    await expect(run('--by', 'colour')).rejects.toThrow('--by: expected model, key');
    await expect(run('--against', 'claude-opus-55')).rejects.toThrow('did you mean claude-opus-5-5?');
    await expect(run('--json', '--csv')).rejects.toThrow('one of --json and --csv');
    await expect(run('--file', join(kept, 'none.sqlite'))).rejects.toThrow('there is no file');
    writeFileSync(join(kept, 'other.sqlite'), 'this is no database, however long it may go on. '.repeat(30));
    await expect(run('--file', join(kept, 'other.sqlite'))).rejects.toThrow('cannot be opened');
  });
});

it('says where there is nothing, and makes no file of it', async () => {
  expect(await run('--set', 'ledgerPath=other.sqlite')).toContain('Nothing was recorded in this time.');
  await expect(run('--file', join(far.home, 'other.sqlite'))).rejects.toThrow('there is no file');
});
