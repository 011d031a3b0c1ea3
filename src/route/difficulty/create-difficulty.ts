import { asksForProof, proofDifficulty } from './asks-for-proof.ts';
import { openFeatures } from './features.ts';
import { rawDifficulty, shareBelow, type DifficultyWeights } from './weights.ts';
import shipped from './weights.json' with { type: 'json' };

/** 0-1, both exclusive: the share of 17,000 public questions that are easier to answer, as far as the text tells. */
export type Difficulty = (text: string) => number;

/**
 * The difficulty model that ships with the package, or one that was trained again. Pure, no file is read, about 0.3 ms a prompt: the
 * length of the prompt and six signs (weights.ts), as a percentile of the public questions that it was trained on. 0.3 and 0.7 are what
 * they say: easier than 70% and harder than 70% of examination questions asked without answers to choose from. What people ask in
 * chats lies mostly below 0.3. A demand for a proof is 0.7 at least.
 */
export function createDifficulty(weights: DifficultyWeights = shipped as DifficultyWeights): Difficulty {
  return (text) => {
    const share = shareBelow(rawDifficulty(openFeatures(text), weights), weights.percentiles);
    return asksForProof(text) ? Math.max(proofDifficulty, share) : share;
  };
}
