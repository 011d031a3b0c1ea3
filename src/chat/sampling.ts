/**
 * How the next token is drawn. Order of application: logit bias, repetition penalties, then
 * top_k -> typical_p -> top_p -> min_p -> temperature (llama.cpp's default order).
 */
export interface SamplingOptions {
  /** 0 = greedy. Range 0-2. */
  readonly temperature: number;
  /** 0 = off. */
  readonly topK: number;
  /** 1 = off. Range (0, 1]. */
  readonly topP: number;
  /** 0 = off. Range [0, 1]. */
  readonly minP: number;
  /** 1 = off. Locally typical sampling (Meister et al. 2022). */
  readonly typicalP: number;
  /** 1 = off. Divides (or multiplies) logits of tokens seen in the last `penaltyWindow` (Keskar et al. 2019). */
  readonly repetitionPenalty: number;
  /** OpenAI's, subtracted once per distinct token seen. Range -2..2. */
  readonly presencePenalty: number;
  /** OpenAI's, subtracted per occurrence. Range -2..2. */
  readonly frequencyPenalty: number;
  /** How many of the last tokens the penalties look at; -1 = all. */
  readonly penaltyWindow: number;
  /** Token id -> value added to its logit; -100 bans. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** `null` = drawn at random and not reproducible. */
  readonly seed: number | null;
}

export const neutralSampling: SamplingOptions = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  penaltyWindow: 64,
  logitBias: new Map(),
  seed: null,
};
