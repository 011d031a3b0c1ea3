/** What each model's answer to one prompt was worth. */
export interface Outcome {
  readonly prompt: string;
  /** Of each model that answered it. */
  readonly models: Readonly<Record<string, ModelOutcome>>;
}

export interface ModelOutcome {
  /** 0-1; 1 = right. */
  readonly score: number;
  /** US dollars; null: not known. */
  readonly cost: number | null;
}

/** Models that answered all prompts, in the order in which they come; only what all answered can be compared. */
export function commonModels(outcomes: readonly Outcome[]): readonly string[] {
  const [first] = outcomes;
  if (first === undefined) return [];
  return Object.keys(first.models).filter((name) =>
    outcomes.every(({ models }) => Object.hasOwn(models, name)),
  );
}
