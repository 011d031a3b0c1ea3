import { kvBytes, kvBytesPerToken } from './attention.ts';
import { compareWithGuide, type ComparedFigure } from './figure.ts';
import { findModelShape } from './model-shape.ts';
import { findWeightFormat } from './weight-format.ts';
import { weightBytes } from './weight-bytes.ts';

/** The guide's table "Memory requirements by format", gigabytes. */
const guideRows: readonly (readonly [
  model: string,
  guideName: string,
  row: Readonly<Record<string, number>>,
])[] = [
  ['Phi-4 14B', 'Phi-4 (14B)', { FP16: 28, INT8: 14, INT4: 7, NF4: 7 }],
  ['Gemma 2 9B', 'Gemma 2 (9B)', { FP16: 18, INT8: 9, INT4: 4.5, NF4: 4.5 }],
  ['Llama 3.1 8B', 'Llama 3.2 (8B)', { FP16: 16, INT8: 8, INT4: 4, NF4: 4 }],
  ['TinyLlama 1.1B', 'TinyLlama (1.1B)', { FP16: 2.2, INT8: 1.1, INT4: 0.55, NF4: 0.55 }],
];

const blockScales =
  'the guide counts the bits of the weights alone; every block of weights also has a scale of its own, and the model has ' +
  'not exactly the round number of weights that its name says';

/** The guide's memory table with what the formats really take. */
export function guideMemoryTable(): readonly (ComparedFigure & {
  readonly model: string;
  readonly format: string;
})[] {
  return guideRows.flatMap(([model, guideName, row]) => {
    const shape = findModelShape(model);
    if (shape === null) return [];
    return Object.entries(row).flatMap(([format, gigabytes]) => {
      const found = findWeightFormat(format);
      if (found === null) return [];
      const claim = {
        text: `${guideName} in ${format}: ${gigabytes} GB`,
        range: [gigabytes * 1e9, gigabytes * 1e9] as const,
      };
      const compared = compareWithGuide(weightBytes(shape.parameterCount, found), claim, blockScales);
      return [{ ...compared, model: shape.name, format }];
    });
  });
}

/** The guide's "~2MB per token for a 70B model" against a model with full attention and one with grouped queries. */
export function guideKvClaim(): readonly (ComparedFigure & { readonly model: string })[] {
  const claim = { text: 'KV cache: ~2MB per token for a 70B model', range: [2e6, 2e6] as const };
  return ['LLaMA 65B', 'Llama 3.1 70B'].flatMap((model) => {
    const shape = findModelShape(model);
    if (shape === null) return [];
    const cache = shape.layers[0]?.cache;
    const figure = {
      name: 'KV cache per token',
      value: kvBytesPerToken(shape.layers, 2),
      unit: 'bytes',
      basis: 'exact' as const,
      formula: 'layers x KV heads x (key length + value length) x 2 bytes',
      inputs: {
        layers: shape.layers.reduce((sum, { layerCount }) => sum + layerCount, 0),
        'KV heads': cache?.kind === 'heads' ? cache.kvHeadCount : 0,
        'head length': shape.headLength,
        'bytes of 1,000 tokens': kvBytes(shape.layers, 1000, 2),
      },
      source: shape.source,
    };
    const why =
      cache?.kind === 'heads' && cache.kvHeadCount < shape.headCount
        ? `${shape.headCount / cache.kvHeadCount} query heads share a key and a value (grouped queries, Ainslie et al. 2023)`
        : 'true of full attention, but rounded down: keys and values of 80 layers and 64 heads of 128 in 16 bits are 2.6 MB';
    return [{ ...compareWithGuide(figure, claim, why), model: shape.name }];
  });
}
