import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLora } from '../src/engine/llama/testing/lora-writer.ts';
import { readGguf } from '../src/models/gguf.ts';
import { realGateway, type RealGateway } from './real-gateway.ts';
import { testWeights } from './weights.ts';

let folder: string;
let gateway: RealGateway;
let client: OpenAI;

const file = (name: string): string => join(folder, `${name}.gguf`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-adapters-'));
  const header = await readGguf(await testWeights('smollm2'));
  writeLora(file('nothing'), { header, size: 0, seed: 1 });
  writeLora(file('one'), { header, size: 0.12, seed: 2, rank: 4 });
  writeLora(file('two'), {
    header,
    size: 0.1,
    seed: 3,
    rank: 8,
    targets: ['ffn_up.weight', 'attn_k.weight'],
  });
  writeLora(file('foreign'), {
    header,
    size: 1,
    seed: 4,
    metadata: { 'general.architecture': { type: 'string', value: 'qwen2' } },
  });
  copyFileSync(file('one'), file('replaced'));
  const model = 'smollm2-135m-instruct';
  gateway = await realGateway(
    {},
    {
      aliases: { 'my-alias': 'one' },
      adapters: {
        nothing: { model, reference: `file:${file('nothing')}` },
        one: { model, reference: `file:${file('one')}` },
        two: { model, reference: `file:${file('two')}` },
        silent: { model, reference: `file:${file('two')}`, scale: 0 },
        replaced: { model, reference: `file:${file('replaced')}` },
        foreign: { model, reference: `file:${file('foreign')}` },
        lost: { model, reference: 'file:gone.gguf' },
      },
      engine: { maxLoadedAdapters: 2 },
    },
  );
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none' });
}, 120_000);

afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

const question = 'Write two sentences about a river in spring.';

async function ask(model: string, content = question, maxTokens = 24) {
  const answer = await client.chat.completions.create({
    model,
    temperature: 0,
    max_completion_tokens: maxTokens,
    messages: [{ role: 'user', content }],
  });
  return {
    text: answer.choices[0]?.message.content ?? '',
    model: answer.model,
    cached: answer.usage?.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

describe('adapters over real weights', () => {
  it('without deltas, or at scale 0, say what the model says; others do not', async () => {
    const base = await ask('near');
    expect(await ask('nothing')).toEqual({ ...base, model: 'nothing', cached: 0 });
    expect(await ask('silent')).toEqual({ ...base, model: 'silent', cached: 0 });
    const [one, two] = [await ask('one'), await ask('two')];
    expect(one.text).not.toBe(base.text);
    expect(two.text).not.toBe(base.text);
    expect(two.text).not.toBe(one.text);
  });

  it('answer together as each does alone', async () => {
    const names = ['near', 'one', 'two'];
    const prompt = 'Tell me about the moon and the tides.';
    const together = await Promise.all([...names, ...names].map((name) => ask(name, prompt, 40)));
    for (const [index, name] of names.entries()) {
      const alone = await ask(name, prompt, 40);
      expect(alone.cached).toBeGreaterThan(0);
      // Other batches and cells round differently: greedy texts may part at a near tie, late if at all.
      for (const at of [index, index + names.length])
        expect(together[at]?.text.slice(0, 24)).toBe(alone.text.slice(0, 24));
    }
  });

  it('share prefixes with nobody', async () => {
    // Without a chat template, whose beginning earlier prompts have left.
    const prompt =
      'A lighthouse stands on the rocks at the end of the bay, and its keeper writes down each ship that';
    const cached = [];
    for (const model of ['one', 'near', 'two', 'one', 'near']) {
      const { usage } = await client.completions.create({ model, prompt, max_tokens: 4 });
      cached.push(usage?.prompt_tokens_details?.cached_tokens ?? 0);
    }
    expect(cached.slice(0, 3)).toEqual([0, 0, 0]);
    for (const count of cached.slice(3)) expect(count).toBeGreaterThan(15);
  });

  it('are asked for by name, or an alias, through every official client', async () => {
    const messages = [{ role: 'user' as const, content: 'Hi.' }];
    expect((await ask('my-alias')).model).toBe('one');
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: 'none' });
    const message = await anthropic.messages.create({ model: 'one', max_tokens: 4, messages });
    expect(message.model).toBe('one');
    const ollama = new Ollama({ host: gateway.url });
    expect((await ollama.chat({ model: 'two', messages, options: { num_predict: 4 } })).model).toBe('two');
    const listed = (await client.models.list()).data;
    expect(listed.find(({ id }) => id === 'one')).toMatchObject({
      parent: gateway.modelId,
      license: 'Apache-2.0',
      answered_by: 'one',
    });
    expect(listed.map(({ id }) => id)).not.toContain('lost');
    const tag = (await ollama.list()).models.find(({ name }) => name === 'two');
    expect(tag?.details.parent_model).toBe(gateway.modelId);
    const shown = await ollama.show({ model: 'my-alias' });
    expect(shown.modelfile).toContain(`FROM ${gateway.modelId}\nADAPTER ${file('one')}`);
  });

  it('that are out of order say why, and nobody’s vectors are given for theirs', async () => {
    await expect(ask('foreign')).rejects.toThrow(/general\.architecture is "qwen2", the model's "llama"/);
    await expect(ask('lost')).rejects.toThrow(/The adapter lost: there is no file .*gone\.gguf/);
    await expect(client.embeddings.create({ model: 'one', input: 'x' })).rejects.toThrow(/is a LoRA adapter/);
  });

  it('whose file was replaced are others: nothing that the old one computed is used', async () => {
    const before = await ask('replaced');
    expect((await ask('replaced')).cached).toBeGreaterThan(20);
    copyFileSync(file('two'), file('replaced'));
    const after = await ask('replaced');
    expect(after.cached).toBe(0);
    expect(after.text).not.toBe(before.text);
    // Texts of other batches may part at a near tie.
    expect(after.text.slice(0, 24)).toBe((await ask('two')).text.slice(0, 24));
  });

  it('come back after their model was unloaded', async () => {
    const before = await ask('one', 'Count to five.', 8);
    await gateway.gateway.localModels.unload('one');
    expect(gateway.gateway.localModels.running()).toEqual([]);
    expect((await ask('one', 'Count to five.', 8)).text).toBe(before.text);
  });

  it('use the grammar and stream as the model does', async () => {
    const answer = await client.chat.completions.create({
      model: 'one',
      max_completion_tokens: 60,
      messages: [{ role: 'user', content: 'Name a city.' }],
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'city',
          strict: true,
          schema: {
            type: 'object',
            properties: { city: { type: 'string', maxLength: 20 } },
            required: ['city'],
            additionalProperties: false,
          },
        },
      },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toHaveProperty('city');
  });
});
