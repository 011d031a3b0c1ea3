import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RealGateway, realGateway } from './real-gateway.ts';

/** Priority classes through the official clients, the running gateway and real weights. Two places. */

let real: RealGateway;
let openai: OpenAI;
let anthropic: Anthropic;

const asVoice = { headers: { 'x-nearfar-priority': 'voice' } };
const asBulk = { headers: { 'x-nearfar-priority': 'bulk' } };

beforeAll(async () => {
  // A voice target that any machine keeps for a short prompt, and none for a long one.
  const classes = { voice: { firstTokenMs: 5000 } };
  real = await realGateway({ 'engine.parallelCount': '2' }, { engine: { classes } });
  openai = new OpenAI({ apiKey: 'none', baseURL: `${real.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: real.url, maxRetries: 0 });
}, 180_000);

afterAll(() => real.close());

const ask = [{ role: 'user' as const, content: 'Say hello.' }];

async function classOfRow(id: string | null): Promise<string | null | undefined> {
  const rows = await real.gateway.ledger.recent(50);
  return rows.find(({ requestId }) => requestId === id)?.priority;
}

/** Of all requests of a class so far; the figures come from the engine every quarter of a second. */
async function counterOf(name: string, priority: string): Promise<number> {
  const page = await (await fetch(`${real.url}/metrics`)).text();
  const line = new RegExp(`^nearfar_class_${name}_total\\{.*class="${priority}".*\\} (\\d+)`, 'm').exec(page);
  return Number(line?.[1]);
}

describe('a class', () => {
  it('is asked for by header or service_tier in every dialect, and stands in the ledger', async () => {
    const chat = { model: 'auto', messages: ask, max_completion_tokens: 2 };
    const tiered = await openai.chat.completions.create({ ...chat, service_tier: 'priority' }).withResponse();
    expect(await classOfRow(tiered.response.headers.get('x-request-id'))).toBe('interactive');
    const flexible = await openai.chat.completions.create({ ...chat, service_tier: 'flex' }).withResponse();
    expect(await classOfRow(flexible.response.headers.get('x-request-id'))).toBe('bulk');
    const message = await anthropic.messages
      .create({ model: 'auto', messages: ask, max_tokens: 2 }, asBulk)
      .withResponse();
    expect(await classOfRow(message.response.headers.get('x-request-id'))).toBe('bulk');
    const ollama = new Ollama({ host: real.url, ...asBulk });
    const reply = await ollama.chat({ model: 'auto', messages: ask, options: { num_predict: 2 } });
    expect(reply.message.content).not.toBe('');
    expect((await real.gateway.ledger.recent(1))[0]).toMatchObject({ dialect: 'ollama', priority: 'bulk' });
  });

  it('that does not exist is a 400 that names the field, to every client', async () => {
    const wrong = { headers: { 'x-nearfar-priority': 'urgent' } };
    const chat = { model: 'auto', messages: ask, max_completion_tokens: 2 };
    await expect(openai.chat.completions.create(chat, wrong)).rejects.toMatchObject({
      status: 400,
      param: 'x-nearfar-priority',
      message: expect.stringContaining('voice, interactive, default or bulk') as string,
    });
    await expect(
      openai.chat.completions.create({ ...chat, service_tier: 'gold' as 'flex' }),
    ).rejects.toMatchObject({ status: 400, param: 'service_tier' });
    await expect(
      anthropic.messages.create({ model: 'auto', messages: ask, max_tokens: 2 }, wrong),
    ).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('x-nearfar-priority') as string,
    });
    const ollama = new Ollama({ host: real.url, ...wrong });
    await expect(ollama.chat({ model: 'auto', messages: ask })).rejects.toThrow(/x-nearfar-priority/);
  });
});

describe('bulk', () => {
  it('gives its place to a person and goes on with nothing computed again', async () => {
    const chat = { model: 'auto', max_completion_tokens: 120, temperature: 0, stream: true as const };
    // Not in OpenAI's types: it keeps the answers at their length.
    const fixed = { ignore_eos: true };
    const streams = await Promise.all(
      ['sea', 'wind'].map((topic) =>
        openai.chat.completions.create({
          ...{ ...chat, ...fixed, service_tier: 'flex' as const },
          messages: [{ role: 'user', content: `Tell a long story about the ${topic}.` }],
          stream_options: { include_usage: true },
        }),
      ),
    );
    // Both have written something: both places are taken.
    const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
    for (const iterator of iterators) await iterator.next();
    const person = await openai.chat.completions.create({
      ...{ model: 'auto', messages: ask, service_tier: 'priority', max_completion_tokens: 4 },
    });
    expect(person.usage?.completion_tokens).toBeGreaterThan(0);
    for (const iterator of iterators) {
      let completionTokenCount = 0;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
        completionTokenCount = next.value.usage?.completion_tokens ?? completionTokenCount;
      expect(completionTokenCount).toBe(120);
    }
    await vi.waitFor(async () => {
      expect(await counterOf('swap_outs', 'bulk')).toBeGreaterThan(0);
    }, 3000);
    expect(await counterOf('recomputed_tokens', 'bulk')).toBe(0);
    expect(await counterOf('resumed_tokens', 'bulk')).toBeGreaterThan(10);
  });
});

describe('voice', () => {
  it('is told when to expect its first token, and has it by then', async () => {
    const { data, response } = await openai.chat.completions
      .create({ model: 'auto', messages: ask, max_completion_tokens: 4 }, asVoice)
      .withResponse();
    expect(data.choices[0]?.message.content).not.toBe('');
    const predicted = Number(response.headers.get('x-nearfar-predicted-first-token-ms'));
    expect(predicted).toBeGreaterThan(0);
    expect(predicted).toBeLessThan(5000);
    await vi.waitFor(async () => {
      expect(await counterOf('first_tokens', 'voice')).toBe(1);
    }, 3000);
  });
});

describe('voice on a machine that cannot keep its target', () => {
  it('is refused with both figures, in the shape of each dialect', async () => {
    // No machine reads a prompt in a millisecond, the way back being four.
    const strict = await realGateway({}, { engine: { classes: { voice: { firstTokenMs: 1 } } } });
    try {
      const client = new OpenAI({ apiKey: 'none', baseURL: `${strict.url}/v1`, maxRetries: 0 });
      const refused = expect.stringMatching(/needs [\d.]+ ms .* target of voice is 1\.0 ms/) as string;
      await expect(
        client.chat.completions.create({ model: 'auto', messages: ask }, asVoice),
      ).rejects.toMatchObject({ status: 400, param: 'x-nearfar-priority', message: refused });
      const claude = new Anthropic({ apiKey: 'none', baseURL: strict.url, maxRetries: 0 });
      await expect(
        claude.messages.create({ model: 'auto', messages: ask, max_tokens: 2 }, asVoice),
      ).rejects.toMatchObject({ status: 400, message: refused });
      const ollama = new Ollama({ host: strict.url, ...asVoice });
      await expect(ollama.chat({ model: 'auto', messages: ask })).rejects.toThrow(
        /target of voice is 1\.0 ms/,
      );
    } finally {
      await strict.close();
    }
  }, 60_000);
});
