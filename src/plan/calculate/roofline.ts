import { requireNumber } from './figure.ts';

/** What bounds a machine, and how near to it a model's kernels come. */
export interface Machine {
  readonly memoryBytesPerSecond: number;
  /** `null`: not known, and then memory alone bounds. */
  readonly flops: number | null;
  /** Measured speed over the bound, 0 to 1, by what bounds; 1 is the roofline itself. */
  readonly efficiency: { readonly memory: number; readonly compute: number };
}

export interface ModelLoad {
  /** Bytes of weights that a step reads: all of them, or of a mixture of experts the active ones. */
  readonly weightBytes: number;
  readonly activeParameterCount: number;
  readonly kvBytesPerToken: number;
  /** Layers x query heads x head length: what attention multiplies for each pair of tokens. */
  readonly attentionWidth: number;
}

/** Of one step, milliseconds. */
export interface StepTime {
  readonly ms: number;
  readonly memoryMs: number;
  /** 0 where compute is not known. */
  readonly computeMs: number;
  readonly boundBy: 'memory' | 'compute';
}

/**
 * A decode step of `batchSize` sequences with so much context each: every weight is read once, every sequence's cache once, and
 * 2 operations a weight and token are done (Williams et al. 2009; Pope et al. 2022, section 2).
 */
export function decodeStep(
  model: ModelLoad,
  machine: Machine,
  batchSize: number,
  contextTokenCount: number,
): StepTime {
  requireNumber('batchSize', batchSize, 1);
  requireNumber('contextTokenCount', contextTokenCount);
  const bytes = model.weightBytes + batchSize * contextTokenCount * model.kvBytesPerToken;
  const operations =
    batchSize * (2 * model.activeParameterCount + 4 * contextTokenCount * model.attentionWidth);
  return stepTime(bytes, operations, machine);
}

/** Reading a prompt in one go: 2 operations a weight and token, and attention over half of all pairs. */
export function prefillStep(model: ModelLoad, machine: Machine, tokenCount: number): StepTime {
  requireNumber('tokenCount', tokenCount, 1);
  const operations = tokenCount * 2 * model.activeParameterCount + 2 * tokenCount ** 2 * model.attentionWidth;
  return stepTime(model.weightBytes + tokenCount * model.kvBytesPerToken, operations, machine);
}

function stepTime(bytes: number, operations: number, machine: Machine): StepTime {
  const { memoryBytesPerSecond, flops, efficiency } = machine;
  requireNumber('memoryBytesPerSecond', memoryBytesPerSecond, 1);
  const memoryMs = (1000 * bytes) / (memoryBytesPerSecond * efficiency.memory);
  const computeMs = flops === null ? 0 : (1000 * operations) / (flops * efficiency.compute);
  return {
    ms: Math.max(memoryMs, computeMs),
    memoryMs,
    computeMs,
    boundBy: memoryMs >= computeMs ? 'memory' : 'compute',
  };
}

/**
 * How near a model comes to the roofline of the machine it was measured on; what other models of the same format are
 * predicted with.
 */
export function measuredEfficiency(
  model: ModelLoad,
  machine: Omit<Machine, 'efficiency'>,
  speed: { readonly decodeTokensPerSecond: number; readonly prefillTokensPerSecond: number },
  prefillTokenCount: number,
): Machine['efficiency'] {
  const ideal = { ...machine, efficiency: { memory: 1, compute: 1 } };
  const decodeMs = decodeStep(model, ideal, 1, 0).memoryMs;
  const prefillMs = prefillStep(model, ideal, prefillTokenCount).computeMs;
  return {
    memory: Math.min(1, (decodeMs * speed.decodeTokensPerSecond) / 1000),
    compute: Math.min(1, (prefillMs * speed.prefillTokensPerSecond) / (1000 * prefillTokenCount)) || 1,
  };
}
