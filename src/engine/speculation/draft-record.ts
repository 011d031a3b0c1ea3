import { createAcceptance, type Acceptance } from './acceptance.ts';
import { emptyDraft, type Draft } from './drafter.ts';

/** What one drafter offered one sequence, and how often it was right. */
export interface DraftRecord {
  readonly acceptance: Acceptance;
  /** What was offered last. */
  readonly offered: Draft;
  /** Notes what is offered behind the first `tokenCount` tokens; nothing of it is computed yet. */
  offer(draft: Draft, tokenCount: number): void;
  /** So many of the tokens offered are computed in this step. */
  compute(tokenCount: number): void;
  /** Learns from the tokens that have come since. */
  learn(tokens: readonly number[]): void;
}

/** Texts change. */
const forgetting = 0.05;

/** @param shared what all sequences have shown, where a new one begins; it learns too */
export function createDraftRecord(shared: Acceptance): DraftRecord {
  const acceptance = createAcceptance({ before: shared, forgetting });
  let offered = emptyDraft;
  let offeredAt = 0;
  let computedCount = 0;
  return {
    acceptance,
    get offered() {
      return offered;
    },
    offer(draft, tokenCount) {
      offered = draft;
      offeredAt = tokenCount;
      computedCount = 0;
    },
    compute(tokenCount) {
      computedCount = tokenCount;
    },
    /**
     * The token after the last computed one was drawn from logits too, so one position more than was computed is known:
     * where nothing is drafted the first stays known, at no cost.
     */
    learn(tokens) {
      for (let index = 0; index <= computedCount && offeredAt + index < tokens.length; index++) {
        const [token, evidence] = [offered.tokens[index], offered.evidence[index]];
        if (token === undefined || evidence === undefined) break;
        const isRight = tokens[offeredAt + index] === token;
        acceptance.observe(evidence, isRight);
        shared.observe(evidence, isRight);
        if (!isRight) break;
      }
      offered = emptyDraft;
      computedCount = 0;
    },
  };
}
