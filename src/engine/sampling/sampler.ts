import { NearfarError } from '../../chat/error.ts';
import type { SamplingOptions } from '../../chat/sampling.ts';
import { argmax } from './argmax.ts';
import { selectCandidates } from './candidates.ts';
import { drawFromAll, drawFromCandidates } from './draw.ts';
import { drawAllowed } from './constrained-draw.ts';
import type { Constraint } from './constraint.ts';
import { createPenalties } from './penalties.ts';
import { createRandom } from './random.ts';
import { sharedWorkspace } from './workspace.ts';

export interface Sampler {
  /**
   * Draws the next token. Reads the logits, never writes them: they may be a view of native memory.
   * @param logits one per token of the vocabulary
   * @param constraint what the token must match; `null` or absent: nothing. See constrained-draw.ts
   * @throws NearfarError `internal` where they hold NaN or Infinity, or no token matches; `invalid_request` where
   * biases ban every token
   */
  sample(logits: Float32Array, constraint?: Constraint | null): number;
  /** Tells the penalties which token was taken. */
  accept(token: number): void;
}

export interface SamplerSetup {
  /** Which of several choices of one request this is; choice i draws with seed + i. 0 by default. */
  readonly choiceIndex?: number;
  /** The prompt, for the repetition penalty. Empty by default. */
  readonly promptTokens?: ArrayLike<number>;
}

/** Below this a draw is the maximum: at 1e-6 the float32 steps between logits of 10 are a nat apart. */
const leastTemperature = 1e-6;

function checkBias(logitBias: ReadonlyMap<number, number>, vocabTokenCount: number): void {
  for (const token of logitBias.keys()) {
    if (Number.isInteger(token) && token >= 0 && token < vocabTokenCount) continue;
    throw new NearfarError(
      'invalid_request',
      `logit_bias names token ${token}, but this model's tokens are integers from 0 to ${vocabTokenCount - 1}.`,
      { field: 'logit_bias' },
    );
  }
}

/**
 * One choice's sampler. With a seed, the same options and logits give the same tokens.
 * @param vocabTokenCount length of the logits
 * @throws NearfarError `invalid_request` where a bias is for a token that the vocabulary lacks
 */
export function createSampler(
  options: SamplingOptions,
  vocabTokenCount: number,
  setup: SamplerSetup = {},
): Sampler {
  const { temperature, topK, topP, minP, typicalP, seed } = options;
  const penalties = createPenalties(options, setup.promptTokens ?? []);
  const random = createRandom(seed === null ? null : seed + (setup.choiceIndex ?? 0));
  const isGreedy = temperature < leastTemperature || topK === 1;
  checkBias(options.logitBias, vocabTokenCount);
  const hasFilters = topK > 0 || topP < 1 || minP > 0 || typicalP < 1;

  function adjust(logits: Float32Array): Float32Array {
    if (penalties.isIdle()) return logits;
    const copy = sharedWorkspace(vocabTokenCount).logits;
    copy.set(logits);
    penalties.apply(copy);
    if (options.logitBias.size > 0 && !copy.some((logit) => logit > -Infinity || Number.isNaN(logit))) {
      throw new NearfarError('invalid_request', 'logit_bias bans every token of the vocabulary.', {
        field: 'logit_bias',
      });
    }
    return copy;
  }

  return {
    sample(logits, constraint = null) {
      if (logits.length !== vocabTokenCount) {
        throw new RangeError(`expected ${vocabTokenCount} logits, got ${logits.length}`);
      }
      const adjusted = adjust(logits);
      const top = argmax(adjusted);
      const workspace = sharedWorkspace(vocabTokenCount);
      let first = top;
      let candidateCount: number | null = null;
      if (!isGreedy && hasFilters) {
        candidateCount = selectCandidates(adjusted, top, options, workspace);
        first = drawFromCandidates(candidateCount, temperature, random, workspace);
      } else if (!isGreedy) first = drawFromAll(adjusted, top, temperature, random, workspace);
      if (constraint === null || constraint.allows(first)) return first;
      const setup = { options, isGreedy, candidateCount, constraint, random, workspace };
      return drawAllowed({ ...setup, logits: adjusted, top, rejected: first });
    },
    accept(token) {
      penalties.accept(token);
    },
  };
}
