/**
 * What bulk may take of the time of people's steps: a share of it over time rather than of each step, so that it comes in
 * pieces that are worth computing. Milliseconds.
 */
export interface BulkCredit {
  /** By so much bulk may make the next step longer; negative where it has taken more than its share. */
  readonly ms: number;
  /** A step with people in it is about to run. `limitMs`: most that is saved up, or owed. */
  note(step: { readonly peopleMs: number; readonly bulkMs: number }, limitMs: number): void;
}

/** While people are here their steps may take two fifths as long again for bulk: it gets two sevenths of the time. */
const bulkShareOfPeople = 0.4;

export function createBulkCredit(): BulkCredit {
  let ms = 0;
  return {
    get ms() {
      return ms;
    },
    note({ peopleMs, bulkMs }, limitMs) {
      if (peopleMs === 0) return;
      ms = Math.min(limitMs, Math.max(-limitMs, ms + bulkShareOfPeople * peopleMs - bulkMs));
    },
  };
}
