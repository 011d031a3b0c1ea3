import { requireNumber, type Figure } from './figure.ts';
import { findModelShape, type ModelShape } from './model-shape.ts';
import { findWeightFormat, weightFormats, type WeightFormat } from './weight-format.ts';

/** Bytes of a model's weights in a format, with the working. */
export function weightBytes(parameterCount: number, format: WeightFormat): Figure {
  requireNumber('parameterCount', parameterCount, 1, 1e14);
  return {
    name: `weights in ${format.name}`,
    value: (parameterCount * format.bitsPerWeight) / 8,
    unit: 'bytes',
    basis: 'estimated',
    formula: 'weights x bits per weight / 8',
    inputs: { weights: parameterCount, 'bits per weight': Number(format.bitsPerWeight.toFixed(4)) },
    source: format.source,
  };
}

/**
 * A model by a name such as `Phi-4 14B` or `llama-3.1-8b`, or by its size alone: `70B` is taken for a Llama of 70 billion
 * weights.
 * @throws RangeError listing what is known
 */
export function shapeByName(name: string): ModelShape {
  const shape = findModelShape(name) ?? shapeBySize(name);
  if (shape === null) {
    throw new RangeError(
      `model: expected the name of a model here, a GGUF file, a size such as 70B, or one of ${knownNames()}, got ${JSON.stringify(name)}`,
    );
  }
  return shape;
}

/** @throws RangeError listing what is known */
export function formatByName(name: string): WeightFormat {
  const format = findWeightFormat(name);
  if (format === null) {
    const known = weightFormats.map((one) => one.name).join(', ');
    throw new RangeError(`format: expected one of ${known}, FP16, INT8 or INT4, got ${JSON.stringify(name)}`);
  }
  return format;
}

/** Sizes that the guide and users speak of, and the model that stands for each. */
const bySize: Readonly<Record<string, string>> = {
  '0.5B': 'Qwen2.5 0.5B',
  '1B': 'Llama 3.2 1B',
  '1.1B': 'TinyLlama 1.1B',
  '3B': 'Llama 3.2 3B',
  '7B': 'Mistral 7B',
  '8B': 'Llama 3.1 8B',
  '9B': 'Gemma 2 9B',
  '14B': 'Phi-4 14B',
  '65B': 'LLaMA 65B',
  '70B': 'Llama 3.1 70B',
  '72B': 'Qwen2.5 72B',
};

function shapeBySize(name: string): ModelShape | null {
  const size = name.trim().toUpperCase();
  const standIn = Object.hasOwn(bySize, size) ? bySize[size] : undefined;
  return standIn === undefined ? null : findModelShape(standIn);
}

function knownNames(): string {
  return ['Phi-4 14B', 'Gemma 2 9B', 'Llama 3.1 8B', 'TinyLlama 1.1B', 'Llama 3.1 70B', 'Mistral 7B'].join(
    ', ',
  );
}
