import { blended, fitBlend, type Blend } from './blend.ts';
import { cutBins, fitBoosting, predictBoosted, type BoostedTrees } from './boosting.ts';
import { fitRidge, predict, stackRows, type LinearModel, type SparseRow } from './ridge.ts';
import {
  bucketCount,
  featureRowOf,
  learnSpace,
  wordRowOf,
  type CountedText,
  type TextSpace,
} from './text-space.ts';
import { createTopicReader, findTopics, type Topics } from './topics.ts';

/**
 * Four kinds of prediction of by how much each model is better or worse than the models together: from the words of a prompt, from its
 * structure, from both by trees, which find what is so only of some subjects, and from length and amounts alone.
 */
export interface Components {
  readonly space: TextSpace;
  readonly topics: Topics;
  /** The mean score of all models. */
  readonly common: LinearModel;
  /** One for each model, in the order of the scores that they were fitted to. */
  readonly models: readonly ModelComponents[];
}

export interface ModelComponents {
  /** How much better than the models together, on average. */
  readonly offset: number;
  readonly words: LinearModel;
  readonly structure: LinearModel;
  readonly trees: BoostedTrees;
  /** By the length and the amounts alone. */
  readonly amount: LinearModel;
}

/** Components and how far each is trusted. */
export interface Predictor {
  readonly components: Components;
  readonly blend: Blend;
}

/** How strongly weights are held to 0; chosen on the public outcomes, one for all. */
const wordPenalty = 20;
const structurePenalty = 100;
const amountPenalty = 1;
const topicCount = 30;
/** Words, structure, trees and amounts before it is known which of them is right here, and how many prompts weigh as much. */
const priorBlend: Blend = [1, 0.3, 0.5, 0.4];
const priorPromptCount = 3000;
const seed = 1;

/** @param scores of each model, one for each text */
export function fitComponents(texts: readonly CountedText[], scores: readonly Float64Array[]): Components {
  const space = learnSpace(texts);
  const wordRows = texts.map((text) => wordRowOf(text, space));
  const words = stackRows(wordRows, bucketCount);
  const features = texts.map((text) => featureRowOf(text, space));
  const structure = stackRows(features.map(sparse), features[0]?.length ?? 0);
  const amount = stackRows(
    texts.map((text) => amountRow(text)),
    1,
  );
  const topics = findTopics(wordRows, topicCount, seed);
  const readTopics = createTopicReader(topics);
  const bins = cutBins(
    wordRows.map((row, at) => Float32Array.of(...(features[at] ?? []), ...readTopics(row))),
  );
  const mean = meanOf(scores);
  const relative = scores.map((one) => one.map((score, at) => score - (mean[at] ?? 0)));
  const fit = (targets: Float64Array): ModelComponents => {
    const offset = average(targets);
    const rest = targets.map((target) => target - offset);
    return {
      offset,
      words: fitRidge(words, rest, wordPenalty),
      structure: fitRidge(structure, rest, structurePenalty),
      trees: fitBoosting(bins, rest, seed),
      amount: fitRidge(amount, rest, amountPenalty),
    };
  };
  return {
    space,
    topics,
    common: fitRidge(words, mean, wordPenalty),
    models: relative.map(fit),
  };
}

/** What the components say of a text: the mean of all models, and for each model its offset and four differences from it. */
export interface ComponentScores {
  readonly common: number;
  readonly models: readonly { readonly offset: number; readonly differences: readonly number[] }[];
}

/** Reads texts by components; made once for many. */
export function createComponentReader(components: Components): (text: CountedText) => ComponentScores {
  const { space, topics, common, models } = components;
  const readTopics = createTopicReader(topics);
  return (text) => {
    const words = wordRowOf(text, space);
    const features = featureRowOf(text, space);
    const structure = sparse(features);
    const row = Float32Array.of(...features, ...readTopics(words));
    return {
      common: predict(common, words),
      models: models.map((model) => ({
        offset: model.offset,
        differences: [
          predict(model.words, words),
          predict(model.structure, structure),
          predictBoosted(model.trees, row),
          predict(model.amount, amountRow(text)),
        ],
      })),
    };
  };
}

/**
 * How far to trust each component, from what they said of texts that they had not seen.
 * @param scores of each model, one for each text
 */
export function blendOf(said: readonly ComponentScores[], scores: readonly Float64Array[]): Blend {
  const mean = meanOf(scores);
  const targets: number[] = [];
  const columns: number[][] = priorBlend.map(() => []);
  said.forEach(({ models }, at) => {
    models.forEach(({ offset, differences }, model) => {
      targets.push((scores[model]?.[at] ?? 0) - (mean[at] ?? 0) - offset);
      differences.forEach((difference, kind) => columns[kind]?.push(difference));
    });
  });
  return fitBlend(columns, targets, { blend: priorBlend, targetCount: priorPromptCount * scores.length });
}

/**
 * The expected score of each model, 0-1. Where one would lie outside, all are moved, so that the differences, which choices are made
 * by, stay what they are.
 */
export function blendedScores({ common, models }: ComponentScores, blend: Blend): readonly number[] {
  const scores = models.map(({ offset, differences }) => common + offset + blended(differences, blend));
  const over = Math.max(0, Math.max(...scores) - 1);
  const under = Math.min(0, Math.min(...scores) - over);
  return scores.map((score) => Math.min(1, Math.max(0, score - over - under)));
}

/** The expected score of each model for a text, 0-1; made once for many texts. */
export function createExpectation({
  components,
  blend,
}: Predictor): (text: CountedText) => readonly number[] {
  const read = createComponentReader(components);
  return (text) => blendedScores(read(text), blend);
}

function amountRow({ amount }: CountedText): SparseRow {
  return { columns: Int32Array.of(0), values: Float32Array.of(amount) };
}

function sparse(values: Float32Array): SparseRow {
  return { columns: Int32Array.from(values, (_, at) => at), values };
}

function meanOf(scores: readonly Float64Array[]): Float64Array {
  const mean = new Float64Array(scores[0]?.length ?? 0);
  for (const one of scores) one.forEach((score, at) => (mean[at] = (mean[at] ?? 0) + score / scores.length));
  return mean;
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
