import type { MatrixSize, StepLoad } from '../plan/calculate/calibrated-speed.ts';
import type { GgufHeader } from './gguf.ts';
import { ggufFacts } from './gguf-facts.ts';
import { tensorFormat } from './tensor-format.ts';

/** Of a block beside its norms: seven matrices, two rotations, two writes to the cache, attention, gate, two additions. */
export const nodesOfBlock = 15;
/** A norm and the multiplication with its weights. */
export const nodesOfNorm = 2;

/**
 * What a step of a model has to do, from its header: the matrices of its blocks and its output by the formats of their tensors.
 * All experts of a mixture count, which is too many for single tokens. Pure.
 */
export function stepLoad(header: GgufHeader): StepLoad {
  const facts = ggufFacts(header);
  const layerCount = facts.layerCount ?? 0;
  const headCount = layerCount * (facts.headCount ?? 0);
  const blocks: Record<string, MatrixSize> = {};
  const ends: Record<string, MatrixSize> = {};
  const hasOutput = header.tensors.some(({ name }) => name === 'output.weight');
  const output = hasOutput ? 'output.weight' : 'token_embd.weight';
  const last = `blk.${layerCount - 1}.ffn_`;
  let normCount = 0;
  for (const { name, type, dimensions, elementCount } of header.tensors) {
    const isOfBlock = name.startsWith('blk.');
    if ((dimensions[1] ?? 1) <= 1) {
      if (isOfBlock && name.endsWith('norm.weight')) normCount++;
      continue;
    }
    const format = tensorFormat(type)?.name ?? `type ${type}`;
    const sums = name === output || name.startsWith(last) ? ends : isOfBlock ? blocks : null;
    if (sums === null) continue;
    const { weightCount, rowCount } = sums[format] ?? { weightCount: 0, rowCount: 0 };
    sums[format] = {
      weightCount: weightCount + elementCount,
      rowCount: rowCount + elementCount / (dimensions[0] ?? 1),
    };
  }
  return {
    ...{ blocks, ends },
    nodeCount: layerCount * nodesOfBlock + normCount * nodesOfNorm,
    headCount,
    attentionWidth: headCount * (facts.keyLength ?? 0),
  };
}
