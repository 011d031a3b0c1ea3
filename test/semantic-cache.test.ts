import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minilmWeights } from './minilm.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Questions in other words over the real server, with real weights that answer and real ones that compare. */

let real: RealGateway;
let client: OpenAI;

beforeAll(async () => {
  const semantic = { embedder: 'all-minilm-l6-v2:f32', maxWrongHitRate: 0.5, checkRate: 0.001 };
  real = await realGateway({ 'cache.exact': 'true', 'cache.semantic': JSON.stringify(semantic) }, {}, null, [
    await minilmWeights(),
  ]);
  client = new OpenAI({ baseURL: `${real.url}/v1`, apiKey: 'none', maxRetries: 0 });
  // The comparing model comes into memory beside the other, and no question waits for it.
  for (let attempt = 0; attempt < 100 && (await lookups()) === 0; attempt++) {
    await ask(`Please tell me the colour of apples, ${'a'.repeat(attempt)}?`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}, 300_000);
afterAll(() => real.close());

async function metric(name: string): Promise<number> {
  const page = await (await fetch(`${real.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(page)?.[1] ?? 'NaN');
}

function lookups(): Promise<number> {
  return metric('nearfar_semantic_lookups_total');
}

/** The form leaves the model one answer, so that it answers all wordings alike. */
async function ask(content: string, headers: Readonly<Record<string, string>> = {}) {
  const schema = {
    type: 'object',
    properties: { a: { const: 'yes' } },
    required: ['a'],
    additionalProperties: false,
  };
  const { data, response } = await client.chat.completions
    .create(
      {
        model: 'near',
        temperature: 0,
        max_completion_tokens: 30,
        messages: [{ role: 'user', content }],
        response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
      },
      { headers },
    )
    .withResponse();
  const id = response.headers.get('x-request-id');
  const row = (await real.gateway.ledger.recent(10)).find(({ requestId }) => requestId === id);
  return { text: data.choices[0]?.message.content, cache: response.headers.get('x-nearfar-cache'), row };
}

describe('the same question in other words, with the official client', () => {
  it('is answered from the cache once checks have shown that it may be', async () => {
    const openings = [
      '',
      'Please tell me: ',
      'Hello, ',
      'Quick question: ',
      'Okay, ',
      'Hey, ',
      'Well, ',
      'So, ',
    ];
    const answers = [];
    for (const opening of openings)
      answers.push(await ask(`${opening}how do I reset the password of the router?`));
    expect(answers[0]).toMatchObject({ cache: null, row: { answerSource: 'model' } });
    const hit = answers.at(-1);
    expect(hit?.cache).toMatch(/^semantic_cache; similarity=0\.\d{3}$/);
    expect(hit?.text).toBe(answers[0]?.text);
    expect(hit?.row).toMatchObject({
      answerSource: 'semantic_cache',
      status: 200,
      decodeMs: 0,
      costMicros: 0,
    });

    // The same words again are the exact cache's; another number, or the opposite, is another question.
    expect((await ask(`how do I reset the password of the router?`)).cache).toBe('exact_cache');
    expect((await ask('Hi, how do I reset the 2 passwords of the router?')).cache).toBeNull();
    expect((await ask('Hi, how do I not reset the password of the router?')).cache).toBeNull();
    const off = await ask('Hi, how do I reset the password of the router?', { 'x-nearfar-cache': 'off' });
    expect(off.cache).toBeNull();

    expect(await metric('nearfar_semantic_hits_total')).toBeGreaterThan(0);
    expect(await metric('nearfar_semantic_open')).toBe(1);
    const page = await (await fetch(`${real.url}/metrics`)).text();
    expect(page).toMatch(
      /nearfar_semantic_wrong_rate\{tenant="[^"]*",privacy="open",model="[^"]+",bound="upper"\} 0\.\d+/,
    );
    expect(page).toContain('nearfar_answers_total{source="semantic_cache"}');
  });
});
