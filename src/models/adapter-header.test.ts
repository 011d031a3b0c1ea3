import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from './gguf-writer.ts';
import { writeLora, type LoraOptions } from '../engine/llama/testing/lora-writer.ts';
import { writeTinyModel } from '../engine/llama/testing/tiny-model.ts';
import { checkAdapter } from './adapter-header.ts';
import { readGguf, type GgufHeader } from './gguf.ts';

let folder: string;
let model: GgufHeader;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-adapter-'));
  writeTinyModel(join(folder, 'model.gguf'), 'dense');
  model = await readGguf(join(folder, 'model.gguf'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function check(options: Partial<LoraOptions>, base: GgufHeader = model): Promise<readonly string[]> {
  const path = join(folder, 'adapter.gguf');
  writeLora(path, { header: model, size: 0.1, seed: 1, ...options });
  const files = { name: 'mine', modelId: 'tiny', adapter: await readGguf(path), model: [base] };
  return checkAdapter(files);
}

const named = (name: string, ...shape: number[]): Tensor => ({
  name,
  shape,
  values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});
const only =
  (...tensors: Tensor[]) =>
  () =>
    tensors;

describe('an adapter that fits', () => {
  it('is taken, whatever matrices of the model it changes', async () => {
    expect(await check({ targets: ['attn_q.weight', 'attn_output.weight', 'ffn_gate.weight'] })).toEqual([]);
    expect(await check({ targets: ['output.weight'], rank: 16 })).toEqual([]);
  });

  it('says which norms are left out', async () => {
    const edit = (tensors: Tensor[]) => [...tensors, named('blk.0.attn_norm.weight', 32)];
    expect(await check({ edit })).toEqual(['blk.0.attn_norm.weight']);
  });
});

describe('an adapter that does not', () => {
  const text = (value: string) => ({ type: 'string' as const, value });
  it.each<[string, Partial<LoraOptions>, RegExp]>([
    [
      'is a model',
      { metadata: { 'general.type': text('model') } },
      /general\.type is "model", expected "adapter"/,
    ],
    ['states no type', { metadata: { 'general.type': null } }, /general\.type is not stated/],
    [
      'is a control vector',
      { metadata: { 'adapter.type': text('cvec') } },
      /adapter\.type is "cvec", expected "lora"/,
    ],
    [
      'is of another architecture',
      { metadata: { 'general.architecture': text('qwen2') } },
      /general\.architecture is "qwen2", the model's "llama"/,
    ],
    [
      'waits for its tokens',
      { metadata: { 'adapter.alora.invocation_tokens': { type: 'i32s', value: [1, 2] } } },
      /activated LoRA: it has adapter\.alora\.invocation_tokens/,
    ],
    ['is empty', { edit: only() }, /no pair of \.lora_a and \.lora_b/],
    [
      'is half',
      { edit: only(named('blk.0.attn_q.weight.lora_a', 32, 4)) },
      /blk\.0\.attn_q\.weight\.lora_a and not the other half/,
    ],
    [
      'holds something else',
      { edit: only(named('blk.0.attn_q.bias', 32)) },
      /blk\.0\.attn_q\.bias is neither/,
    ],
    [
      'has more layers',
      { edit: only(named('blk.7.attn_q.weight.lora_a', 32, 4), named('blk.7.attn_q.weight.lora_b', 4, 32)) },
      /the model has no tensor blk\.7\.attn_q\.weight/,
    ],
    [
      'is wider',
      { edit: only(named('blk.0.attn_q.weight.lora_a', 64, 4), named('blk.0.attn_q.weight.lora_b', 4, 32)) },
      /blk\.0\.attn_q\.weight\.lora_a is 64 x 4, but blk\.0\.attn_q\.weight is 32 x 32/,
    ],
    [
      'has more outputs',
      { edit: only(named('blk.0.attn_q.weight.lora_a', 32, 4), named('blk.0.attn_q.weight.lora_b', 4, 64)) },
      /lora_b is 4 x 64, but/,
    ],
    [
      'has two ranks',
      { edit: only(named('blk.0.attn_q.weight.lora_a', 32, 4), named('blk.0.attn_q.weight.lora_b', 8, 32)) },
      /their ranks differ/,
    ],
    [
      'changes a norm as a matrix',
      { edit: only(named('output_norm.weight.lora_a', 32, 4), named('output_norm.weight.lora_b', 4, 1)) },
      /changes output_norm\.weight, which libllama does not apply/,
    ],
  ])('where it %s, the first thing that is wrong is named', async (_, options, message) => {
    await expect(check(options)).rejects.toThrow(message);
  });

  it('that changes the embedding of a model whose output matrix it is, too, would abort the process', async () => {
    const table = [named('token_embd.weight.lora_a', 4, 300), named('token_embd.weight.lora_b', 4, 32)];
    expect(await check({ edit: only(...table) })).toEqual([]);
    const tied = { ...model, tensors: model.tensors.filter(({ name }) => name !== 'output.weight') };
    await expect(check({ edit: only(...table) }, tied)).rejects.toThrow(/output matrix of this model, too/);
  });

  it('cannot be put on a model that only embeds', async () => {
    const base = { ...model, metadata: new Map(model.metadata).set('llama.pooling_type', 1) };
    await expect(check({}, base)).rejects.toThrow(/only embeds or ranks/);
  });
});
