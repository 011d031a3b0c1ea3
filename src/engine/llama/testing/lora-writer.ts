import { writeFileSync } from 'node:fs';
import type { GgufHeader } from '../../../models/gguf.ts';
import { encodeGguf, type Metadata, type Tensor } from '../../../models/gguf-writer.ts';

/** What a test adapter does. */
export interface LoraOptions {
  /** Of the base model that it is made for. */
  readonly header: Pick<GgufHeader, 'metadata' | 'tensors'>;
  readonly rank?: number;
  readonly alpha?: number;
  /** Numbers of A and B are uniform in +-`size`; 0 makes an adapter that changes nothing. */
  readonly size: number;
  readonly seed: number;
  /** Which weights it changes, by the end of their name. */
  readonly targets?: readonly string[];
  /** Further or other metadata; `null` leaves a key out. */
  readonly metadata?: Readonly<Record<string, Metadata | null>>;
  /** Changes the tensors before they are written. */
  readonly edit?: (tensors: Tensor[]) => Tensor[];
}

const usualTargets = ['attn_q.weight', 'attn_v.weight', 'ffn_down.weight'];

/**
 * Writes a LoRA adapter as llama.cpp's convert_lora_to_gguf.py does: `NAME.lora_a` of shape [inputs, rank] and
 * `NAME.lora_b` of [rank, outputs], random, the same each time.
 */
export function writeLora(path: string, options: LoraOptions): void {
  const { header, rank = 4, alpha = 4, size, targets = usualTargets } = options;
  const random = createRandom(options.seed);
  const matrix = (name: string, ...shape: number[]): Tensor => ({
    name,
    shape,
    values: new Float32Array(shape.reduce((product, one) => product * one, 1)).map(
      () => size * (2 * random() - 1),
    ),
  });
  const tensors = header.tensors
    .filter(({ name, dimensions }) => dimensions.length === 2 && targets.some((end) => name.endsWith(end)))
    .flatMap(({ name, dimensions: [inputCount = 1, outputCount = 1] }) => [
      matrix(`${name}.lora_a`, inputCount, rank),
      matrix(`${name}.lora_b`, rank, outputCount),
    ]);
  const architecture = header.metadata.get('general.architecture');
  if (typeof architecture !== 'string') throw new Error('the model names no architecture');
  const metadata = new Map<string, Metadata>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'adapter' }],
    ['general.license', { type: 'string', value: 'apache-2.0' }],
    ['adapter.type', { type: 'string', value: 'lora' }],
    ['adapter.lora.alpha', { type: 'f32', value: alpha }],
  ]);
  for (const [key, value] of Object.entries(options.metadata ?? {})) {
    if (value === null) metadata.delete(key);
    else metadata.set(key, value);
  }
  writeFileSync(path, encodeGguf(metadata, options.edit?.(tensors) ?? tensors));
}

/** Numbers in [0, 1), always the same for a seed (Park-Miller). */
function createRandom(seed: number): () => number {
  let state = (seed * 7919 + 1) % 2_147_483_647;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
