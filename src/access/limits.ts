import type { KeyMode } from '../privacy/verdict.ts';

/** What a key may ask for, and how much of it. Null: no bound. */
export interface KeyLimits {
  /** Patterns of model names, `*` standing for anything; null: all models. */
  readonly models: readonly string[] | null;
  /** In any 60 seconds, by each gateway. */
  readonly requestsPerMinute: number | null;
  /** Prompt and answer together, in any 60 seconds, by each gateway. */
  readonly tokensPerMinute: number | null;
  /** Millionths of a US dollar. */
  readonly dayMicros: number | null;
  readonly monthMicros: number | null;
  /** Whatever its requests say: nothing of them leaves the owner's boundary. */
  readonly isLocalOnly: boolean;
  /** What happens to what detectors find in its requests; absent or null: what the settings say. */
  readonly privacyMode?: KeyMode | null;
}

export const noLimits: KeyLimits = {
  models: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  dayMicros: null,
  monthMicros: null,
  isLocalOnly: false,
};
