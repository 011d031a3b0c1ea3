import { fitRidge, predict, stackRows, type LinearModel } from './ridge.ts';
import { columnCount, countText, learnSpace, rowOf, type CountedText, type TextSpace } from './text-space.ts';

/** What the score of each model depends on, learned from outcomes. */
export interface Predictor {
  readonly space: TextSpace;
  /** In the order of the models that it was fitted for. */
  readonly models: readonly LinearModel[];
}

/** How strongly weights are held to 0, in entries of a row of length 1: chosen on the public outcomes, one for all. */
const penalty = 20;

/**
 * One ridge regression of the scores of each model; the difference between two of them is what ridge regression would say of the
 * difference itself.
 * @param scores of each model, one for each text
 */
export function fitPredictor(texts: readonly CountedText[], scores: readonly ArrayLike<number>[]): Predictor {
  const space = learnSpace(texts);
  const matrix = stackRows(
    texts.map((text) => rowOf(text, space)),
    columnCount,
  );
  return { space, models: scores.map((targets) => fitRidge(matrix, targets, penalty)) };
}

/** The expected score of each model for a text, 0-1. */
export function expectScores({ space, models }: Predictor, text: CountedText): readonly number[] {
  const row = rowOf(text, space);
  return models.map((model) => Math.min(1, Math.max(0, predict(model, row))));
}

/** The same for a text as it is. */
export function expectScoresOf(predictor: Predictor, text: string): readonly number[] {
  return expectScores(predictor, countText(text));
}
