import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RealGateway, realGateway } from './real-gateway.ts';

/** The three official clients against the running gateway with real weights. */

let real: RealGateway;
let openai: OpenAI;
let anthropic: Anthropic;
let ollama: Ollama;

const brief = 'You are brief.';
const messages = [{ role: 'user' as const, content: 'Count from one to five in words.' }];
const greedy = { temperature: 0 };

beforeAll(async () => {
  real = await realGateway({}, { aliases: { 'gpt-4o': 'auto' } });
  openai = new OpenAI({ apiKey: 'none', baseURL: `${real.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: real.url, maxRetries: 0 });
  ollama = new Ollama({ host: real.url });
  // Greedy answers are the same from the same cache state only: each prompt is asked once before any is compared.
  for (const system of [undefined, brief]) {
    const prompt =
      system === undefined ? messages : [{ role: 'system' as const, content: system }, ...messages];
    await openai.chat.completions.create({ model: 'auto', messages: prompt, max_completion_tokens: 1 });
  }
}, 180_000);

afterAll(() => real.close());

describe('openai', () => {
  it('streams the same text as it gives whole, and tells the truth about cached tokens', async () => {
    const ask = { model: 'auto', messages, max_tokens: 24, ...greedy };
    const first = await openai.chat.completions.create(ask);
    expect(first.model).toBe(real.modelId);
    expect(first.choices[0]?.message.content).not.toBe('');
    const stream = await openai.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(first.choices[0]?.message.content);
    expect(usage?.prompt_tokens).toBe(first.usage?.prompt_tokens);
    expect(usage?.completion_tokens).toBe(first.usage?.completion_tokens);
    const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
    expect(cached).toBeGreaterThan(0);
    expect(cached).toBeLessThan(usage?.prompt_tokens ?? 0);
  });

  it('ends where it is told: max_tokens, a stop string across tokens', async () => {
    const bounded = await openai.chat.completions.create({
      model: 'auto',
      messages,
      max_completion_tokens: 3,
      ...greedy,
    });
    expect(bounded.choices[0]?.finish_reason).toBe('length');
    expect(bounded.usage?.completion_tokens).toBe(3);
    const whole = await openai.chat.completions.create({
      model: 'auto',
      messages,
      max_completion_tokens: 24,
      ...greedy,
    });
    const text = whole.choices[0]?.message.content ?? '';
    const stop = text.slice(3, 12);
    const stopped = await openai.chat.completions.create({
      model: 'auto',
      messages,
      max_completion_tokens: 24,
      stop,
      ...greedy,
    });
    expect(stopped.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.choices[0]?.finish_reason).toBe('stop');
  });

  it('gives n choices, logprobs, and obeys logit_bias and seeds', async () => {
    const many = await openai.chat.completions.create({
      model: 'auto',
      messages,
      n: 3,
      max_completion_tokens: 4,
      logprobs: true,
      top_logprobs: 2,
      ...greedy,
    });
    expect(many.choices).toHaveLength(3);
    for (const choice of many.choices) {
      const logprobs = choice.logprobs?.content ?? [];
      expect(logprobs.map((entry) => entry.token).join('')).toBe(choice.message.content);
      for (const entry of logprobs) {
        expect(entry.logprob).toBeLessThanOrEqual(0);
        expect(entry.top_logprobs).toHaveLength(2);
        expect(entry.top_logprobs[0]?.token).toBe(entry.token);
      }
    }
    // Spread, because the client's types call the field old.
    const ask = {
      model: 'auto',
      messages,
      max_completion_tokens: 12,
      ...{ seed: 11 },
    };
    const one = await openai.chat.completions.create(ask);
    const again = await openai.chat.completions.create(ask);
    const third = await openai.chat.completions.create(ask);
    // The second and third find the same prefix in the cache, so they must be equal.
    expect(third.choices[0]?.message.content).toBe(again.choices[0]?.message.content);
    expect(one.choices[0]?.message.content).not.toBe('');

    const biased = await openai.completions.create({
      model: 'auto',
      prompt: 'The sky is',
      max_tokens: 3,
      logprobs: 0,
      logit_bias: { '504': 100 },
      ...greedy,
    });
    expect(new Set(biased.choices[0]?.logprobs?.tokens).size).toBe(1);
  });

  it('refuses what does not fit, naming both counts', async () => {
    const call = openai.chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: 'word '.repeat(3000) }],
    });
    await expect(call).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
    await expect(call).rejects.toThrow(/30\d\d tokens.*2048/);
  });

  it('knows models by id and alias, and no others', async () => {
    const names = [];
    for await (const model of openai.models.list()) names.push(model.id);
    expect(names).toEqual([real.modelId, 'auto', 'near', 'gpt-4o']);
    const aliased = await openai.chat.completions.create({
      model: 'gpt-4o',
      messages,
      max_completion_tokens: 1,
    });
    expect(aliased.model).toBe(real.modelId);
    const unknown = openai.chat.completions.create({ model: 'gpt-5', messages, stream: true });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    await expect(unknown).rejects.toThrow(real.modelId);
  });

  it('frees everything when the client goes away', async () => {
    const stream = await openai.chat.completions.create({
      model: 'auto',
      messages,
      stream: true,
      ignore_eos: true,
    } as never);
    const iterator = (stream as unknown as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    await iterator.next();
    (stream as unknown as { controller: AbortController }).controller.abort();
    await vi.waitFor(
      () => {
        expect(real.gateway.localModels.running()[0]?.stats?.runningCount).toBe(0);
      },
      { timeout: 10_000 },
    );
  });

  it('keeps a deadline', async () => {
    const call = openai.chat.completions.create(
      {
        model: 'auto',
        messages,
        ignore_eos: true,
      } as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming,
      { headers: { 'x-nearfar-timeout-ms': '300' } },
    );
    await expect(call).rejects.toMatchObject({ status: 504 });
  });
});

describe('openai responses', () => {
  const ask = { model: 'auto', input: 'Count from one to five in words.', max_output_tokens: 24, ...greedy };

  it('stream the same text as they give whole, and as chat completions do', async () => {
    const chat = await openai.chat.completions.create({
      model: 'auto',
      messages,
      max_completion_tokens: 24,
      ...greedy,
    });
    const whole = await openai.responses.create(ask);
    expect(whole.model).toBe(real.modelId);
    expect(whole.output_text).toBe(chat.choices[0]?.message.content);
    let text = '';
    for await (const event of await openai.responses.create({ ...ask, stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    expect(text).toBe(whole.output_text);
    expect(whole.usage?.input_tokens_details.cached_tokens).toBeGreaterThan(0);
  });

  it('are gone on from, with the prefix of what was said found again', async () => {
    const first = await openai.responses.create(ask);
    const next = await openai.responses.create({
      ...ask,
      input: 'And backwards?',
      previous_response_id: first.id,
    });
    const spelt = await openai.responses.create({
      ...ask,
      input: [
        { role: 'user', content: ask.input },
        { role: 'assistant', content: first.output_text },
        { role: 'user', content: 'And backwards?' },
      ],
    });
    expect(next.usage?.input_tokens).toBe(spelt.usage?.input_tokens);
    expect(next.usage?.input_tokens_details.cached_tokens).toBeGreaterThan(first.usage?.input_tokens ?? 0);
    expect((await openai.responses.retrieve(next.id)).output_text).toBe(next.output_text);
    await openai.responses.delete(first.id);
    await expect(openai.responses.create({ ...ask, previous_response_id: next.id })).rejects.toMatchObject({
      status: 400,
      param: 'previous_response_id',
    });
  });

  it('are refused where an image is shown: the models of this machine read text', async () => {
    const image_url = 'data:image/png;base64,iVBORw0KGgoAAAAA';
    const shown = openai.responses.create({
      ...ask,
      input: [{ role: 'user', content: [{ type: 'input_image', image_url, detail: 'auto' }] }],
    });
    await expect(shown).rejects.toMatchObject({ status: 400, param: 'input[0].content[0]' });
    const counted = anthropic.messages.countTokens({
      model: 'auto',
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }],
        },
      ],
    });
    await expect(counted).rejects.toThrow(
      /messages\[0\]\.content\[0\]: the models of this machine read text/,
    );
  });

  it('keep to a form, call what must be called, and say where they were cut', async () => {
    const schema = {
      type: 'object',
      properties: { count: { type: 'integer', minimum: 1, maximum: 9 } },
      required: ['count'],
      additionalProperties: false,
    };
    const formed = await openai.responses.create({
      ...ask,
      text: { format: { type: 'json_schema', name: 'count', schema, strict: true } },
    });
    expect(JSON.parse(formed.output_text)).toEqual({ count: expect.any(Number) as number });
    const called = await openai.responses
      .stream({
        ...ask,
        max_output_tokens: 60,
        tools: [{ type: 'function', name: 'count', parameters: schema, strict: true }],
        tool_choice: { type: 'function', name: 'count' },
        parallel_tool_calls: false,
      })
      .finalResponse();
    expect(called.output.at(-1)).toMatchObject({ type: 'function_call', name: 'count', status: 'completed' });
    const cut = await openai.responses.create({ ...ask, max_output_tokens: 16, instructions: brief });
    expect(cut.status === 'incomplete' ? cut.incomplete_details?.reason : 'max_output_tokens').toBe(
      'max_output_tokens',
    );
    expect(cut.usage?.output_tokens).toBeLessThanOrEqual(16);
    await expect(openai.responses.create({ ...ask, reasoning: { effort: 'medium' } })).rejects.toMatchObject({
      status: 400,
      param: 'reasoning.effort',
    });
  });
});

describe('anthropic', () => {
  it('answers, whole and streaming, and counts what it charges', async () => {
    const ask = { model: 'auto', max_tokens: 16, system: brief, messages, ...greedy };
    const count = await anthropic.messages.countTokens({ model: 'auto', system: ask.system, messages });
    const whole = await anthropic.messages.create(ask);
    expect(whole.usage.input_tokens + (whole.usage.cache_read_input_tokens ?? 0)).toBe(count.input_tokens);
    expect(whole.model).toBe(real.modelId);
    const streamed = await anthropic.messages.stream(ask).finalMessage();
    expect(streamed.content).toMatchObject([{ type: 'text', text: textOf(whole) }]);
    expect(streamed.usage.cache_read_input_tokens).toBeGreaterThan(0);
    expect(streamed.stop_reason).toBe(whole.stop_reason);
  });

  it('names the stop sequence that hit', async () => {
    const ask = { model: 'auto', max_tokens: 24, messages, ...greedy };
    const stop = textOf(await anthropic.messages.create(ask)).slice(4, 9);
    const stopped = await anthropic.messages.create({ ...ask, stop_sequences: ['never-said', stop] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: stop });
  });
});

describe('ollama', () => {
  it('chats and generates, whole and streaming', async () => {
    const options = { temperature: 0, num_predict: 12, seed: 1 };
    const whole = await ollama.chat({ model: `${real.modelId}:latest`, messages, options });
    expect(whole.model).toBe(real.modelId);
    expect(whole.eval_count).toBeGreaterThan(0);
    expect(whole.total_duration).toBeGreaterThan(0);
    let text = '';
    for await (const part of await ollama.chat({ model: 'auto', messages, options, stream: true })) {
      text += part.message.content;
    }
    expect(text).toBe(whole.message.content);
    const raw = await ollama.generate({ model: 'auto', prompt: 'Once upon a', raw: true, options });
    expect(raw.prompt_eval_count).toBeLessThan(6);
  });

  it('shows what is here and what runs, unloads and loads', async () => {
    expect((await ollama.list()).models.map((model) => model.name)).toEqual([real.modelId]);
    expect((await ollama.show({ model: 'auto' })).details.format).toBe('gguf');
    expect((await ollama.ps()).models.map((model) => model.name)).toEqual([real.modelId]);
    await ollama.generate({ model: 'auto', prompt: '', keep_alive: 0 });
    expect((await ollama.ps()).models).toEqual([]);
    await ollama.generate({ model: 'auto', prompt: '', keep_alive: '5m' });
    const [running] = (await ollama.ps()).models;
    expect(Date.parse(String(running?.expires_at))).toBeGreaterThan(Date.now());
  });
});

it('an answer that the client begins goes on, the same in every dialect', async () => {
  const begun = [...messages, { role: 'assistant' as const, content: 'One, two, three,' }];
  const fromOpenai = async (fields: object = {}): Promise<string> => {
    const answer = await openai.chat.completions.create({
      model: 'auto',
      messages: begun,
      max_completion_tokens: 4,
      ...greedy,
      ...fields,
    });
    return answer.choices[0]?.message.content ?? '';
  };
  await fromOpenai();
  const text = await fromOpenai();
  expect(text).toMatch(/^ four/);
  expect(await fromOpenai({ continue_final_message: true, add_generation_prompt: false })).toBe(text);
  expect(await fromOpenai({ continue_final_message: false })).not.toMatch(/^ four/);
  const whole = await anthropic.messages.create({
    model: 'auto',
    max_tokens: 4,
    messages: begun,
    ...greedy,
  });
  expect(textOf(whole)).toBe(text);
  const counted = async (list: typeof begun | typeof messages): Promise<number> =>
    (await anthropic.messages.countTokens({ model: 'auto', messages: list })).input_tokens;
  expect(whole.usage.input_tokens + (whole.usage.cache_read_input_tokens ?? 0)).toBe(await counted(begun));
  expect(await counted(begun)).toBeGreaterThan(await counted(messages));
  const options = { temperature: 0, num_predict: 4, repeat_penalty: 1 };
  let streamed = '';
  for await (const part of await ollama.chat({ model: 'auto', messages: begun, options, stream: true }))
    streamed += part.message.content;
  expect(streamed).toBe(text);
});

it('metrics and readiness tell of it', async () => {
  const metrics = await (await fetch(`${real.url}/metrics`)).text();
  expect(metrics).toContain('gen_ai_server_time_to_first_token');
  expect(metrics).toContain('nearfar_');
  expect((await fetch(`${real.url}/ready`)).status).toBe(200);
});

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
