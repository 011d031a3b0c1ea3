import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamText } from '../src/measure/stream-text.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';

/** Real weights, a context of 256 tokens, and windows of 128. */
let gateway: RealGateway;
let openai: OpenAI;
let anthropic: Anthropic;
let ollama: Ollama;

beforeAll(async () => {
  gateway = await realGateway({
    'engine.contextTokenCount': '256',
    'engine.sinksWindowTokenCount': '128',
    'engine.parallelCount': '4',
  });
  openai = new OpenAI({ apiKey: 'none', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: gateway.url, maxRetries: 0 });
  ollama = new Ollama({ host: gateway.url });
}, 300_000);

afterAll(() => gateway.close());

/** Extension fields, which the clients' types do not know, and what they bring back. */
interface Overflow {
  readonly policy: string;
  readonly omitted_tokens: number;
  readonly omitted_messages: number;
}
const overflowOf = (of: unknown): Overflow | undefined =>
  (of as { readonly context_overflow?: Overflow } | undefined)?.context_overflow;

const paragraphs = streamText.split('\n\n');
const user = (content: string) => ({ role: 'user' as const, content });
const turns = (count: number) =>
  Array.from({ length: count }, (_, index) => [
    user(`Question ${index}: what is ${index} and ${index}, and why is that so?`),
    { role: 'assistant' as const, content: `It is ${2 * index}, because one counts on from ${index}.` },
  ]).flat();

const refusal = async (asking: Promise<unknown>): Promise<string> =>
  asking.then(
    () => 'none',
    (thrown: unknown) => `${String((thrown as { status?: number }).status)} ${(thrown as Error).message}`,
  );

describe('a prompt longer than the context', { timeout: 120_000 }, () => {
  it('is refused by default, with both counts and what would help', async () => {
    const messages = [user(paragraphs.slice(0, 6).join('\n\n'))];
    const message = await refusal(
      openai.chat.completions.create({ model: 'auto', max_completion_tokens: 8, messages }),
    );
    expect(message).toMatch(/^400 .*The prompt has \d+ tokens, but the context .* holds 256/);
    expect(message).toMatch(/engine\.contextTokenCount \d+|context_overflow/);
    expect(message).toMatch(/truncate_middle/);
    const fits = await openai.chat.completions.create({
      model: 'auto',
      max_completion_tokens: 8,
      messages: [user('Hi.')],
    });
    expect(overflowOf(fits.usage)).toBeUndefined();
  });

  it('is cut in the middle where that is asked for, and the answer says by how much', async () => {
    const messages = [{ role: 'system' as const, content: 'You count.' }, ...turns(12), user('And 7 and 8?')];
    const counted = await anthropic.messages.countTokens({
      model: 'auto',
      system: 'You count.',
      messages: [...turns(12), user('And 7 and 8?')],
    });
    const body = { model: 'auto', max_tokens: 32, messages, context_overflow: 'truncate_middle' };
    const { data, response } = await openai.chat.completions.create(body).withResponse();
    const overflow = overflowOf(data.usage);
    expect(overflow?.policy).toBe('truncate_middle');
    // Whole turns: a question and its answer each.
    expect(overflow?.omitted_messages).toBeGreaterThanOrEqual(2);
    expect((overflow?.omitted_messages ?? 1) % 2).toBe(0);
    expect((data.usage?.prompt_tokens ?? 0) + (overflow?.omitted_tokens ?? 0)).toBe(counted.input_tokens);
    expect(data.usage?.prompt_tokens).toBeLessThanOrEqual(256 - 32);
    // No more than had to go: another turn would not have fitted.
    expect(data.usage?.prompt_tokens).toBeGreaterThan(256 - 32 - 64);
    expect(response.headers.get('x-nearfar-context-overflow')).toBe('truncate_middle');
    expect(response.headers.get('x-nearfar-omitted-tokens')).toBe(String(overflow?.omitted_tokens));
    expect(response.headers.get('x-nearfar-omitted-messages')).toBe(String(overflow?.omitted_messages));
    await gateway.gateway.ledger.flush();
    const [row] = await gateway.gateway.ledger.recent(1);
    expect(row?.overflow).toEqual({
      policy: 'truncate_middle',
      omittedTokenCount: overflow?.omitted_tokens,
      omittedMessageCount: overflow?.omitted_messages,
    });
  });

  it('is cut in every dialect, inside of a single message and in raw text too', async () => {
    const long = paragraphs.slice(0, 8).join('\n\n');
    const body = {
      model: 'auto',
      max_tokens: 16,
      messages: [user(long)],
      context_overflow: 'truncate_middle',
    };
    const message = await anthropic.messages.create({ ...body, stream: false });
    expect(overflowOf(message.usage)).toMatchObject({ policy: 'truncate_middle', omitted_messages: 0 });
    const asked = { model: 'auto', messages: [user(long)], truncate: true, options: { num_predict: 16 } };
    const chat = await ollama.chat({ ...asked, stream: false });
    expect(overflowOf(chat)?.omitted_tokens).toBeGreaterThan(100);
    const raw = { model: 'auto', prompt: long, max_tokens: 16, truncation: 'auto' };
    const text = await openai.completions.create({ ...raw, stream: false });
    expect(text.usage?.prompt_tokens).toBe(256 - 16);
    expect(overflowOf(text.usage)?.omitted_messages).toBe(0);
  });

  it('is refused where even the system text and the newest message are too much', async () => {
    const system = paragraphs.slice(0, 6).join('\n\n');
    const messages = [{ role: 'system' as const, content: system }, user('Hi.')];
    const body = { model: 'auto', max_tokens: 8, messages, context_overflow: 'truncate_middle' };
    expect(await refusal(openai.chat.completions.create(body))).toMatch(/^400 .*even without its middle/);
    const sinks = { ...body, context_overflow: 'sinks', max_tokens: 300 };
    expect(await refusal(openai.chat.completions.create(sinks))).toMatch(/^400 .*system text has \d+ tokens/);
  });
});

describe('sinks', { timeout: 120_000 }, () => {
  it('write past the end of the context, up to max_tokens', async () => {
    const body = {
      model: 'auto',
      max_tokens: 300,
      messages: [user('Tell me a long story.')],
      ignore_eos: true,
      context_overflow: 'sinks',
    };
    const { data, response } = await openai.chat.completions.create(body).withResponse();
    expect(data.choices[0]?.finish_reason).toBe('length');
    expect(data.usage?.completion_tokens).toBe(300);
    const overflow = overflowOf(data.usage);
    expect(overflow?.policy).toBe('sinks');
    // All but what the window holds at the end has left it.
    expect(overflow?.omitted_tokens).toBeGreaterThan(300 - 128);
    expect(response.headers.get('x-nearfar-context-overflow')).toBe('sinks');
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/nearfar_sinks_cells\{[^}]*\} 256/);
    expect(metrics).toMatch(/nearfar_sinks_discarded_tokens_total\{[^}]*\} [1-9]/);
  });

  it('read prompts of any length, several at once, and stop at a stop string', async () => {
    const text = paragraphs.slice(0, 4).join('\n\n');
    const ask = async (index: number) => {
      const body = {
        model: 'auto',
        max_tokens: 100,
        temperature: 0,
        system: `You are reader ${index}.`,
        stop_sequences: [' the'],
        messages: [user(`${text}\n\nTell the story again.`)],
        context_overflow: 'sinks',
      };
      return anthropic.messages.stream(body).finalMessage();
    };
    const answers = await Promise.all([0, 1, 2].map(ask));
    for (const { stop_reason: reason, usage } of answers) {
      expect(['stop_sequence', 'end_turn', 'max_tokens']).toContain(reason);
      expect(usage.input_tokens).toBeGreaterThan(256);
      expect(overflowOf(usage)?.omitted_tokens).toBeGreaterThan(128);
    }
    expect(answers.some(({ stop_reason: reason }) => reason === 'stop_sequence')).toBe(true);
  });

  it('keep to a schema, and give logprobs and several choices', async () => {
    const body = {
      model: 'auto',
      n: 2,
      seed: 3,
      max_tokens: 40,
      logprobs: true,
      messages: [user(`${paragraphs.slice(0, 3).join('\n\n')}\n\nWho is it about?`)],
      context_overflow: 'sinks',
      response_format: {
        type: 'json_schema' as const,
        json_schema: {
          name: 'who',
          schema: {
            type: 'object',
            properties: { name: { type: 'string', maxLength: 12 } },
            required: ['name'],
            additionalProperties: false,
          },
        },
      },
    };
    const first = await openai.chat.completions.create(body);
    expect(first.choices).toHaveLength(2);
    for (const { message, logprobs } of first.choices) {
      expect(JSON.parse(message.content ?? '')).toHaveProperty('name');
      expect(logprobs?.content?.length).toBeGreaterThan(3);
    }
  });

  it('leave the readers of the main loop their steps, and end with their client', async () => {
    const stop = new AbortController();
    const long = {
      model: 'auto',
      max_tokens: 10_000,
      messages: [user(streamText)],
      ignore_eos: true,
      context_overflow: 'sinks',
    };
    let isOver = false;
    const streaming = openai.chat.completions
      .create({ ...long, stream: true }, { signal: stop.signal })
      .then(async (stream) => {
        for await (const { choices } of stream) expect(choices.length).toBeLessThan(2);
      })
      .catch(() => undefined)
      .finally(() => {
        isOver = true;
      });
    const short = await openai.chat.completions.create({
      model: 'auto',
      max_completion_tokens: 24,
      messages: [user('Say something.')],
      ...{ ignore_eos: true },
    });
    expect(short.usage?.completion_tokens).toBe(24);
    expect(isOver).toBe(false);
    stop.abort();
    await streaming;
    const after = await openai.completions.create({
      model: 'auto',
      prompt: paragraphs.slice(0, 6).join('\n\n'),
      max_tokens: 8,
      ...{ context_overflow: 'sinks' },
    });
    expect(after.choices[0]?.finish_reason).toMatch(/length|stop/);
  });

  it("are what Ollama's shift asks for, with as many first tokens as num_keep says", async () => {
    const asked = {
      model: 'auto',
      messages: [user(paragraphs.slice(0, 6).join('\n\n'))],
      shift: true,
      options: { num_predict: 20, num_keep: 16 },
    };
    const answer = await ollama.chat({ ...asked, stream: false });
    expect(overflowOf(answer)?.policy).toBe('sinks');
    const tooMany = { ...asked, options: { num_predict: 20, num_keep: 100 } };
    await expect(ollama.chat({ ...tooMany, stream: false })).rejects.toThrow(/num_keep asks to keep 100/);
    const both = { ...asked, truncate: false };
    await expect(ollama.chat({ ...both, stream: false })).rejects.toThrow(/shift/);
  });

  it('are not used where all fits, so that prefixes are shared', async () => {
    const body = {
      model: 'auto',
      max_tokens: 8,
      messages: [user('Say hello to the whole wide world, please, and to me.')],
      context_overflow: 'sinks',
    };
    await openai.chat.completions.create(body);
    const again = await openai.chat.completions.create(body);
    expect(overflowOf(again.usage)).toBeUndefined();
    expect(again.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(0);
  });
});
