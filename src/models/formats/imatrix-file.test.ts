import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/models-fixtures.ts';
import { NearfarError } from '../../chat/error.ts';
import { encodeImatrix, importancesOf, readImatrix, type Imatrix } from './imatrix-file.ts';

const imatrix: Imatrix = {
  entries: new Map([
    ['blk.0.ffn_down.weight', { squares: Float32Array.of(8, 2, 0.5), counts: [4] }],
    ['blk.0.ffn_up_exps.weight', { squares: Float32Array.of(1, 2, 3, 4), counts: [2, 0] }],
  ]),
  datasets: ['notes.txt'],
  chunkCount: 3,
  chunkTokenCount: 512,
};

it('reads what it writes, and hands libllama mean squares', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'imatrix.gguf');
  await writeFile(path, encodeImatrix(imatrix));
  const read = await readImatrix(path);
  expect(read).toEqual(imatrix);
  // An expert that nothing was sent to counts as 1 for each column.
  expect(importancesOf(read)).toEqual(
    new Map([
      ['blk.0.ffn_down.weight', Float32Array.of(2, 0.5, 0.125)],
      ['blk.0.ffn_up_exps.weight', Float32Array.of(0.5, 1, 1, 1)],
    ]),
  );
});

/** The layout that llama-imatrix wrote before 2025. */
function oldFormat(name: string, callCount: number, values: readonly number[]): Buffer {
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  const floats = Buffer.from(Float32Array.from(values).buffer);
  const text = Buffer.from('old.txt');
  const entry = [int(name.length), Buffer.from(name), int(callCount), int(values.length), floats];
  return Buffer.concat([int(1), ...entry, int(9), int(text.length), text]);
}

it('reads the older format too', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'imatrix.dat');
  await writeFile(path, oldFormat('output.weight', 4, [2, 8]));
  const read = await readImatrix(path);
  expect(read).toMatchObject({ datasets: ['old.txt'], chunkCount: 9 });
  expect(importancesOf(read).get('output.weight')).toEqual(Float32Array.of(0.5, 2));
});

it('refuses what is none, cut off or made up, by its own error', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'cut');
  await expect(readImatrix(path)).rejects.toMatchObject({ kind: 'not_found', field: 'imatrix' });
  const whole = [encodeImatrix(imatrix), oldFormat('output.weight', 4, [2, 8])];
  const cuts = fc.record({ of: fc.nat(1), length: fc.nat(400), byte: fc.nat(255), at: fc.nat(400) });
  await fc.assert(
    fc.asyncProperty(cuts, async ({ of, length, byte, at }) => {
      const bytes = Buffer.from(whole[of]!);
      bytes[at % bytes.length] = byte;
      await writeFile(path, bytes.subarray(0, length));
      try {
        await readImatrix(path);
      } catch (error) {
        expect(error).toBeInstanceOf(NearfarError);
      }
    }),
    { numRuns: 300 },
  );
});
