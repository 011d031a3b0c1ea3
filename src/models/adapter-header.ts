import { NearfarError } from '../chat/error.ts';
import { isEmbeddingModel } from '../engine/llama/pooling.ts';
import type { GgufHeader, GgufTensor } from './gguf.ts';

/** The headers of an adapter and of all files of the model that it is to be applied to. */
export interface AdapterFiles {
  /** As messages call it. */
  readonly name: string;
  readonly adapter: GgufHeader;
  readonly modelId: string;
  readonly model: readonly GgufHeader[];
}

/** Weights that libllama adds to, convolves or looks up instead of multiplying by them, so that it would pass over a delta. */
const neverMultiplied = /(?:ssm_conv1d|ssm_a|ssm_d|shortconv\.conv|position_embd|token_types|rope_freqs)/;

/**
 * Checks that a GGUF is a LoRA adapter for this model, by the rules of libllama (llama-adapter.cpp), which says less
 * about what is wrong and passes over what it cannot apply. Pure.
 * @returns the names of norm tensors that the adapter holds and libllama leaves out
 * @throws NearfarError `invalid_request` or `unsupported`, naming the first key or tensor that does not fit
 */
export function checkAdapter(files: AdapterFiles): readonly string[] {
  const { name, adapter, modelId, model } = files;
  const refuse = (why: string): never => {
    throw new NearfarError('invalid_request', `The adapter ${name} does not fit ${modelId}: ${why}.`);
  };
  requireLora(name, adapter);
  const [head] = model;
  const architecture = head?.metadata.get('general.architecture');
  const wanted = adapter.metadata.get('general.architecture');
  if (wanted !== architecture) {
    refuse(`its general.architecture is ${shown(wanted)}, the model's ${shown(architecture)}`);
  }
  if (isEmbeddingModel((key) => textOf(head, key))) {
    const text = `The adapter ${name}: ${modelId} only embeds or ranks; adapters change answers.`;
    throw new NearfarError('unsupported', text);
  }
  const weights = new Map(model.flatMap(({ tensors }) => tensors.map((tensor) => [tensor.name, tensor])));
  const { pairs, left } = pairsOf(adapter.tensors, refuse);
  if (pairs.size === 0) refuse('it holds no pair of .lora_a and .lora_b');
  for (const [weightName, pair] of pairs) {
    const weight = weights.get(weightName);
    if (weight === undefined) refuse(`the model has no tensor ${weightName}`);
    else checkPair(weight, pair, weights.has('output.weight'), refuse);
  }
  return left;
}

/** @throws NearfarError `invalid_request` where the file is something else, `unsupported` for an aLoRA */
export function requireLora(name: string, { metadata }: GgufHeader): void {
  const expected = { 'general.type': 'adapter', 'adapter.type': 'lora' };
  for (const [key, value] of Object.entries(expected)) {
    const found = metadata.get(key);
    if (found === value) continue;
    throw new NearfarError(
      'invalid_request',
      `${name} is no LoRA adapter: its ${key} is ${shown(found)}, expected "${value}".`,
    );
  }
  const tokens = metadata.get('adapter.alora.invocation_tokens');
  if (typeof tokens !== 'object' || tokens.length === 0) return;
  throw new NearfarError(
    'unsupported',
    `${name} is an activated LoRA: it has adapter.alora.invocation_tokens and works from those on, which is not ` +
      'supported. Only adapters for the whole text are.',
  );
}

interface Pair {
  readonly a: GgufTensor;
  readonly b: GgufTensor;
}

type Refuse = (why: string) => never;

function pairsOf(
  tensors: readonly GgufTensor[],
  refuse: Refuse,
): { readonly pairs: ReadonlyMap<string, Pair>; readonly left: readonly string[] } {
  const halves = new Map<string, Partial<Record<'a' | 'b', GgufTensor>>>();
  const left: string[] = [];
  for (const tensor of tensors) {
    const [, weightName, half] = /^(.*)\.lora_([ab])$/.exec(tensor.name) ?? [];
    if (weightName !== undefined) {
      if (tensor.bytes === null) refuse(`${tensor.name} has an unknown type, ${tensor.type}`);
      halves.set(weightName, { ...halves.get(weightName), [half === 'a' ? 'a' : 'b']: tensor });
    } else if (tensor.name.endsWith('_norm.weight')) left.push(tensor.name);
    else refuse(`its tensor ${tensor.name} is neither .lora_a nor .lora_b`);
  }
  const pairs = new Map<string, Pair>();
  for (const [weightName, { a, b }] of halves) {
    if (a === undefined || b === undefined) {
      refuse(`it has ${weightName}.lora_${a === undefined ? 'b' : 'a'} and not the other half`);
    } else pairs.set(weightName, { a, b });
  }
  return { pairs, left };
}

function checkPair(weight: GgufTensor, { a, b }: Pair, hasOwnOutput: boolean, refuse: Refuse): void {
  const [inputCount = 1, outputCount = 1, layerCount = 1] = weight.dimensions;
  const sizes = ({ dimensions: [first = 1, second = 1, third = 1] }: GgufTensor) => ({
    first,
    second,
    third,
  });
  const [ofA, ofB] = [sizes(a), sizes(b)];
  const shape = (tensor: GgufTensor): string => `${tensor.name} is ${tensor.dimensions.join(' x ')}`;
  if (weight.name === 'token_embd.weight') {
    // As a table, A is turned round; as an output matrix it would be multiplied, which aborts the process.
    if (!hasOwnOutput) refuse('it changes token_embd.weight, which is the output matrix of this model, too');
    if (ofB.second === inputCount && ofA.second === outputCount && ofA.first === ofB.first) return;
    refuse(`${shape(a)} and ${shape(b)}, but ${shape(weight)}`);
  }
  if (weight.dimensions.length < 2 || neverMultiplied.test(weight.name)) {
    refuse(`it changes ${weight.name}, which libllama does not apply adapters to`);
  }
  if (ofA.first !== inputCount || ofA.third !== layerCount) refuse(`${shape(a)}, but ${shape(weight)}`);
  if (ofB.second !== outputCount || ofB.third !== layerCount) refuse(`${shape(b)}, but ${shape(weight)}`);
  if (ofA.second !== ofB.first) refuse(`${shape(a)} and ${shape(b)}: their ranks differ`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 80)}"` : 'not stated';
}

function textOf(header: GgufHeader | undefined, key: string): string | undefined {
  const value = header?.metadata.get(key);
  return typeof value === 'object' || value === undefined ? undefined : String(value);
}
