import type { Priority, PrivacyLabel } from '../chat/request.ts';
import type { TokenPrice } from '../ledger/cost.ts';
import type { Boundary } from '../privacy/clear.ts';
import type { TaskType } from './task/task-type.ts';

/** All that a decision rests on, as plain values. Counts of tokens are estimates: four bytes of text each. */
export interface RouteFacts {
  readonly request: RequestFacts;
  readonly label: PrivacyLabel;
  /**
   * Whether tiers outside the owner's boundary may be asked: the label is `open`, or what leaves is redacted. False is
   * final: nothing here loosens it.
   */
  readonly mayLeave: boolean;
  /** 0 (anyone can) to 1; null where there is no text to read it from. */
  readonly difficulty: number | null;
  readonly task: TaskType | null;
  /** From the nearest and least able to the farthest and most able; at least one. */
  readonly tiers: readonly TierFacts[];
  readonly policy: PolicyFacts;
  /** What the key has left to spend, in millionths of a US dollar; null: no bound, or not known before money is set aside. */
  readonly budgetLeftMicros: number | null;
  /** The model whose tool calls this request brings the results of; null: none. */
  readonly boundModelId: string | null;
  /** Whether the local model may start and hand over before a token is shown. */
  readonly cascade: boolean;
}

export interface RequestFacts {
  readonly promptTokenCount: number;
  /** The client's bound of one answer; null: none. */
  readonly maxTokenCount: number | null;
  readonly choiceCount: number;
  readonly needs: {
    readonly tools: boolean;
    /** Anything that is no text. */
    readonly media: boolean;
    /** An answer in the form of a schema. */
    readonly schema: boolean;
    /** Ids of one model's vocabulary in place of a text. */
    readonly tokens: boolean;
  };
  /** The client said what becomes of a prompt that is too long: no context is too short. */
  readonly fitsAnyContext: boolean;
  readonly priority: Priority;
  /** Milliseconds within which the first token should be there; null: no matter. */
  readonly firstTokenMs: number | null;
  /** Milliseconds until the request's deadline; null: none. */
  readonly leftMs: number | null;
}

export interface TierFacts {
  readonly tier: string;
  readonly modelId: string;
  readonly boundary: Boundary;
  /** Why there is nothing to ask, e.g. that the model is not on this machine; null: there is. */
  readonly absence: string | null;
  /** Why it is left alone for now (a breaker, an engine that cannot start), and for how long if that is known. */
  readonly rest: { readonly reason: string; readonly pauseMs: number | null } | null;
  /** Whether the key may ask it. */
  readonly isAllowed: boolean;
  readonly can: {
    /** In tokens; null: not known, and taken for enough. */
    readonly contextTokenCount: number | null;
    readonly tools: boolean;
    readonly media: boolean;
    readonly schema: boolean;
    readonly tokens: boolean;
  };
  /** Null: not known. */
  readonly price: TokenPrice | null;
  /** What its provider is believed to hold of this session. */
  readonly held: HeldSession;
  /** Tokens of one of its answers: the mean of so many that were seen; null: none was. */
  readonly answers: { readonly meanTokenCount: number; readonly count: number } | null;
  /** Measured by the gateway; null: nothing was yet. */
  readonly speed: { readonly firstTokenMs: number; readonly msPerToken: number } | null;
  /** 0 (fine) to 1, off its expected quality: what judged answers say of late. */
  readonly health: TierHealth;
}

/** What a model's provider is believed to hold of a session. */
export interface HeldSession {
  /** Of prompt and answer: what a provider holds that keeps everything by itself. */
  readonly tokenCount: number;
  /** Read from its cache or written into it, as it said: what one holds that keeps what is marked. */
  readonly keptTokenCount: number;
  /** How much of that it is expected to read from its cache, 0-1: the mean over sessions that came back to it. */
  readonly odds: number;
}

/** What of a model its expected cost depends on. */
export type CostFacts = Pick<TierFacts, 'boundary' | 'price' | 'held' | 'answers'>;

export interface TierHealth {
  readonly penalty: number;
  readonly reason: string | null;
}

/** The policy with what it makes its choice from. */
export type PolicyFacts =
  /** Always this tier. */
  | { readonly kind: 'fixed'; readonly tier: string }
  /** The guide's first: short and without the words of hard prompts, or with words of private ones: near; else far. */
  | {
      readonly kind: 'heuristic';
      readonly characterCount: number;
      /** Prompts with fewer characters are short. */
      readonly shortBelow: number;
      /** The words that were found; null: none. */
      readonly complexWord: string | null;
      readonly privacyWord: string | null;
    }
  /** The guide's second: below the n-th threshold the n-th tier; beyond the last one the last. */
  | { readonly kind: 'classifier'; readonly thresholds: readonly number[]; readonly source: string }
  /**
   * The expected score of each tier (0-1) against what it costs, both as the owner's own outcomes have them: prices of today
   * would move requests away from what was checked by cross-validation.
   */
  | {
      readonly kind: 'calibrated';
      readonly profile: string;
      /** By tier; a tier without one is not weighed. */
      readonly scores: Readonly<Record<string, number>>;
      /** By tier: mean cost of a prompt, in the profile's unit. */
      readonly costs: Readonly<Record<string, number>>;
      /** How much of a score a unit of cost must bring. */
      readonly worth: number;
    };

export type PolicyName = PolicyFacts['kind'];

/** What a request is expected to cost at a tier, in millionths of a US dollar; null: no price is known. */
export interface ExpectedCost {
  readonly micros: number | null;
  /** The estimate's inputs, in words. */
  readonly basis: string;
}

/** A tier that was not chosen. */
export interface Alternative {
  readonly tier: string;
  readonly modelId: string;
  readonly whyNot: string;
  /** Whether it could have answered. */
  readonly isCandidate: boolean;
  readonly cost: ExpectedCost;
}

/** Which tier answers, and why. Holds nothing of the prompt. */
export interface TierDecision {
  readonly type: 'chosen';
  readonly tier: string;
  readonly modelId: string;
  /** The other tiers that can answer, in the order in which they are asked where it fails. */
  readonly fallbackIds: readonly string[];
  readonly policy: PolicyName;
  readonly difficulty: number | null;
  readonly task: TaskType | null;
  readonly label: PrivacyLabel;
  /** Short sentences in the order in which they were decided. */
  readonly reasons: readonly string[];
  readonly cost: ExpectedCost;
  /** All other tiers, in their order. */
  readonly alternatives: readonly Alternative[];
  /** Whether the local model starts and may hand over to the first of the fallbacks before a token is shown. */
  readonly cascade: boolean;
  /** What would have been chosen if no tier's health counted against it, where that is another one. */
  readonly healthyTier?: string;
}

/** No tier can answer. */
export interface TierRefusal {
  readonly type: 'refused';
  readonly kind:
    'unavailable' | 'budget_exhausted' | 'forbidden' | 'unsupported' | 'context_overflow' | 'model_not_found';
  readonly reason: string;
  readonly retryAfterSeconds: number | null;
  readonly alternatives: readonly Alternative[];
}
