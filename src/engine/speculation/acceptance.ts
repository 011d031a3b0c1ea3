import { evidenceClassCount } from './drafter.ts';

/** How often drafted tokens of one sequence prove right, by their evidence. */
export interface Acceptance {
  /** Probability, 0-1, that a drafted token of this evidence is right if all before it were. */
  rate(evidence: number): number;
  observe(evidence: number, isRight: boolean): void;
}

/** What is assumed before anything was seen; cautious, since a draft that fails costs and a missed one is made up. */
const priors = [0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85];
/** The prior counts as much as so many observations, */
const priorWeight = 4;
/** and an observation loses this share with each later one of its class: texts change. */
const forgetting = 0.05;
/** Neighbouring classes learn this share of each observation. */
const spreading = 0.25;

export function createAcceptance(): Acceptance {
  const right = Float64Array.from({ length: evidenceClassCount }, (_, evidence) => priorOf(evidence));
  const seen = new Float64Array(evidenceClassCount).fill(priorWeight);

  function learn(evidence: number, isRight: boolean, weight: number): void {
    if (evidence < 0 || evidence >= evidenceClassCount) return;
    const kept = 1 - forgetting * weight;
    right[evidence] = (right[evidence] as number) * kept + (isRight ? weight : 0);
    seen[evidence] = (seen[evidence] as number) * kept + weight;
  }

  return {
    rate: (evidence) => (right[evidence] ?? 0) / (seen[evidence] ?? 1),
    observe(evidence, isRight) {
      learn(evidence, isRight, 1);
      learn(evidence - 1, isRight, spreading);
      learn(evidence + 1, isRight, spreading);
    },
  };
}

function priorOf(evidence: number): number {
  return (priors[evidence] ?? 0) * priorWeight;
}
