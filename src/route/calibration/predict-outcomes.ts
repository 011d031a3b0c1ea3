import { chooseModel } from './choose-model.ts';
import { openPredictor } from './pack-predictor.ts';
import { createExpectation } from './predictor.ts';
import type { Profile } from './profile.ts';
import { countText } from './text-space.ts';

/** The expected score (0-1) of each model of a profile for a text, by name. */
export type OutcomePredictor = (text: string) => Readonly<Record<string, number>>;

/** Unpacks a profile once; each text then takes about a quarter of a millisecond. */
export function createOutcomePredictor(profile: Profile): OutcomePredictor {
  const expect = createExpectation(openPredictor(profile));
  const names = profile.models.map(({ name }) => name);
  return (text) => {
    const scores = expect(countText(text));
    return Object.fromEntries(names.map((name, at) => [name, scores[at] ?? 0]));
  };
}

/** The same for a single text; who asks for many opens the profile once. */
export function predictOutcomes(profile: Profile, text: string): Readonly<Record<string, number>> {
  return createOutcomePredictor(profile)(text);
}

/** Pure. The model that the profile's goal leads to, given what is expected of each. */
export function chooseByProfile(
  profile: Profile,
  expected: Readonly<Record<string, number>>,
): { readonly name: string; readonly quality: number; readonly cost: number } | null {
  return chooseModel(
    profile.models.map(({ name, cost }) => ({ name, quality: expected[name] ?? 0, cost })),
    profile.worth,
  );
}
