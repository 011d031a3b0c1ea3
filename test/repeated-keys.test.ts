import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { beginStream, fakeUpstream, openaiChunk, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** An upstream that repeats the owner's key where its stream breaks off: no client of his is to read it. */

const key = 'cluster-key-4711-of-nobody';
let upstream: FakeUpstream;
let folder: string;
let real: FarGateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-repeated-'));
  writeFileSync(join(folder, 'key'), key, { mode: 0o600 });
  upstream = await fakeUpstream((response) => {
    beginStream(response);
    response.write(openaiChunk({ role: 'assistant', content: 'Hi' }));
    response.end(`data: ${JSON.stringify({ error: { message: `no quota is left of ${key}` } })}\n\n`);
  });
  real = await farGateway({
    logLevel: 'error',
    upstreams: [
      {
        ...{ name: 'up', baseUrl: `${upstream.url}/v1`, retries: 0, models: ['big'] },
        file: join(folder, 'key'),
      },
    ],
  });
});
afterAll(async () => {
  await real.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

it.each(['/v1/chat/completions', '/v1/messages'])('%s does not show it', async (path) => {
  const response = await fetch(`${real.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'up/big', stream: true, max_tokens: 5 },
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
    }),
  });
  const text = await response.text();
  expect(upstream.arrived.at(-1)?.headers.authorization).toBe(`Bearer ${key}`);
  expect(text).toContain('no quota is left of [secret]');
  expect(text).not.toContain(key);
});
