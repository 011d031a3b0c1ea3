import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ggufBytes, temporaryFolder, tinyModel, type TestValue } from '../../test/models-fixtures.ts';
import { NearfarError } from '../chat/error.ts';
import { ggufFacts, kvBytesPerToken } from './gguf-facts.ts';
import { parseGguf, readGguf } from './gguf.ts';

/** `null` or a header, or the room's own error: nothing else may come out. */
function parseSafely(bytes: Uint8Array): ReturnType<typeof parseGguf> | 'refused' {
  try {
    return parseGguf(bytes);
  } catch (error) {
    if (!(error instanceof NearfarError)) throw error;
    return 'refused';
  }
}

describe('parseGguf', () => {
  it('reads what a model says about itself', () => {
    const header = parseGguf(tinyModel());
    const facts = ggufFacts(header!);
    expect(facts).toMatchObject({
      architecture: 'llama',
      license: 'Apache-2.0',
      format: 'Q4_1',
      contextTokenCount: 2048,
      layerCount: 2,
      headCount: 4,
      kvHeadCount: 2,
      keyLength: 16,
      slidingWindow: null,
      chatTemplate: '{{ messages }}',
      vocabTokenCount: 3,
      splitCount: 1,
      parameterCount: 64 * 64 + 64,
      tensorBytes: 2 * 20 * 64 + 256,
    });
    expect(kvBytesPerToken(facts)).toBe(2 * 2 * 32 * 2);
  });

  it.each([2, 3])('takes version %i', (version) => {
    expect(parseGguf(ggufBytes({}, [], version))?.version).toBe(version);
  });

  it('refuses other versions, other files and byte orders', () => {
    expect(() => parseGguf(ggufBytes({}, [], 1))).toThrow('version 1');
    expect(() => parseGguf(Buffer.from('PK\u0003\u0004' + 'x'.repeat(40)))).toThrow(
      'does not start with GGUF',
    );
    const swapped = ggufBytes({}, []);
    swapped.subarray(4, 8).reverse();
    expect(() => parseGguf(swapped)).toThrow('little-endian');
  });

  it('asks for more at every cut within the header, and never invents a header', () => {
    const whole = tinyModel();
    const { dataOffset } = parseGguf(whole)!;
    const headerEnd = Array.from({ length: dataOffset + 1 }, (_, length) => length).find(
      (length) => parseSafely(whole.subarray(0, length)) !== null,
    );
    expect(headerEnd).toBeGreaterThan(dataOffset - 32);
    expect(headerEnd).toBeLessThanOrEqual(dataOffset);
  });

  it('reads back every metadata value that was written', () => {
    const value: fc.Arbitrary<TestValue> = fc.oneof(
      fc.nat(0xffffffff).map((number) => ({ type: 'u32' as const, value: number })),
      fc.string().map((string) => ({ type: 'string' as const, value: string })),
      fc
        .array(fc.string(), { maxLength: 5 })
        .map((strings) => ({ type: 'strings' as const, value: strings })),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (metadata) => {
        const header = parseGguf(ggufBytes(metadata, []));
        for (const [key, entry] of Object.entries(metadata)) {
          const read = header?.metadata.get(key);
          expect(typeof read === 'object' ? read.values : read).toEqual(entry.value);
        }
      }),
    );
  });

  it('survives any damage', () => {
    const whole = tinyModel();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        parseSafely(bytes);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        parseSafely(Buffer.concat([Buffer.from('GGUF\u0003\0\0\0'), noise]));
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses counts that no header could hold, at once', () => {
    for (const at of [8, 16]) {
      const bytes = tinyModel();
      bytes.writeBigUInt64LE(0x7fff_ffffn, at);
      expect(parseSafely(bytes)).toBe('refused');
      bytes.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, at);
      expect(parseSafely(bytes)).toBe('refused');
    }
  });

  it('refuses arrays nested without end', () => {
    const depth = 50;
    const nested = Buffer.alloc(12 * depth);
    for (let level = 0; level < depth; level += 1) {
      nested.writeUInt32LE(9, level * 12);
      nested.writeBigUInt64LE(1n, level * 12 + 4);
    }
    const start = ggufBytes({}, []).subarray(0, 24);
    start.writeBigUInt64LE(1n, 16);
    const key = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('k')]);
    expect(parseSafely(Buffer.concat([start, key, Buffer.from([9, 0, 0, 0]), nested]))).toBe('refused');
  });
});

describe('readGguf', () => {
  it('refuses a file that ends before its tensors do', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'cut.gguf');
    const whole = tinyModel();
    await writeFile(path, whole.subarray(0, whole.length - 100));
    await expect(readGguf(path)).rejects.toThrow('cut off');
    await writeFile(path, whole.subarray(0, 100));
    await expect(readGguf(path)).rejects.toThrow('ends within its header');
    await writeFile(path, '');
    await expect(readGguf(path)).rejects.toBeInstanceOf(NearfarError);
  });

  it('reads headers longer than its first read', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'long.gguf');
    const tokens = Array.from({ length: 300_000 }, (_, index) => `token-${index}-${'x'.repeat(8)}`);
    await writeFile(path, ggufBytes({ 'tokenizer.ggml.tokens': { type: 'strings', value: tokens } }, []));
    const header = await readGguf(path);
    expect(header.metadata.get('tokenizer.ggml.tokens')).toEqual({ length: 300_000, values: null });
  });
});
