import { afterAll, beforeAll, expect, it } from 'vitest';
import { kvShareOfF16 } from './kv-type.ts';
import { checkKvType } from './llama/context-options.ts';
import { openTiny, type TinyModel } from './llama/testing/open-tiny.ts';

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('dense');
});
afterAll(() => {
  tiny.close();
});

it('takes what ggml blocks take', () => {
  expect(kvShareOfF16('f16')).toBe(1);
  expect(kvShareOfF16('q8_0')).toBeCloseTo(0.531, 3);
  expect(kvShareOfF16('q4_0')).toBeCloseTo(0.281, 3);
});

it('is refused by name where a head is no multiple of a block, before libllama is asked', () => {
  expect(() => tiny.context({ kvType: 'q8_0' })).toThrow(/heads of 16 numbers.*block of 32/);
  expect(() => tiny.context({ kvType: 'q4_0' })).toThrow(
    expect.objectContaining({ kind: 'unsupported', field: 'engine.kvType' }) as Error,
  );
});

it('is refused where values cannot have flash attention', () => {
  const grok = {
    description: 'grok',
    metadata: new Map([['general.architecture', 'grok']]),
    embeddingLength: 128,
    headCount: 2,
  };
  expect(() => {
    checkKvType(grok, 'q8_0');
  }).toThrow(/flash attention/);
  expect(() => {
    checkKvType(grok, 'f16');
  }).not.toThrow();
});
