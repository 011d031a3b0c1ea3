import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/models-fixtures.ts';
import { collectImportance } from '../../measure/importance-job.ts';
import { importancesOf, readImatrix } from '../../models/formats/imatrix-file.ts';
import { readGguf } from '../../models/gguf.ts';
import { quantizeFile } from './quantize-job.ts';
import { writeTinyModel } from './testing/tiny-model.ts';

it('collects what every matrix of the blocks is multiplied with, and libllama takes it', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tiny.gguf');
  writeTinyModel(path, 'dense');
  const output = join(folder.path, 'imatrix.gguf');
  const text = 'Count the words of this line, and then count them again. '.repeat(20);
  const request = {
    path,
    text,
    dataset: 'line',
    windowTokenCount: 128,
    windowCount: 2,
    threadCount: 1,
    output,
  };
  const fractions: number[] = [];
  const made = await collectImportance(request, { onProgress: (fraction) => fractions.push(fraction) });
  expect(made).toEqual({ tensorCount: 14, windowCount: 2, tokenCount: 256, partialTensors: [] });
  expect(fractions).toEqual([0.5, 1]);
  const matrix = await readImatrix(output);
  expect(matrix).toMatchObject({ datasets: ['line'], chunkCount: 2, chunkTokenCount: 128 });
  const header = await readGguf(path);
  const matrices = header.tensors.filter(({ name }) => /^blk\.\d\.(attn|ffn)_(?!norm).*\.weight$/.test(name));
  for (const { name, dimensions } of matrices.filter((one) => !one.name.includes('norm'))) {
    const entry = matrix.entries.get(name)!;
    expect(entry.counts, name).toEqual([256]);
    expect(entry.squares, name).toHaveLength(dimensions[0]!);
    expect(
      entry.squares.every((sum) => sum > 0 && Number.isFinite(sum)),
      name,
    ).toBe(true);
  }
  // The inputs of query, key and value are one: normalized rows, whose mean square is 1 over the columns.
  const importances = importancesOf(matrix);
  const query = importances.get('blk.0.attn_q.weight')!;
  expect(importances.get('blk.0.attn_v.weight')).toEqual(query);
  expect(query.reduce((sum, value) => sum + value, 0) / query.length).toBeCloseTo(1, 2);
  const result = await quantizeFile({
    input: path,
    output: join(folder.path, 'q4.gguf'),
    format: 'IQ3_XXS',
    allowRequantize: false,
    imatrix: output,
  });
  expect(result.withoutImportance.filter((name) => name.startsWith('blk.'))).toEqual([]);
  await expect(collectImportance({ ...request, text: 'Too short.' })).rejects.toMatchObject({
    kind: 'invalid_request',
    message: expect.stringContaining('at least 128 are needed') as string,
  });
  expect((await readdir(folder.path)).sort()).toEqual(['imatrix.gguf', 'q4.gguf', 'tiny.gguf']);
}, 60_000);
