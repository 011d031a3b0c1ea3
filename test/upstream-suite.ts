import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { expect, it } from 'vitest';
import type { FarGateway } from './far-gateway.ts';

/** What every engine elsewhere must do behind the gateway, whichever of its dialects it is asked in. */
export interface SuiteOptions {
  readonly far: () => FarGateway;
  /** Ids of the same model of the same server, by each dialect that it speaks. */
  readonly models: readonly string[];
  /** Its longest prompt is shorter than this many words. */
  readonly tooManyWords: number;
}

export function upstreamSuite({ far, models, tooManyWords }: SuiteOptions): void {
  const question = [{ role: 'user' as const, content: 'Say hello.' }];
  const openai = () => new OpenAI({ apiKey: 'none', baseURL: `${far().url}/v1`, maxRetries: 0 });
  const anthropic = () => new Anthropic({ apiKey: 'none', baseURL: far().url, maxRetries: 0 });
  const [model = ''] = models;

  it.each(models)('gives every client the same greedy answer through %s', async (asked) => {
    const options = { model: asked, max_tokens: 12, temperature: 0, messages: question };
    // From here on the prompt is cached alike for all: read anew, a token may differ by rounding.
    await openai().chat.completions.create(options);
    const whole = await openai().chat.completions.create(options);
    const text = whole.choices[0]?.message.content ?? '';
    expect(text.length).toBeGreaterThan(3);
    let streamed = '';
    for await (const chunk of await openai().chat.completions.create({ ...options, stream: true })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
    }
    expect(streamed).toBe(text);
    const message = await anthropic().messages.stream(options).finalMessage();
    expect(message.content).toMatchObject([{ type: 'text', text }]);
    expect(message.usage.output_tokens).toBe(whole.usage?.completion_tokens);
    const answer = await new Ollama({ host: far().url }).chat({
      model: asked,
      messages: question,
      options: { temperature: 0, num_predict: 12 },
    });
    expect(answer.message.content).toBe(text);
    const rows = (await far().rows()).slice(0, 4);
    for (const row of rows) {
      expect(row).toMatchObject({ answeringModel: asked, status: 200, isMeasured: true, costMicros: null });
      expect(row.completionTokenCount).toBe(whole.usage?.completion_tokens);
      expect(row.promptTokenCount).toBe(whole.usage?.prompt_tokens);
    }
  });

  it('tells a prompt that is too long from other faults', async () => {
    const content = 'word '.repeat(tooManyWords);
    await expect(
      anthropic().messages.create({ model, max_tokens: 5, messages: [{ role: 'user', content }] }),
    ).rejects.toMatchObject({ status: 400 });
    expect((await far().rows())[0]?.finish).toBe('context_overflow');
  });

  it('stops when the client goes away', async () => {
    const stream = anthropic().messages.stream({ model, max_tokens: 1500, messages: question });
    stream.on('error', () => undefined);
    stream.on('abort', () => undefined);
    await new Promise<void>((resolve) => {
      stream.on('text', () => {
        resolve();
      });
    });
    stream.abort();
    await expect.poll(async () => (await far().rows())[0]?.finish).toBe('aborted');
  });

  it('tells how much of a prompt was cached, and its load, where it is one of two', async () => {
    const system = `You are a helper. ${'The rules are many and long. '.repeat(30)}`;
    const ask = async (content: string) =>
      openai().chat.completions.create({
        model: 'pair/m',
        max_completion_tokens: 4,
        messages: [
          { role: 'system', content: system },
          { role: 'user', content },
        ],
      });
    await ask('One?');
    const again = await ask('Two?');
    expect(again.usage?.prompt_tokens_details?.cached_tokens ?? 0).toBeGreaterThan(100);
    const [row] = await far().rows();
    expect(row?.cachedTokenCount).toBe(again.usage?.prompt_tokens_details?.cached_tokens);
    expect(row?.routeReasons.join()).toMatch(/replica \d of 2: \d+% of the prompt cached/);
    await expect
      .poll(async () => (await fetch(`${far().url}/metrics`)).text())
      .toMatch(/nearfar_upstream_reported_running_requests\{upstream="pair",replica="\d"\} \d/);
  });
}
