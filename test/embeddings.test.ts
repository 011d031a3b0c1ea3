import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dot } from '../src/engine/vector.ts';
import { writeTinyReader } from '../src/engine/llama/testing/tiny-reader.ts';
import { minilmWeights } from './minilm.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Vectors and rankings over the real server, with official clients and real weights. */

let folder: string;
let gateway: RealGateway;
let openai: OpenAI;
let ollama: Ollama;
const minilm = 'all-minilm-l6-v2:f32';
const reference = JSON.parse(
  readFileSync(new URL('fixtures/minilm-reference.json', import.meta.url), 'utf8'),
) as { text: string; tokens: number[]; embedding: number[] }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-rank-'));
  const ranker = join(folder, 'tiny-ranker.gguf');
  writeTinyReader(ranker, 'rank');
  gateway = await realGateway({ 'engine.maxLoadedModels': '3' }, {}, null, [await minilmWeights(), ranker]);
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none', maxRetries: 0 });
  ollama = new Ollama({ host: gateway.url });
}, 300_000);

afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

function cosine(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [Float32Array.from(one), Float32Array.from(other)];
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

async function rerank(body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${gateway.url}/v1/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('an embedding model', () => {
  it('gives the vectors of its own package, as floats, base64 and from token ids', async () => {
    const input = reference.map(({ text }) => text);
    const floats = await openai.embeddings.create({ model: minilm, input, encoding_format: 'float' });
    // What the client asks for by itself is base64.
    const decoded = await openai.embeddings.create({ model: minilm, input });
    const tokens = await openai.embeddings.create({
      model: minilm,
      input: reference.map((each) => each.tokens),
    });
    const tokenCount = reference.reduce((sum, each) => sum + each.tokens.length, 0);
    for (const answer of [floats, decoded, tokens]) {
      expect(answer.usage).toEqual({ prompt_tokens: tokenCount, total_tokens: tokenCount });
      expect(answer.model).toBe(minilm);
      answer.data.forEach(({ embedding, index }, place) => {
        expect(index).toBe(place);
        expect(cosine(embedding, reference[place]!.embedding)).toBeGreaterThan(0.999);
        expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
      });
    }
  });

  it('answers Ollama, on the older route too, with whole and cut texts', async () => {
    const [first, second] = reference as [(typeof reference)[0], (typeof reference)[0]];
    const several = await ollama.embed({ model: minilm, input: [first.text, second.text] });
    expect(several.embeddings.map((vector) => vector.length)).toEqual([384, 384]);
    expect(several.prompt_eval_count).toBe(first.tokens.length + second.tokens.length);
    expect(cosine(several.embeddings[1]!, second.embedding)).toBeGreaterThan(0.999);
    const old = await ollama.embeddings({ model: minilm, prompt: first.text });
    expect(cosine(old.embedding, first.embedding)).toBeGreaterThan(0.999);

    const long = 'word '.repeat(1_000);
    expect((await ollama.embed({ model: minilm, input: long })).prompt_eval_count).toBe(512);
    await expect(ollama.embed({ model: minilm, input: long, truncate: false })).rejects.toThrow(
      /1002 tokens.*512/,
    );
    expect((await ollama.embed({ model: minilm, input: '' })).embeddings).toEqual([]);
  });

  it('refuses what it cannot do, by field', async () => {
    const create = (body: object) => openai.embeddings.create({ model: minilm, input: 'x', ...body });
    await expect(create({ input: ['x', 'word '.repeat(1_000)] })).rejects.toMatchObject({
      status: 400,
      param: 'input[1]',
      code: 'context_length_exceeded',
    });
    await expect(create({ input: '' })).rejects.toMatchObject({ status: 400, param: 'input' });
    await expect(create({ input: [99_999_999] })).rejects.toMatchObject({ status: 400, param: 'input[0]' });
    await expect(create({ dimensions: 100 })).rejects.toMatchObject({ status: 400, param: 'dimensions' });
    await expect(create({ dimensions: 384 })).resolves.toBeDefined();
    const chat = openai.chat.completions.create({
      model: minilm,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    await expect(chat).rejects.toMatchObject({ status: 400, param: 'model' });
  });

  it('leaves one row a request in the ledger, whatever its end', async () => {
    const { ledger } = gateway.gateway;
    const ids: (string | null)[] = [];
    for (const input of ['fine', 'word '.repeat(1_000)]) {
      const response = await fetch(`${gateway.url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-nearfar-privacy': 'local_only' },
        body: JSON.stringify({ model: minilm, input }),
      });
      ids.push(response.headers.get('x-request-id'));
    }
    const rows = (await ledger.recent(20)).filter((row) => ids.includes(row.requestId));
    expect(rows).toHaveLength(2);
    expect(rows.find((row) => row.status === 200)).toMatchObject({
      operation: 'embeddings',
      answeringModel: minilm,
      privacy: 'local_only',
      promptTokenCount: 3,
      completionTokenCount: 0,
    });
    expect(rows.find((row) => row.status === 400)).toMatchObject({ finish: 'context_overflow' });
  });
});

describe('a chat model', () => {
  it('embeds beside an answer, with both whole', async () => {
    const answer = openai.chat.completions.create({
      model: 'auto',
      max_completion_tokens: 40,
      temperature: 0,
      messages: [{ role: 'user', content: 'Count to ten.' }],
    });
    const texts = ['A cat sleeps.', 'A kitten naps.', 'Stocks fell sharply on Monday.'];
    const embedded = await openai.embeddings.create({ model: 'near', input: [...texts, 'cat '.repeat(900)] });
    const [cat, kitten, stocks] = embedded.data.map(({ embedding }) => embedding) as [
      number[],
      number[],
      number[],
    ];
    expect(cat).toHaveLength(576);
    expect(cosine(cat, kitten)).toBeGreaterThan(cosine(cat, stocks));
    expect((await answer).choices[0]?.message.content).not.toBe('');
  });
});

describe('/v1/rerank', () => {
  const query = 'Where does the cat sleep?';
  const documents = ['Revenue rose by 12%.', { text: 'The cat sleeps on the sofa.' }, 'Dogs bark.'];

  it('orders by embeddings and says so', async () => {
    const { status, body } = await rerank({
      model: minilm,
      query,
      documents,
      top_n: 2,
      return_documents: true,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model: minilm, scoring: 'cosine' });
    expect(body['results']).toMatchObject([
      { index: 1, document: { text: 'The cat sleeps on the sofa.' } },
      { index: 2 },
    ]);
  });

  it('orders by a reranking model, alike for documents alone and together', async () => {
    const letters = ['a b c', 'x y', 'q'];
    const { body } = await rerank({ model: 'tiny-ranker', query: 'a b', documents: letters });
    expect(body).toMatchObject({ scoring: 'rank' });
    const results = body['results'] as { index: number; relevance_score: number }[];
    const scores = results.map((result) => result.relevance_score);
    expect(scores).toEqual([...scores].sort((one, other) => other - one));
    expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
    for (const { index, relevance_score } of results) {
      const alone = await rerank({ model: 'tiny-ranker', query: 'a b', documents: [letters[index]] });
      const [only] = alone.body['results'] as { relevance_score: number }[];
      expect(only?.relevance_score).toBeCloseTo(relevance_score, 5);
    }
    await expect(openai.embeddings.create({ model: 'tiny-ranker', input: 'a' })).rejects.toMatchObject({
      status: 400,
      param: 'model',
    });
  });
});
