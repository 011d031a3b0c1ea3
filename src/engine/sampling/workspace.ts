import { bucketCount } from './depth.ts';

/** Buffers for one draw. Draws are synchronous, so all samplers of a thread share one per vocabulary size. */
export interface Workspace {
  /** Copy of the logits that penalties and biases are applied to. */
  readonly logits: Float32Array;
  /** The candidates and their depths in nats at temperature 1. */
  readonly ids: Int32Array;
  readonly depths: Float64Array;
  /** By what the candidates are ordered, where that is not the depth. */
  readonly keys: Float64Array;
  readonly weights: Float64Array;
  /** One more than there are buckets: the last takes what lies beyond the depth limit. */
  readonly buckets: Float64Array;
}

function createWorkspace(vocabTokenCount: number): Workspace {
  return {
    logits: new Float32Array(vocabTokenCount),
    ids: new Int32Array(vocabTokenCount),
    depths: new Float64Array(vocabTokenCount),
    keys: new Float64Array(vocabTokenCount),
    weights: new Float64Array(vocabTokenCount),
    buckets: new Float64Array(bucketCount + 1),
  };
}

const shared = new Map<number, Workspace>();

/** The thread's buffers for a vocabulary of this size; made at first use. */
export function sharedWorkspace(vocabTokenCount: number): Workspace {
  let workspace = shared.get(vocabTokenCount);
  if (workspace === undefined) {
    workspace = createWorkspace(vocabTokenCount);
    shared.set(vocabTokenCount, workspace);
  }
  return workspace;
}
