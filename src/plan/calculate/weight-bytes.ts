import { requireNumber, type Figure } from './figure.ts';
import { findModelShape, modelShapes, type ModelShape } from './model-shape.ts';
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
 * weights, and with a family (`70B` and `qwen`, or `qwen 70B`) for that family's model of about that size.
 * @throws RangeError listing what is known
 */
export function shapeByName(name: string, family: string | null = null): ModelShape {
  const words = name.trim().split(/[\s/]+/);
  const [first = '', second = ''] = words;
  const spoken = words.length === 2 && sizeOf(second) !== null ? first : null;
  const shape =
    family === null && spoken === null
      ? (findModelShape(name) ?? shapeBySize(name))
      : (findModelShape(name) ??
        shapeOfFamily((family ?? spoken ?? '').toLowerCase(), sizeOf(spoken === null ? name : second)));
  if (shape === null) {
    const families = [...new Set(modelShapes.map((one) => one.family))].join(', ');
    throw new RangeError(
      `model: expected the name of a model here, a GGUF, safetensors or config.json file, a size such as 70B (of a family: ${families}), ` +
        `or one of ${knownNames()}, got ${JSON.stringify(family === null ? name : `${family} ${name}`)}`,
    );
  }
  return shape;
}

/** Weights of `70B`, `1.1b` or `135M`; `null`: no size. */
function sizeOf(text: string): number | null {
  const match = /^(\d{1,4}(?:\.\d{1,3})?)([BM])$/i.exec(text.trim());
  if (match === null) return null;
  return Number(match[1]) * (match[2]?.toUpperCase() === 'M' ? 1e6 : 1e9);
}

/** Names round: what is nearest, within a fifth. */
const sizeTolerance = 0.2;

function shapeOfFamily(family: string, size: number | null): ModelShape | null {
  if (size === null) return null;
  const distance = (shape: ModelShape): number => Math.abs(shape.parameterCount / size - 1);
  const [nearest] = modelShapes
    .filter((shape) => shape.family === family && distance(shape) <= sizeTolerance)
    .toSorted((one, other) => distance(one) - distance(other));
  return nearest ?? null;
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
