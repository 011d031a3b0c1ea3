import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realGateway } from './real-gateway.ts';

/** The whole path with real weights: a gateway is stopped and started again over the same home. */

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-disk-'));
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

const story = Array.from(
  { length: 60 },
  (_, index) => `Box ${index} holds ${index * 7} screws and a map.`,
).join(' ');

interface Answer {
  readonly text: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

async function ask(url: string, content: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      model: 'near',
      messages: [{ role: 'user', content }],
      max_tokens: 12,
      temperature: 0,
    }),
  });
  const body = (await response.json()) as {
    choices: { message: { content: string } }[];
    usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } };
  };
  expect(response.status, JSON.stringify(body)).toBe(200);
  return {
    text: body.choices[0]?.message.content ?? '',
    promptTokens: body.usage.prompt_tokens,
    cachedTokens: body.usage.prompt_tokens_details.cached_tokens,
  };
}

/** One life of the gateway. */
async function live<Result>(
  settings: Record<string, string>,
  use: (url: string) => Promise<Result>,
): Promise<Result> {
  const gateway = await realGateway(settings, {}, home);
  try {
    return await use(gateway.url);
  } finally {
    await gateway.close();
  }
}

const savedFiles = (): string[] =>
  readdirSync(join(home, 'kv'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.kv'))
    .map((name) => join(home, 'kv', name));

/** Engines tell their figures a moment after what they count. */
async function expectMetric(url: string, name: string, atLeast: number): Promise<void> {
  const read = async () => {
    const page = await (await fetch(`${url}/metrics`)).text();
    const line = page.split('\n').find((one) => one.startsWith(`${name}{`));
    return Number(line?.split(' ').at(-1));
  };
  await expect.poll(read, { timeout: 5000 }).toBeGreaterThanOrEqual(atLeast);
}

const local = { 'x-nearfar-privacy': 'local_only' };
const secret = `Quetzalcoatl has the number 4711. ${story}`;
const quantized = { 'engine.kvType': 'q8_0' };

// The tests follow each other: each is a life of the gateway, over what the one before it left.
describe('prefixes on disk', () => {
  let cold: Answer;

  it('get nothing of what is local_only, though memory keeps it', async () => {
    await live({}, async (url) => {
      await ask(url, secret, local);
      const again = await ask(url, secret, local);
      expect(again.cachedTokens).toBe(again.promptTokens - 1);
    });
    expect(savedFiles()).toEqual([]);
  }, 120_000);

  it('are written at a clean stop, for their owner only', async () => {
    cold = await live({}, (url) => ask(url, story));
    expect(cold.cachedTokens).toBe(0);
    expect(cold.promptTokens).toBeGreaterThan(600);
    expect(savedFiles().length).toBeGreaterThan(2);
    for (const path of savedFiles()) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    }
  }, 120_000);

  it('are found after it, with the same text, and counted', async () => {
    await live({}, async (url) => {
      expect(await ask(url, story)).toEqual({ ...cold, cachedTokens: cold.promptTokens - 1 });
      await expectMetric(url, 'nearfar_disk_read_tokens_total', cold.promptTokens - 1);
      await expectMetric(url, 'nearfar_disk_cache_bytes', 1e6);
    });
  }, 120_000);

  it('are written by a child that a signal ends, for the next one to find', async () => {
    const other = `Other. ${story}`;
    const gateway = await realGateway({}, {}, home);
    try {
      const first = await ask(gateway.url, other);
      const [model] = gateway.gateway.localModels.running();
      process.kill(model?.processId ?? 0, 'SIGTERM');
      await expect
        .poll(() => gateway.gateway.localModels.running()[0]?.restartCount, { timeout: 20_000 })
        .toBe(1);
      // Its own end of the turn and all that follows it are computed.
      expect(await ask(gateway.url, other)).toEqual({ ...first, cachedTokens: first.promptTokens - 1 });
    } finally {
      await gateway.close();
    }
  }, 120_000);

  it('are computed again where files are damaged, which are removed', async () => {
    const damaged = savedFiles();
    for (const path of damaged) {
      const bytes = readFileSync(path);
      const at = bytes.length - 100;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
    await live({}, async (url) => {
      expect(await ask(url, story)).toEqual(cold);
      await expectMetric(url, 'nearfar_disk_rejected_files_total', 1);
    });
  }, 120_000);

  it('are others for another type of KV cache, and come back in it', async () => {
    const first = await live(quantized, (url) => ask(url, story));
    expect(first.cachedTokens).toBe(0);
    const second = await live(quantized, (url) => ask(url, story));
    expect(second).toEqual({ ...first, cachedTokens: first.promptTokens - 1 });
  }, 120_000);

  it('are gone where none may be kept', async () => {
    await live({ ...quantized, 'engine.diskCacheBytes': '0' }, (url) => ask(url, story));
    expect(readdirSync(home)).not.toContain('kv');
  }, 120_000);
});
