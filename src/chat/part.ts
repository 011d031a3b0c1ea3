import type { NearfarError } from './error.ts';
import type { ContextOverflow } from './overflow.ts';
import type { PromptPrefix } from './prompt-prefix.ts';
import type { PrivacyLabel } from './request.ts';

/**
 * Why a choice ended. `stop_sequence` is kept apart from `stop` because Anthropic reports which one hit. `tool_calls`:
 * it ended by itself and holds at least one whole call. `content_filter`: an upstream would not go on.
 */
export type FinishReason = 'stop' | 'stop_sequence' | 'length' | 'tool_calls' | 'content_filter';

export interface Usage {
  readonly promptTokenCount: number;
  /** Of the prompt tokens, how many were served from a cache. */
  readonly cachedTokenCount: number;
  /** Over all choices, reasoning and calls included. */
  readonly completionTokenCount: number;
  /** Of the completion tokens, how many were spent on reasoning; absent where the model does not tell. */
  readonly reasoningTokenCount?: number;
  /** Absent where everything fitted. */
  readonly overflow?: ContextOverflow;
  /** Of the prompt tokens, how many a provider wrote into its cache and bills as such: for minutes, and for an hour. */
  readonly cacheWriteTokenCount?: number;
  readonly longCacheWriteTokenCount?: number;
  /** What a reseller says that the request cost, in millionths of a US dollar; absent: it said nothing. */
  readonly reportedCostMicros?: number;
  /** False: an upstream did not tell how many tokens it read; the completion's may be that of the deltas seen. */
  readonly isMeasured?: false;
}

/** Measured in milliseconds, on the machine that ran the model. */
export interface Timings {
  /** Of the class `voice`: from its entry to the draw of its first token. */
  readonly promisedFirstTokenMs?: number;
  readonly queueMs: number;
  /** From admission to the first token. */
  readonly prefillMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
  /** Tokens that were drafted by speculation, and those of them that were drawn; absent where nothing was drafted. */
  readonly draftedTokenCount?: number;
  readonly acceptedTokenCount?: number;
  /** Speed of the steps in which something was drafted over what it would have been without, as far as is known. */
  readonly draftGain?: number;
}

export interface TokenLogprob {
  /** Id in the model's vocabulary; -1 where an upstream does not tell. */
  readonly token: number;
  /** The token's raw bytes; may be a part of a UTF-8 character. */
  readonly bytes: readonly number[];
  /** Natural log, of the model's own distribution before sampling options. */
  readonly logprob: number;
  readonly top: readonly {
    readonly token: number;
    readonly bytes: readonly number[];
    readonly logprob: number;
  }[];
}

/**
 * Where an answer came from: a model that ran for it, a model that ran for the same request of somebody else at the
 * moment, or one that ran before, for the same request or for the same question in other words.
 */
export type AnswerSource = 'model' | 'flight' | 'exact_cache' | 'semantic_cache';

/** How an answer of an upstream came about, where there was something to decide. */
export interface Delivery {
  /** Sentences for the ledger. */
  readonly notes: readonly string[];
  /** Ids of the models that were asked too and cut off before they said anything: they may cost all the same. */
  readonly abandoned: readonly string[];
  /** What became of the near model, where its beginning was judged before anything was shown. Absent: it was not. */
  readonly cascade?: CascadeOutcome;
}

export interface CascadeOutcome {
  /** The near model's id. */
  readonly modelId: string;
  /** True: it was unsure, nothing of it was shown, and another model answered. */
  readonly isEscalated: boolean;
  /** Tokens that it had written when it was judged, those of short samples included. */
  readonly tokenCount: number;
  /** From its start to the judgement, in milliseconds: by how much the answer came later. */
  readonly ms: number;
  /** Why, for the ledger. */
  readonly reason: string;
}

export type ModelGrade = 'smoke test' | 'basic' | 'assistant' | 'ungraded';

/**
 * What comes out of every model, local or remote:
 * one `start`, then deltas and calls, one `choice-end` per choice, and exactly one `finish` or `error`, last.
 * An `error` may come first (then there is no `start`) or after deltas were delivered.
 */
export type ChatPart =
  | {
      readonly type: 'start';
      /** The id of the model that answers, never an alias. */
      readonly model: string;
      readonly grade: ModelGrade;
      /** As the model reads it: without what was left out. Both 0 where an upstream tells them at its end only. */
      readonly promptTokenCount: number;
      readonly cachedTokenCount: number;
      /** Of the class `voice`: milliseconds from its entry to its first token at the client, as predicted when it was admitted. */
      readonly predictedFirstTokenMs?: number;
      /** Absent: a model ran for this answer. */
      readonly source?: AnswerSource;
      /** Of the question that the answer was made for, where that was another one: the cosine of the two, -1 to 1. */
      readonly similarity?: number;
      /** As far as it is known at the beginning; absent where the prompt fits. */
      readonly overflow?: ContextOverflow;
      /** Absent: one model was asked, and it answered. */
      readonly delivery?: Delivery;
      /** Absent: open. */
      readonly privacy?: PrivacyLabel;
      /** For the ledger, of prompts that went elsewhere; absent where not even hashes may be kept. */
      readonly prefix?: PromptPrefix;
      /** Why this model, for the header of the answer; absent where the client named it. */
      readonly route?: string;
    }
  | {
      readonly type: 'text-delta';
      readonly choice: number;
      /** Whole UTF-8 characters only; may be empty when only logprobs are carried. */
      readonly text: string;
      /** Of all tokens since the last ones reported, those of reasoning and calls included. */
      readonly logprobs?: readonly TokenLogprob[];
    }
  | {
      /** What the model thinks before it speaks. */
      readonly type: 'reasoning-delta';
      readonly choice: number;
      readonly text: string;
    }
  | {
      readonly type: 'tool-call-start';
      readonly choice: number;
      /** Counts the calls of this choice, from 0. One call at a time is open. */
      readonly call: number;
      /** Unique in the answer. */
      readonly id: string;
      readonly name: string;
    }
  | {
      readonly type: 'tool-call-delta';
      readonly choice: number;
      readonly call: number;
      /** The next piece of the arguments' JSON text. */
      readonly arguments: string;
    }
  | {
      /** The arguments are whole. A call that the answer's end cuts short has no end of its own. */
      readonly type: 'tool-call-end';
      readonly choice: number;
      readonly call: number;
    }
  | {
      readonly type: 'choice-end';
      readonly choice: number;
      readonly reason: FinishReason;
      readonly stopSequence?: string;
    }
  | { readonly type: 'finish'; readonly usage: Usage; readonly timings: Timings }
  | {
      readonly type: 'error';
      readonly error: NearfarError;
      /** What the request cost until it broke off, where the model knows; the ledger's row is exact then. */
      readonly usage?: Usage;
      readonly timings?: Timings;
    };

/** Parts that only continue what a reader already has, so that several may travel as one. */
export type DeltaPart = Extract<ChatPart, { type: 'text-delta' | 'reasoning-delta' | 'tool-call-delta' }>;

export function isDelta(part: { readonly type: ChatPart['type'] }): part is DeltaPart {
  return part.type === 'text-delta' || part.type === 'reasoning-delta' || part.type === 'tool-call-delta';
}
