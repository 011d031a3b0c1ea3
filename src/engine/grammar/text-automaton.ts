import { codePointsOf, contains } from './code-points.ts';
import type { Automaton } from './automaton.ts';

/** Whether an automaton accepts a text: one step a character, whatever the pattern was. */
export function acceptsText({ start, states }: Automaton, text: string): boolean {
  let at = start;
  for (const codePoint of codePointsOf(text)) {
    const transition = states[at]?.transitions.find(({ set }) => contains(set, codePoint));
    if (transition === undefined) return false;
    at = transition.target;
  }
  return states[at]?.accepts === true;
}
