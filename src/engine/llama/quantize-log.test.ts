import { expect, it } from 'vitest';
import { readMissingLine, readTensorLine } from './quantize-log.ts';

it.each([
  [
    '[   1/ 272]  token_embd.weight                    - [   576,  49152,      1,      1], type =   q4_1, size =    16.88 MiB ->    28.69 MiB (q8_0)',
    { name: 'token_embd.weight', elementCount: 576 * 49152, type: 'q8_0' },
  ],
  [
    '[  12/ 272]  blk.0.ffn_up.weight                  - [   576,   1536,      1,      1], type =    f16, converting to q4_K .. size =     1.69 MiB ->     0.47 MiB',
    { name: 'blk.0.ffn_up.weight', elementCount: 576 * 1536, type: 'q4_K' },
  ],
  [
    '[   2/ 272]  blk.0.attn_norm.weight               - [   576,      1,      1,      1], type =    f32, size =    0.002 MiB',
    { name: 'blk.0.attn_norm.weight', elementCount: 576, type: 'f32' },
  ],
  ['llama_model_quantize_impl: model size  =   256.63 MiB (16.01 BPW)', null],
])('reads %s', (line, expected) => {
  expect(readTensorLine(line)).toEqual(expected);
});

it('reads what a matrix does not cover', () => {
  const line = '====== llama_model_quantize_impl: did not find weights for token_embd.weight';
  expect(readMissingLine(line)).toBe('token_embd.weight');
  expect(readMissingLine('anything else')).toBeNull();
});
