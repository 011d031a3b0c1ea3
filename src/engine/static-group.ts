import type { Sequence } from './sequence.ts';

/** Which answers start together: nobody joins a group that is under way. Times are milliseconds of one clock. */
export interface StaticGroup {
  /** Of those that wait, in order of arrival, those that may start now. */
  members(state: GroupState): readonly Sequence[];
}

export interface GroupState {
  readonly waiting: readonly Sequence[];
  readonly runningCount: number;
  /** Prompts that came and are still being read. */
  readonly readingCount: number;
  readonly now: number;
}

/** With fewer than a group there, how long after the last arrival nobody else is waited for. */
const patienceMs = 50;

/** @param size answers of a group, at least 1 */
export function createStaticGroup(size: number, wake: () => void): StaticGroup {
  let keys: ReadonlySet<number> = new Set();
  let isWaking = false;

  function wakeIn(milliseconds: number): void {
    if (isWaking) return;
    isWaking = true;
    setTimeout(() => {
      isWaking = false;
      wake();
    }, milliseconds);
  }

  return {
    members({ waiting, runningCount, readingCount, now }) {
      const left = waiting.filter(({ key }) => keys.has(key));
      if (runningCount > 0 || left.length > 0 || waiting.length === 0) return left;
      const arrivedAt = Math.max(...waiting.map(({ request }) => request.submittedAt));
      const remainingMs = arrivedAt + patienceMs - now;
      if (waiting.length < size && (readingCount > 0 || remainingMs > 0)) {
        wakeIn(Math.max(1, remainingMs));
        return [];
      }
      const next = waiting.toSorted((a, b) => a.key - b.key).slice(0, size);
      keys = new Set(next.map(({ key }) => key));
      return next;
    },
  };
}
