import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { afterAll, beforeAll, expect, it } from 'vitest';
import OpenAI, { APIError } from 'openai';
import { realGateway, type RealGateway } from './real-gateway.ts';
import { testWeights } from './weights.ts';

/** Two models that want to be in memory, and room for one of them. */

const mebibyte = 2 ** 20;
/** By the prediction one takes 830 MiB of it, the other 1,050. */
const budgetBytes = 1_200 * mebibyte;

let gateway: RealGateway;
let client: OpenAI;
let ids: readonly string[];
/** Most bytes, and most models, that were in memory at once. */
const most = { bytes: 0, count: 0 };
let watch: NodeJS.Timeout;

beforeAll(async () => {
  gateway = await realGateway({}, { engine: { memoryBudgetBytes: budgetBytes } }, null, [
    await testWeights('gemma3-270m'),
  ]);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
  ids = (await client.models.list()).data.map(({ id }) => id).filter((id) => /smollm2|gemma/.test(id));
  watch = setInterval(() => {
    const running = gateway.gateway.localModels.running();
    const bytes = running.map(({ processId }) => residentBytes(processId ?? null));
    most.bytes = Math.max(
      most.bytes,
      bytes.reduce((sum, one) => sum + one, 0),
    );
    most.count = Math.max(most.count, running.length);
  }, 20);
}, 300_000);

afterAll(async () => {
  clearInterval(watch);
  await gateway.close();
});

/** What the engine's process really takes; 0 where that cannot be seen, as it ends or on another system. */
function residentBytes(processId: number | null): number {
  try {
    const status = readFileSync(`/proc/${processId ?? 0}/status`, 'utf8');
    const [, kibibytes = 0] = /VmRSS:\s+(\d+)/.exec(status) ?? [];
    return 1024 * Number(kibibytes);
  } catch {
    return 0;
  }
}

async function ask(model: string, prompt: string, maxTokens = 6): Promise<string> {
  const answer = await client.completions.create({ model, prompt, max_tokens: maxTokens, temperature: 0 });
  expect(answer.choices[0]?.finish_reason).toMatch(/^(stop|length)$/);
  return answer.choices[0]?.text ?? '';
}

const nearOf = (): string => ids.find((id) => id.includes('smollm2')) ?? '';
const otherOf = (): string => ids.find((id) => id.includes('gemma')) ?? '';

it('answers from one and the other in turn, the same as before each time', async () => {
  expect(ids).toHaveLength(2);
  const prompt = 'The capital of France is';
  const first = [await ask(nearOf(), prompt), await ask(otherOf(), prompt)];
  const again = [await ask(nearOf(), prompt), await ask(otherOf(), prompt)];
  expect(again).toEqual(first);
}, 120_000);

it('answers all that is asked of both at once, and lets nobody wait for ever', async () => {
  const order: string[] = [];
  const asked = Array.from({ length: 10 }, async (_, index) => {
    const model = index % 2 === 0 ? nearOf() : otherOf();
    const text = await ask(model, `Item ${index} of the list is`);
    order.push(model);
    return text;
  });
  const texts = await Promise.all(asked);
  expect(texts.every((text) => text.length > 0)).toBe(true);
  // Those who ask for a model together are answered together, in place of a load for each.
  const changeCount = order.filter((model, index) => index > 0 && model !== order[index - 1]).length;
  expect(changeCount).toBeLessThanOrEqual(3);
}, 180_000);

it('never takes a model away in the middle of an answer', async () => {
  const stream = await client.completions.create({
    ...{ model: nearOf(), prompt: 'Once upon a time', max_tokens: 48, temperature: 0, stream: true },
    stream_options: { include_usage: true },
  });
  let other: Promise<string> | null = null;
  let finishReason: string | null = null;
  let tokenCount = 0;
  for await (const chunk of stream) {
    other ??= ask(otherOf(), 'Meanwhile the');
    finishReason = chunk.choices[0]?.finish_reason ?? finishReason;
    tokenCount = chunk.usage?.completion_tokens ?? tokenCount;
  }
  expect(finishReason).toMatch(/^(stop|length)$/);
  expect(finishReason === 'stop' || tokenCount === 48).toBe(true);
  expect(await other).not.toBe('');
}, 120_000);

it('refuses with the figures what would not fit even alone, and goes on', async () => {
  const thrown: unknown = await client.embeddings
    .create({ model: otherOf(), input: 'a river' })
    .catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(APIError);
  expect((thrown as APIError).status).toBe(503);
  expect((thrown as APIError).message).toMatch(/MiB|GiB|MB|GB/);
  expect(await ask(nearOf(), 'The capital of France is')).not.toBe('');
}, 120_000);

it('stayed within its budget all the time', () => {
  expect(most.count).toBe(1);
  if (platform() === 'linux') expect(most.bytes).toBeGreaterThan(0);
  expect(most.bytes).toBeLessThanOrEqual(budgetBytes);
});
