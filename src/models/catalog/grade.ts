import type { ModelGrade } from '../../chat/part.ts';
import type { PublishedScore } from './entry.ts';

/**
 * Pairs (benchmark, MMLU-Redux) of one series that published all of them: Qwen2.5-Instruct 0.5B, 1.5B, 3B, 7B
 * and 14B (arXiv 2412.15115). They carry a figure of one benchmark over to the other's scale.
 */
const toMmluRedux: Readonly<Record<'MMLU-Pro' | 'IFEval', readonly (readonly [number, number])[]>> = {
  'MMLU-Pro': [
    [15.0, 24.1],
    [32.4, 50.7],
    [43.7, 64.4],
    [56.3, 75.4],
    [63.7, 80.0],
  ],
  IFEval: [
    [27.9, 24.1],
    [42.5, 50.7],
    [58.2, 64.4],
    [71.2, 75.4],
    [81.0, 80.0],
  ],
};

/** Linear between the pairs and beyond them. */
function interpolate(pairs: readonly (readonly [number, number])[], value: number): number {
  let index = 1;
  while (index < pairs.length - 1 && value > (pairs[index]?.[0] ?? Infinity)) index += 1;
  const [x0, y0] = pairs[index - 1] ?? [0, 0];
  const [x1, y1] = pairs[index] ?? [1, 1];
  return y0 + ((value - x0) * (y1 - y0)) / (x1 - x0);
}

/**
 * A published score on MMLU's scale, percent: MMLU, MMLU-Redux and the first leaderboard's average as they are,
 * the others by the pairs above. An estimate, good for ordering and no more.
 */
export function comparableScore(score: PublishedScore): number {
  switch (score.benchmark) {
    case 'MMLU':
    case 'MMLU-Redux':
    case 'Open LLM Leaderboard v1':
      return score.value;
    case 'MMLU-Pro':
    case 'IFEval':
      return interpolate(toMmluRedux[score.benchmark], score.value);
  }
}

/** What a figure of obedience alone is worth less: the width of a grade. */
const onlyObedienceMalus = 20;

/**
 * Mean of an entry's comparable scores; 0 where it has none. IFEval alone measures obedience and not knowledge:
 * with no other figure 20 points, the width of a grade, are taken off.
 */
export function qualityOf(scores: readonly PublishedScore[]): number {
  if (scores.length === 0) return 0;
  const mean = scores.reduce((sum, score) => sum + comparableScore(score), 0) / scores.length;
  const isObedienceOnly = scores.every((score) => score.benchmark === 'IFEval');
  return Math.max(0, isObedienceOnly ? mean - onlyObedienceMalus : mean);
}

/** The rule behind every grade of the catalog: below 40 a `smoke test`, below 60 `basic`, then `assistant`. */
export function gradeOf(scores: readonly PublishedScore[]): ModelGrade {
  const quality = qualityOf(scores);
  if (quality < 40) return 'smoke test';
  return quality < 60 ? 'basic' : 'assistant';
}
