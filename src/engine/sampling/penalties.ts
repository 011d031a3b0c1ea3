import type { SamplingOptions } from '../../chat/sampling.ts';

/** A bias at or below this bans the token, as OpenAI's -100 means. */
const banningBias = -100;

export interface Penalties {
  /** True where logits would come back unchanged. */
  isIdle(): boolean;
  /** Changes the logits in place: biases, then penalties. */
  apply(logits: Float32Array): void;
  accept(token: number): void;
}

/**
 * Biases and penalties. Repetition looks at the prompt and the answer, as in the paper and in llama.cpp; presence
 * and frequency only at the answer, as OpenAI documents them. All three look at the last `penaltyWindow` tokens.
 */
export function createPenalties(options: SamplingOptions, promptTokens: ArrayLike<number>): Penalties {
  const { repetitionPenalty, presencePenalty, frequencyPenalty, penaltyWindow, logitBias } = options;
  const penalizes =
    penaltyWindow !== 0 && (repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0);
  const window = penaltyWindow < 0 ? Infinity : penaltyWindow;
  /** All that was seen, oldest first; the first `promptCount` are the prompt's. `oldest` is the window's border. */
  const history: number[] = [];
  let oldest = 0;
  /** Occurrences inside the window. */
  const seen = new Map<number, number>();
  const generated = new Map<number, number>();
  if (penalizes) {
    const first = Math.max(0, promptTokens.length - window);
    for (let index = first; index < promptTokens.length; index += 1)
      history.push(promptTokens[index] as number);
    for (const token of history) count(seen, token, 1);
  }
  const promptCount = history.length;

  return {
    isIdle: () => logitBias.size === 0 && seen.size === 0,
    apply(logits) {
      for (const [token, bias] of logitBias) {
        logits[token] = bias <= banningBias ? -Infinity : (logits[token] as number) + bias;
      }
      if (repetitionPenalty !== 1) {
        for (const token of seen.keys()) {
          const logit = logits[token] as number;
          logits[token] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
        }
      }
      if (presencePenalty !== 0 || frequencyPenalty !== 0) {
        for (const [token, occurrences] of generated) {
          logits[token] = (logits[token] as number) - presencePenalty - frequencyPenalty * occurrences;
        }
      }
    },
    accept(token) {
      if (!penalizes) return;
      history.push(token);
      count(seen, token, 1);
      count(generated, token, 1);
      if (history.length - oldest > window) {
        const gone = history[oldest] as number;
        count(seen, gone, -1);
        if (oldest >= promptCount) count(generated, gone, -1);
        oldest += 1;
      }
    },
  };
}

function count(counts: Map<number, number>, token: number, change: number): void {
  const next = (counts.get(token) ?? 0) + change;
  if (next === 0) counts.delete(token);
  else counts.set(token, next);
}
