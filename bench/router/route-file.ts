import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { readFeatures, type Features } from '../../src/route/difficulty/features.ts';
import { readShape } from '../../src/route/difficulty/prompt-shape.ts';

/** In the folder `route` of the evaluation data. Families share questions: what learns from one is shown on the other. */
export const routeFiles = ['mmlu', 'gsm8k', 'zeroeval', 'mmlupro'] as const;
export type RouteFileName = (typeof routeFiles)[number];
export const families: readonly (readonly RouteFileName[])[] = [
  ['gsm8k', 'zeroeval'],
  ['mmlu', 'mmlupro'],
];

interface Line {
  readonly group: string;
  readonly prompt: string;
  readonly strong?: number;
  readonly weak?: number;
  readonly models?: Readonly<Record<string, readonly [score: number, cost: number]>>;
}

export interface RouteFile {
  readonly name: RouteFileName;
  readonly prompts: readonly string[];
  /** The same question has the same one, in other files too. */
  readonly groups: readonly string[];
  readonly features: readonly Features[];
  /** Of the questions without answers to choose from. */
  readonly openFeatures: readonly Features[];
  /** Mean score of the strong and the weak side for each prompt, and their difference. */
  readonly strong: Float64Array;
  readonly weak: Float64Array;
  readonly gains: Float64Array;
  /** Who the sides are, for the report. */
  readonly sides: string;
  /** Scores and costs of the models that have nearly all prompts; null where the file knows only two sides. */
  readonly models: readonly Readonly<Record<string, readonly [score: number, cost: number]>>[] | null;
}

/** A model takes part where it answered this share of a file's prompts. */
const completeShare = 0.99;

/**
 * A file of outcomes. Where it has many models, the strong side is the mean of the third that is right most often, the weak side that
 * of the third that is right least often: one pair of many would be a matter of taste, and noise.
 * @throws Error naming the file where it is not there
 */
export async function readRouteFile(folder: string, name: RouteFileName): Promise<RouteFile> {
  const path = join(folder, 'route', `${name}.dev.jsonl.gz`);
  let text: string;
  try {
    text = (await promisify(gunzip)(await readFile(path))).toString('utf8');
  } catch (error) {
    throw new Error(`${path}: expected the evaluation data (--data DIR names its folder)`, { cause: error });
  }
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const prompts = lines.map(({ prompt }) => prompt);
  const common = {
    name,
    prompts,
    groups: lines.map(({ group }) => group),
    features: prompts.map(readFeatures),
    openFeatures: prompts.map((prompt) => readFeatures(readShape(prompt).stem)),
  };
  if (lines.every(({ models }) => models === undefined)) {
    const strong = Float64Array.from(lines, (line) => line.strong ?? NaN);
    const weak = Float64Array.from(lines, (line) => line.weak ?? NaN);
    return {
      ...common,
      strong,
      weak,
      gains: difference(strong, weak),
      sides: 'GPT-4, Mixtral 8x7B',
      models: null,
    };
  }
  const models = lines.map((line) => line.models ?? {});
  const ranked = completeModels(models);
  const sideCount = Math.floor(ranked.length / 3);
  const mean = (names: readonly string[]): Float64Array =>
    Float64Array.from(models, (one) => {
      const known = names.flatMap((model) => (one[model] === undefined ? [] : [one[model][0]]));
      return known.reduce((sum, score) => sum + score, 0) / known.length;
    });
  const strong = mean(ranked.slice(0, sideCount));
  const weak = mean(ranked.slice(-sideCount));
  const sides = `means of the ${sideCount} most and the ${sideCount} least accurate of ${ranked.length} models`;
  return { ...common, strong, weak, gains: difference(strong, weak), sides, models };
}

/** Names of those that answered nearly all, the most accurate first. */
export function completeModels(
  models: readonly Readonly<Record<string, readonly [score: number, cost: number]>>[],
): readonly string[] {
  const sums = new Map<string, { count: number; score: number }>();
  for (const one of models)
    for (const [name, [score]] of Object.entries(one)) {
      const sum = sums.get(name) ?? { count: 0, score: 0 };
      sum.count++;
      sum.score += score;
      sums.set(name, sum);
    }
  return [...sums]
    .filter(([, { count }]) => count >= completeShare * models.length)
    .sort(([, a], [, b]) => b.score / b.count - a.score / a.count)
    .map(([name]) => name);
}

function difference(strong: Float64Array, weak: Float64Array): Float64Array {
  return strong.map((score, at) => score - (weak[at] ?? 0));
}
