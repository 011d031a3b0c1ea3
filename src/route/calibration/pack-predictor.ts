import { structureNames } from '../difficulty/features.ts';
import type { Predictor } from './predictor.ts';
import type { Profile } from './profile.ts';
import type { LinearModel } from './ridge.ts';
import type { Topics } from './topics.ts';

/** The parts of a profile that a predictor is kept in. */
export type PackedPredictor = Pick<Profile, 'space' | 'common' | 'topics' | 'blend'> & {
  readonly models: readonly Pick<
    Profile['models'][number],
    'offset' | 'words' | 'structure' | 'trees' | 'amount'
  >[];
};

/** In text; what is read back differs by the rounding to 4 bytes, loadings of topics to one. */
export function packPredictor({ components, blend }: Predictor): PackedPredictor {
  const { space, topics, common, models } = components;
  return {
    space: {
      features: [...structureNames],
      featureMeans: [...space.featureMeans],
      featureDeviations: [...space.featureDeviations],
      idf: encode(space.idf),
    },
    common: packLinear(common),
    topics: packTopics(topics),
    blend: [...blend],
    models: models.map(({ offset, words, structure, trees, amount }) => ({
      offset,
      words: packLinear(words),
      structure: packLinear(structure),
      amount: packLinear(amount),
      trees: {
        base: trees.base,
        trees: trees.trees.map((tree) => ({
          columns: [...tree.columns],
          limits: [...tree.limits],
          leaves: tree.leaves.map((leaf) => Number(leaf.toPrecision(6))),
        })),
      },
    })),
  };
}

/** Takes some milliseconds: once for many texts. */
export function openPredictor({ space, common, topics, blend, models }: PackedPredictor): Predictor {
  return {
    blend,
    components: {
      space: {
        idf: decode(space.idf),
        featureMeans: space.featureMeans,
        featureDeviations: space.featureDeviations,
      },
      topics: openTopics(topics),
      common: openLinear(common),
      models: models.map(({ offset, words, structure, trees, amount }) => ({
        offset,
        words: openLinear(words),
        structure: openLinear(structure),
        amount: openLinear(amount),
        trees,
      })),
    },
  };
}

function packTopics({ count, columns, loadings }: Topics): Profile['topics'] {
  const scales = Array.from({ length: count }, (_, topic) => {
    let most = 0;
    for (let at = topic; at < loadings.length; at += count)
      most = Math.max(most, Math.abs(loadings[at] ?? 0));
    return most;
  });
  const bytes = Int8Array.from(loadings, (loading, at) => {
    const scale = scales[at % count] ?? 0;
    return scale === 0 ? 0 : Math.round((127 * loading) / scale);
  });
  return { count, columns: [...columns], scales, loadings: Buffer.from(bytes.buffer).toString('base64') };
}

function openTopics({ count, columns, scales, loadings }: Profile['topics']): Topics {
  const bytes = new Int8Array(Buffer.from(loadings, 'base64'));
  return {
    count,
    columns: Int32Array.from(columns),
    loadings: Float32Array.from(bytes, (byte, at) => (byte * (scales[at % count] ?? 0)) / 127),
  };
}

function packLinear({ weights, intercept }: LinearModel): { intercept: number; weights: string } {
  return { intercept, weights: encode(weights) };
}

function openLinear({ weights, intercept }: { intercept: number; weights: string }): LinearModel {
  return { weights: Float64Array.from(decode(weights)), intercept };
}

function encode(values: ArrayLike<number>): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (let at = 0; at < values.length; at++) bytes.writeFloatLE(values[at] ?? 0, at * 4);
  return bytes.toString('base64');
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.byteLength / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}
