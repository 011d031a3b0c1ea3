import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neutralSampling, type SamplingOptions } from '../../chat/sampling.ts';
import { argmax } from './argmax.ts';
import { selectCandidates } from './candidates.ts';
import { depthLimit, weightOfDepth } from './depth.ts';
import { sharedWorkspace } from './workspace.ts';

type Filters = Pick<SamplingOptions, 'topK' | 'typicalP' | 'topP' | 'minP'>;

/** Distance from a border within which rounding may decide, so that cases this near are not compared. */
const slack = 1e-9;

class TooClose extends Error {}

/** The definition, with sorts and Math.exp: the ids that stay, in ascending order. */
function reference(logits: Float32Array, filters: Filters): number[] {
  let ids = [...logits.keys()].filter((id) => logits[id]! > -Infinity);
  const byLogit = (left: number, right: number): number => logits[right]! - logits[left]! || left - right;
  ids.sort(byLogit);
  if (filters.topK > 0) ids = ids.slice(0, filters.topK);

  const probabilities = (): Map<number, number> => {
    const max = Math.max(...ids.map((id) => logits[id]!));
    const weights = ids.map((id) => Math.exp(logits[id]! - max));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return new Map(ids.map((id, index) => [id, weights[index]! / total]));
  };
  const takeUntil = (order: number[], share: Map<number, number>, target: number): number[] => {
    let mass = 0;
    const kept: number[] = [];
    for (const id of order) {
      kept.push(id);
      mass += share.get(id)!;
      if (Math.abs(mass - target) < slack) throw new TooClose();
      if (mass >= target) break;
    }
    return kept;
  };

  if (filters.typicalP < 1) {
    const share = probabilities();
    let entropy = 0;
    for (const p of share.values()) if (p > 0) entropy -= p * Math.log(p);
    const surprise = (id: number): number => Math.abs(-Math.log(share.get(id)!) - entropy);
    const order = [...ids].sort((left, right) => surprise(left) - surprise(right) || left - right);
    const kept = takeUntil(order, share, filters.typicalP);
    // Different logits on both sides of the entropy that are equally far from it: rounding decides.
    const last = surprise(kept.at(-1)!);
    const isTie = (id: number): boolean =>
      Math.abs(surprise(id) - last) < slack && logits[id] !== logits[kept.at(-1)!];
    if (order.some(isTie)) throw new TooClose();
    ids = kept.sort(byLogit);
  }
  if (filters.topP < 1) ids = takeUntil(ids, probabilities(), filters.topP);
  if (filters.minP > 0) {
    const max = logits[ids[0]!]!;
    const border = max + Math.log(filters.minP);
    if (ids.some((id) => Math.abs(logits[id]! - border) < slack && logits[id] !== max)) throw new TooClose();
    ids = ids.filter((id) => logits[id]! >= border || logits[id] === max);
  }
  return ids.sort((left, right) => left - right);
}

function actual(logits: Float32Array, filters: Filters): number[] {
  const workspace = sharedWorkspace(logits.length);
  const count = selectCandidates(logits, argmax(logits), { ...neutralSampling, ...filters }, workspace);
  return [...workspace.ids.subarray(0, count)].sort((left, right) => left - right);
}

const logit = fc.oneof(
  // Steps of 1/1024: differences too small for the depth's float64 are ties here and none in the definition.
  { weight: 6, arbitrary: fc.integer({ min: -12_288, max: 12_288 }).map((steps) => steps / 1_024) },
  { weight: 3, arbitrary: fc.integer({ min: -4, max: 4 }) },
  { weight: 1, arbitrary: fc.constant(-60) },
  { weight: 1, arbitrary: fc.constant(-Infinity) },
);
const filters: fc.Arbitrary<Filters> = fc.record({
  topK: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
  typicalP: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 0.99, noNaN: true })),
  topP: fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 0.999, noNaN: true })),
  minP: fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1, noNaN: true })),
});

function expectSame(logits: Float32Array, options: Filters): void {
  let expected: number[];
  try {
    expected = reference(logits, options);
  } catch (thrown) {
    if (thrown instanceof TooClose) return;
    throw thrown;
  }
  const max = Math.max(...logits);
  const counts = (id: number): boolean => max - logits[id]! < depthLimit;
  expect(actual(logits, options).filter(counts)).toEqual(expected.filter(counts));
}

describe('selectCandidates', () => {
  it('keeps exactly what the definition keeps', () => {
    fc.assert(
      fc.property(fc.array(logit, { minLength: 1, maxLength: 80 }), filters, (numbers, options) => {
        expectSame(Float32Array.from([0, ...numbers]), options);
      }),
      { numRuns: 3_000 },
    );
  });

  it('does so for large vocabularies and large top_k', () => {
    const peaked = Float32Array.from({ length: 5_000 }, (_, id) => 12 * Math.sin(id * id) ** 5);
    const flat = Float32Array.from({ length: 5_000 }, (_, id) => Math.sin(id * 7_919));
    const uniform = new Float32Array(5_000);
    for (const logits of [peaked, flat, uniform]) {
      for (const options of [
        { topK: 0, typicalP: 1, topP: 0.9123, minP: 0 },
        { topK: 40, typicalP: 1, topP: 0.9123, minP: 0.05 },
        { topK: 512, typicalP: 1, topP: 1, minP: 0 },
        { topK: 513, typicalP: 1, topP: 1, minP: 0 },
        { topK: 3_333, typicalP: 0.8123, topP: 0.7123, minP: 0.01 },
        { topK: 0, typicalP: 0.3123, topP: 1, minP: 0 },
        { topK: 0, typicalP: 1, topP: 1, minP: 0.03 },
      ]) {
        expectSame(logits, options);
      }
    }
  });
});

describe('weightOfDepth', () => {
  it('is e^-depth to ten digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: depthLimit, noNaN: true }), (depth) => {
        const exact = Math.exp(-depth);
        expect(Math.abs(weightOfDepth(depth) - exact)).toBeLessThanOrEqual(exact * 1e-10);
      }),
    );
  });
});
