import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nearTieGap } from '../bench/agreement.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';
import { testWeights } from './weights.ts';

/** Drafts through the whole path, by lookup and by a draft model that is named by its reference. */

let gateway: RealGateway;
let openai: OpenAI;

beforeAll(async () => {
  const draft = await testWeights('smollm2-q4_0');
  // However slow the machine is just now, no step with drafts is too long.
  const settings = {
    'engine.draft': `file:${draft}`,
    'engine.targetInterTokenMs': '60000',
    // Two would wait for each other at every layer, for long where the machine is busy.
    'engine.threadCount': '1',
  };
  gateway = await realGateway(settings, {}, null, [draft]);
  openai = new OpenAI({ apiKey: 'x', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
}, 90_000);

afterAll(() => gateway.close());

interface Timings {
  readonly predicted_n: number;
  readonly draft_n?: number;
  readonly draft_n_accepted?: number;
  readonly draft_gain?: number;
}

async function ask(draftCount: number, more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) {
  const answer = await openai.chat.completions.create({
    model: 'auto',
    messages: [{ role: 'user', content: 'Describe a cat named Tom.' }],
    temperature: 0,
    max_completion_tokens: 60,
    logprobs: true,
    top_logprobs: 2,
    ...more,
    ...({ num_speculative_tokens: draftCount } as object),
  });
  const timings = (answer as unknown as { readonly timings: Timings }).timings;
  const choice = answer.choices[0];
  return { text: choice?.message.content ?? '', logprobs: choice?.logprobs?.content ?? [], timings };
}

type Answer = Awaited<ReturnType<typeof ask>>;

/** The same tokens, up to where the two likeliest were all but equal: batches of other widths round otherwise. */
function expectAlike(drafted: Answer, plain: Answer): void {
  const at = plain.logprobs.findIndex(({ token }, index) => drafted.logprobs[index]?.token !== token);
  if (at < 0) {
    expect(drafted.text).toBe(plain.text);
    return;
  }
  const entry = plain.logprobs[at];
  const other = entry?.top_logprobs.find(({ token }) => token === drafted.logprobs[at]?.token);
  expect(other).toBeDefined();
  expect((entry?.logprob ?? 0) - (other?.logprob ?? -Infinity)).toBeLessThan(nearTieGap);
}

async function countedDrafts(): Promise<number> {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/^nearfar_drafted_tokens_total\S* (\d+)/m.exec(metrics)?.[1]);
}

it('answers as without drafts, and says what they brought', async () => {
  const plain = await ask(0);
  expect(plain.timings.draft_n).toBeUndefined();
  const drafted = await ask(4);
  expectAlike(drafted, plain);
  const { draft_n: draftedCount = 0, draft_n_accepted: acceptedCount = 0 } = drafted.timings;
  expect(acceptedCount).toBeGreaterThan(10);
  expect(acceptedCount).toBeLessThanOrEqual(draftedCount);
  expect(drafted.timings.draft_gain).toBeGreaterThan(0);
  // The engine tells its counters four times a second.
  await expect.poll(countedDrafts, { timeout: 10_000 }).toBeGreaterThanOrEqual(draftedCount);
}, 120_000);

it('keeps to a schema with drafts, and to what it says without', async () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 20 },
      moods: { type: 'array', items: { enum: ['calm', 'hungry', 'playful'] }, minItems: 3, maxItems: 5 },
      note: { type: 'string', maxLength: 60 },
    },
    required: ['name', 'moods', 'note'],
    additionalProperties: false,
  };
  const form = {
    max_completion_tokens: 120,
    response_format: { type: 'json_schema' as const, json_schema: { name: 'cat', schema, strict: true } },
  };
  const plain = await ask(0, form);
  const drafted = await ask(6, form);
  expectAlike(drafted, plain);
  expect(drafted.timings.draft_n_accepted).toBeGreaterThan(5);
  for (const { text } of [plain, drafted])
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['name', 'moods', 'note']);
  // Free to draw: what fits is drawn from the same odds, and still fits.
  for (const seed of [1, 2]) {
    const warm = await ask(6, { ...form, temperature: 1, seed });
    expect(Object.keys(JSON.parse(warm.text) as object)).toEqual(['name', 'moods', 'note']);
  }
}, 120_000);

it('takes the number of drafted tokens in the options of Ollama', async () => {
  const ollama = new Ollama({ host: gateway.url });
  const generate = async (count: number) =>
    (await ollama.generate({
      model: 'auto',
      prompt: 'Count to ten.',
      options: { num_predict: 30, temperature: 0, draft_num_predict: count } as object,
    })) as unknown as { readonly draft_n?: number; readonly eval_count: number };
  expect((await generate(0)).draft_n).toBeUndefined();
  expect((await generate(3)).draft_n).toBeGreaterThan(3);
}, 120_000);

it('refuses numbers that make no sense, naming the field', async () => {
  await expect(ask(17)).rejects.toMatchObject({ status: 400, param: 'num_speculative_tokens' });
  await expect(ask(2, { 'speculative.n_max': 3 } as object)).rejects.toMatchObject({
    status: 400,
    param: 'speculative.n_max',
  });
});
