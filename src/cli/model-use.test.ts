import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeGguf, type Metadata } from '../models/gguf-writer.ts';
import { modelUse, useLines } from './model-use.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-use-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function useOf(more: Readonly<Record<string, Metadata>>): Promise<string> {
  const file = join(folder, 'model.gguf');
  const metadata = new Map<string, Metadata>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ...Object.entries(more),
  ]);
  writeFileSync(file, encodeGguf(metadata, []));
  return modelUse(file);
}

it('is read from what a file says of itself', async () => {
  expect(await useOf({ 'tokenizer.chat_template': { type: 'string', value: '{{ messages }}' } })).toBe(
    'chat',
  );
  expect(await useOf({})).toBe('text');
  expect(await useOf({ 'llama.pooling_type': { type: 'u32', value: 1 } })).toBe('vectors');
  expect(await useOf({ 'llama.attention.causal': { type: 'bool', value: false } })).toBe('vectors');
  expect(await useOf({ 'llama.pooling_type': { type: 'u32', value: 4 } })).toBe('ranking');
  expect(await modelUse(join(folder, 'absent.gguf'))).toBe('chat');
});

it('sends nobody to talk with what cannot answer', () => {
  const lines = (use: Parameters<typeof useLines>[1]): string =>
    useLines('some-model', use, (args) => `nearfar ${args}`).join('\n');
  expect(lines('chat')).toBe('Talk with it: nearfar chat --model some-model');
  expect(lines('text')).toContain('no chat template');
  for (const use of ['vectors', 'ranking'] as const) expect(lines(use)).not.toContain('nearfar chat');
});
