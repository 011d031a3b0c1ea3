import type { Sequence } from '../sequence.ts';
import { emptyDraft, type Drafter } from './drafter.ts';
import { createLookup, type Lookup } from './lookup.ts';

/** Drafts what prompt or answer already hold, by sequence; it takes no time worth counting. */
export function createLookupDrafter(): Drafter {
  const lookups = new WeakMap<Sequence, { readonly lookup: Lookup; pushedCount: number }>();

  function lookupOf(sequence: Sequence): Lookup {
    let known = lookups.get(sequence);
    if (known === undefined) {
      known = { lookup: createLookup(), pushedCount: 0 };
      lookups.set(sequence, known);
    }
    const { tokens } = sequence;
    for (; known.pushedCount < tokens.length; known.pushedCount++)
      known.lookup.push(tokens[known.pushedCount] as number);
    return known.lookup;
  }

  return {
    // All in one round: there is nothing to be saved by stopping early.
    draft(sequences, wanted) {
      const counts = wanted(sequences.map(() => emptyDraft));
      return sequences.map((sequence, index) => {
        const count = counts[index] ?? 0;
        return count > 0 ? lookupOf(sequence).draft(count) : emptyDraft;
      });
    },
    predictMs: () => 0,
    unreadTokenCount: () => 0,
    predictReadMs: () => 0,
    read: () => undefined,
    // A sequence that comes back has the same tokens, and what is known of them costs no cells.
    forget: () => undefined,
  };
}
