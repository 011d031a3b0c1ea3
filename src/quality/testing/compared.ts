import type { Compared } from '../judge.ts';
import type { Outcome } from '../outcome.ts';

const verdicts = {
  win: ['first', 'second'],
  tie: ['tie', 'tie'],
  loss: ['second', 'first'],
} as const;

/** What a judge says that has no taste for a place. */
export function compared(outcome: Outcome): Compared {
  return { outcome, favouredPlace: null, verdicts: verdicts[outcome] };
}
