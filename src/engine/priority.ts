import { priorities, type Priority } from '../chat/request.ts';

/** What a class of requests is promised while the machine can keep it. */
export interface ClassTarget {
  /**
   * Milliseconds to the first token: from submission, of `voice` from the entry into the gateway. For `default` and `bulk`
   * also the longest that they may be passed; `voice` is refused where it cannot be kept.
   */
  readonly firstTokenMs: number;
  /** Longest gap between two tokens, milliseconds; `null` = the engine's `targetInterTokenMs`. */
  readonly interTokenMs: number | null;
}

export type ByClass<Value> = Readonly<Record<Priority, Value>>;
export type ClassTargets = ByClass<ClassTarget>;

/** 0 = highest. */
export function rankOf(priority: Priority): number {
  return priorities.indexOf(priority);
}

export function byClass<Value>(make: (priority: Priority) => Value): Record<Priority, Value> {
  return {
    voice: make('voice'),
    interactive: make('interactive'),
    default: make('default'),
    bulk: make('bulk'),
  };
}
