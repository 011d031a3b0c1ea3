import type { Priority } from '../chat/request.ts';

/** What a class of requests is promised while the machine can keep it. */
export interface ClassTarget {
  /** Milliseconds from submission to the first token. For the two lower classes also the longest that they may be passed. */
  readonly firstTokenMs: number;
  /** Longest gap between two tokens, milliseconds; `null` = the engine's `targetInterTokenMs`. */
  readonly interTokenMs: number | null;
}

export type ClassTargets = Readonly<Record<Priority, ClassTarget>>;

/** Highest first. */
export const priorities: readonly Priority[] = ['interactive', 'default', 'bulk'];

/** 0 = highest. */
export function rankOf(priority: Priority): number {
  return priorities.indexOf(priority);
}
