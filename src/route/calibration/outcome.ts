/** What each model's answer to one prompt was worth. */
export interface Outcome {
  readonly prompt: string;
  /** The model whose answer the others were judged against; absent: scores are not relative to an answer. */
  readonly answered?: string;
  /** What is the same question for cross-validation, where that is more than the same words. */
  readonly group?: string;
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

/** The outcomes of some models under names of their own, e.g. of tiers; those of others are left out. */
export function renameModels(
  outcomes: readonly Outcome[],
  /** New name -> name in the outcomes. */
  names: Readonly<Record<string, string>>,
): readonly Outcome[] {
  const newNames = new Map(Object.entries(names).map(([name, source]) => [source, name]));
  return outcomes.map(({ answered, ...outcome }) => ({
    ...outcome,
    ...(answered === undefined ? {} : { answered: newNames.get(answered) ?? answered }),
    models: Object.fromEntries(
      Object.entries(names).flatMap(([name, source]) => {
        const one = Object.hasOwn(outcome.models, source) ? outcome.models[source] : undefined;
        return one === undefined ? [] : [[name, one]];
      }),
    ),
  }));
}
