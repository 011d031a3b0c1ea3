import { expect, it } from 'vitest';
import { writableFormats } from '../../engine/llama/quantize.ts';
import { formatNamed, quantizeFormats } from './quantize-formats.ts';

it('lists every file type of llama.h, from the most exact to the smallest', () => {
  expect(quantizeFormats.map(({ name }) => name).toSorted()).toEqual(writableFormats.toSorted());
  const bits = quantizeFormats.map(({ bitsPerWeight }) => bitsPerWeight);
  expect(bits).toEqual(bits.toSorted((a, b) => b - a));
  expect(quantizeFormats.find(({ name }) => name === 'Q4_K_M')?.bitsPerWeight).toBe(4.5);
});

it("understands the guide's names, in any case", () => {
  const names = ['FP16', 'int8', 'INT4', 'q4_k_m', 'Q4-K-M', 'nf4', 'fp8', 'mxfp4', 'Q4', ''];
  expect(names.map(formatNamed)).toEqual([
    'F16',
    'Q8_0',
    'Q4_K_M',
    'Q4_K_M',
    'Q4_K_M',
    'NF4',
    'FP8_E4M3',
    'MXFP4_MOE',
    null,
    null,
  ]);
});
