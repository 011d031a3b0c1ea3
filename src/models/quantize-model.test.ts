import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/models-fixtures.ts';
import { quantizeFile } from '../engine/llama/quantize-job.ts';
import { writeTinyModel } from '../engine/llama/testing/tiny-model.ts';
import { encodeImatrix } from './formats/imatrix-file.ts';
import { lineageKey } from './formats/quantize-source.ts';
import { readGguf } from './gguf.ts';
import {
  idOfQuantized,
  planQuantization,
  quantizeModel,
  sourceOfFile,
  type QuantizeOptions,
} from './quantize-model.ts';
import { createModelStore } from './store.ts';

const signal = new AbortController().signal;
const job = { signal, onProgress: () => undefined };

function plan(path: string, options: Partial<QuantizeOptions>) {
  return sourceOfFile(path).then((source) =>
    planQuantization(
      source,
      { format: 'Q8_0', allowRequantize: false, imatrix: null, threadCount: 1, ...options },
      quantizeFile,
      signal,
    ),
  );
}

describe('quantizing', () => {
  it.each(['F16', 'BF16', 'Q8_0', 'Q4_K_M', 'IQ4_NL', 'MXFP4_MOE', 'TQ1_0'])(
    'to %s writes exactly as many bytes as the dry run said, and keeps the model',
    async (format) => {
      await using folder = await temporaryFolder();
      const path = join(folder.path, 'tiny-F32.gguf');
      writeTinyModel(path, 'dense');
      const planned = await plan(path, { format });
      expect(await readdir(folder.path)).toEqual(['tiny-F32.gguf']);
      const fractions: number[] = [];
      const made = await quantizeModel(planned, { home: folder.path, path: null, id: null }, quantizeFile, {
        signal,
        onProgress: (fraction) => fractions.push(fraction),
      });
      expect((await stat(made.path)).size).toBe(planned.fileBytes);
      expect(fractions.at(-1)).toBeCloseTo(0.999, 3);
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
      const store = createModelStore({
        home: folder.path,
        hub: { endpoint: 'http://127.0.0.1:9', token: null },
      });
      const found = await store.find(`tiny:${format.toLowerCase()}-local`);
      expect(found).toMatchObject({
        reference: 'quantized:tiny-F32.gguf',
        facts: { format, sizeBytes: planned.fileBytes, grade: 'ungraded', verified: false },
      });
    },
    60_000,
  );

  it('does not forget in what format weights lost precision, also with an F16 in between', async () => {
    await using folder = await temporaryFolder();
    const path = (name: string): string => join(folder.path, name);
    const write = async (from: string, to: string, options: Partial<QuantizeOptions>) =>
      quantizeModel(
        await plan(path(from), options),
        { home: folder.path, path: path(to), id: null },
        quantizeFile,
        job,
      );
    writeTinyModel(path('tiny.gguf'), 'dense');
    await write('tiny.gguf', 'q4.gguf', { format: 'Q4_0' });
    await expect(plan(path('q4.gguf'), { format: 'Q8_0' })).rejects.toMatchObject({
      kind: 'invalid_request',
      field: 'allow-requantize',
      message: expect.stringContaining('quantized before (Q4_0)') as string,
    });
    const exact = await plan(path('q4.gguf'), { format: 'F16' });
    await write('q4.gguf', 'f16.gguf', { format: 'F16' });
    expect((await stat(path('f16.gguf'))).size).toBe(exact.fileBytes);
    expect((await readGguf(path('f16.gguf'))).metadata.get(lineageKey)).toBe('Q4_0');
    await expect(plan(path('f16.gguf'), { format: 'Q8_0' })).rejects.toMatchObject({
      field: 'allow-requantize',
    });
    const allowed = await plan(path('f16.gguf'), { format: 'Q8_0', allowRequantize: true });
    expect(allowed.source.loss).toBe('Q4_0');
    await expect(write('f16.gguf', 'q4.gguf', { format: 'F32' })).rejects.toMatchObject({ kind: 'conflict' });
  }, 60_000);

  it('uses an importance matrix, and says where one is needed', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'tiny.gguf');
    writeTinyModel(path, 'dense');
    const squares = Float32Array.from({ length: 32 }, (_, index) => (index < 4 ? 1000 : 0.001));
    const imatrix = join(folder.path, 'imatrix.gguf');
    const entries = new Map(
      ['attn_q', 'attn_k', 'attn_v', 'ffn_gate', 'ffn_up'].flatMap((name) =>
        [0, 1].map((layer) => [`blk.${layer}.${name}.weight`, { squares, counts: [1] }] as const),
      ),
    );
    await writeFile(imatrix, encodeImatrix({ entries, datasets: [], chunkCount: 1, chunkTokenCount: 512 }));
    const planned = await plan(path, { format: 'Q4_0', imatrix });
    expect(idOfQuantized(planned)).toBe('tiny:q4_0-imatrix-local');
    const made = await quantizeModel(
      planned,
      { home: folder.path, path: null, id: 'x:y' },
      quantizeFile,
      job,
    );
    expect(made.fileBytes).toBe(planned.fileBytes);
    expect(made.withoutImportance).toContain('blk.0.ffn_down.weight');
    expect(made.withoutImportance).not.toContain('blk.0.attn_q.weight');
    await expect(
      quantizeModel(planned, { home: folder.path, path: null, id: 'x:y' }, quantizeFile, job),
    ).rejects.toMatchObject({ kind: 'conflict', field: 'id' });
    await expect(
      quantizeModel(planned, { home: folder.path, path: null, id: '../x' }, quantizeFile, job),
    ).rejects.toMatchObject({ kind: 'invalid_request', field: 'id' });
  }, 60_000);

  it('leaves nothing behind where it is stopped or the file is damaged', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'tiny.gguf');
    writeTinyModel(path, 'dense');
    const planned = await plan(path, { format: 'Q8_0' });
    const target = { home: folder.path, path: null, id: 'tiny:stopped' };
    await expect(
      quantizeModel(planned, target, quantizeFile, { ...job, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ kind: 'aborted' });
    expect(await readdir(join(folder.path, 'models'))).not.toContain('tiny@stopped');
    await writeFile(join(folder.path, 'damaged.gguf'), 'GGUF');
    await expect(plan(join(folder.path, 'damaged.gguf'), {})).rejects.toMatchObject({
      kind: 'invalid_request',
    });
    await expect(plan(join(folder.path, 'none.gguf'), {})).rejects.toMatchObject({ kind: 'not_found' });
  }, 60_000);
});
