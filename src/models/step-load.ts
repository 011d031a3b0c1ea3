import type { StepLoad } from '../plan/calculate/calibrated-speed.ts';
import type { GgufHeader } from './gguf.ts';
import { ggufFacts } from './gguf-facts.ts';
import { tensorFormat } from './tensor-format.ts';

/**
 * What a step of a model has to do, from its header: the matrices of its blocks and its output by the formats of their tensors.
 * All experts of a mixture count, which is too many for single tokens. Pure.
 */
export function stepLoad(header: GgufHeader): StepLoad {
  const facts = ggufFacts(header);
  const blockWeights: Record<string, number> = {};
  const outputWeights: Record<string, number> = {};
  const hasOutput = header.tensors.some(({ name }) => name === 'output.weight');
  const output = hasOutput ? 'output.weight' : 'token_embd.weight';
  for (const { name, type, dimensions, elementCount } of header.tensors) {
    if ((dimensions[1] ?? 1) <= 1) continue;
    const format = tensorFormat(type)?.name ?? `type ${type}`;
    const sums = name === output ? outputWeights : name.startsWith('blk.') ? blockWeights : null;
    if (sums !== null) sums[format] = (sums[format] ?? 0) + elementCount;
  }
  const layerCount = facts.layerCount ?? 0;
  return {
    blockWeights,
    outputWeights,
    layerCount,
    attentionWidth: layerCount * (facts.headCount ?? 0) * (facts.keyLength ?? 0),
  };
}
