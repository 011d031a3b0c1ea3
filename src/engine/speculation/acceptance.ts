import { evidenceClassCount, gradeCount, type Support } from './drafter.ts';

/** How often drafted tokens prove right, by their evidence. */
export interface Acceptance {
  /** Probability, 0-1, that a drafted token of this evidence is right if all before it were. */
  rate(evidence: number): number;
  /** The same of a token that is not drafted yet, so that its evidence is not known. */
  readonly meanRate: number;
  observe(evidence: number, isRight: boolean): void;
}

export interface AcceptanceOptions {
  /** What is assumed before anything was seen; absent: cautious rates, since a missed draft is made up. */
  readonly before?: Pick<Acceptance, 'rate' | 'meanRate'>;
  /** An observation loses this share with each later one of its class: texts change. */
  readonly forgetting: number;
}

/**
 * Rounded down from what lookup showed on 80 greedy answers of four models to prompts that no benchmark asks; where it is
 * disputed, on extraction of facts, where it is right least. A short match is right five times less often where other
 * places go on otherwise than where they agree.
 */
const priors: Readonly<Record<Support, readonly number[]>> = {
  single: [0.5, 0.6, 0.7, 0.75, 0.85, 0.9, 0.95, 0.97],
  disputed: [0.2, 0.4, 0.42, 0.48, 0.48, 0.6, 0.85, 0.94],
  agreed: [0.85, 0.88, 0.9, 0.91, 0.93, 0.95, 0.97, 0.98],
};
const priorOfClass = Object.values(priors).flat();
const priorMean = 0.7;
/** What is assumed counts as much as so many observations. */
const priorWeight = 4;
/** Neighbouring classes learn this share of each observation. */
const spreading = 0.25;

export function createAcceptance({ before, forgetting }: AcceptanceOptions): Acceptance {
  const priorOf = (evidence: number): number => before?.rate(evidence) ?? priorOfClass[evidence] ?? 0;
  const right = Float64Array.from(
    { length: evidenceClassCount },
    (_, evidence) => priorOf(evidence) * priorWeight,
  );
  const seen = new Float64Array(evidenceClassCount).fill(priorWeight);
  let rightOfAll = (before?.meanRate ?? priorMean) * priorWeight;
  let seenOfAll = priorWeight;

  function learn(evidence: number, isRight: boolean, weight: number): void {
    const kept = 1 - forgetting * weight;
    right[evidence] = (right[evidence] as number) * kept + (isRight ? weight : 0);
    seen[evidence] = (seen[evidence] as number) * kept + weight;
  }

  return {
    rate: (evidence) => (right[evidence] ?? 0) / (seen[evidence] ?? 1),
    get meanRate() {
      return rightOfAll / seenOfAll;
    },
    observe(evidence, isRight) {
      learn(evidence, isRight, 1);
      const grade = evidence % gradeCount;
      if (grade > 0) learn(evidence - 1, isRight, spreading);
      if (grade < gradeCount - 1) learn(evidence + 1, isRight, spreading);
      rightOfAll = rightOfAll * (1 - forgetting) + (isRight ? 1 : 0);
      seenOfAll = seenOfAll * (1 - forgetting) + 1;
    },
  };
}
