import type { ContentPart } from './content.ts';
import type { OverflowPolicy } from './overflow.ts';
import type { SamplingOptions } from './sampling.ts';
import type { Secret } from './secret.ts';
import type { ToolCall, ToolUse } from './tool.ts';
import type { PrivacyVerdict, SessionClaim } from './verdict.ts';

export type Role = Message['role'];

export type Message =
  | { readonly role: 'system'; readonly content: string }
  | {
      readonly role: 'user';
      /** All its text. */
      readonly content: string;
      /** Text, pictures and the like in their order; absent where it is all text. */
      readonly parts?: readonly ContentPart[];
    }
  | {
      readonly role: 'assistant';
      readonly content: string;
      /** What the model thought before it spoke, where the client kept it. */
      readonly reasoning?: string;
      readonly toolCalls?: readonly ToolCall[];
    }
  | {
      readonly role: 'tool';
      readonly content: string;
      readonly parts?: readonly ContentPart[];
      /** The call that this is the result of. */
      readonly toolCallId: string;
      /** The tool's name. */
      readonly name: string;
    };

/** OpenAI's scale of how long a model thinks; `none` is not at all. */
export const reasoningEfforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type ReasoningEffort = (typeof reasoningEfforts)[number];
export type ReasoningSummary = 'auto' | 'concise' | 'detailed';

/** All that a chat template is given. */
export interface Conversation {
  readonly messages: readonly Message[];
  /** Absent: the model may call nothing, and nothing in its text is taken for a call. */
  readonly toolUse?: ToolUse;
  /**
   * Whether a model that can reason before it answers shall; absent: as its template has it. `field` is where the client
   * said so, for errors. After `budgetTokenCount` tokens of reasoning it is closed; absent: no bound of its own.
   * `effort` and `summary` (how much of the thoughts is told) are for upstreams that know them; absent: not said.
   */
  readonly reasoning?: {
    readonly isWanted: boolean;
    readonly field: string;
    readonly budgetTokenCount?: number;
    readonly effort?: ReasoningEffort;
    readonly summary?: ReasoningSummary;
  };
  /** True: a last message of the assistant is left as it is, and another follows; else it is continued. */
  readonly startsNewTurn?: boolean;
}

/**
 * What is to be continued: a conversation (rendered through the model's chat template) or raw text.
 * A conversation is answered by a new turn of the assistant; where the last message is the assistant's own, that one is
 * continued, unless `startsNewTurn` asks for another.
 * `suffix` asks for fill-in-the-middle; `tokens` are ids of the answering model's vocabulary.
 */
export type ChatInput =
  | ({ readonly kind: 'chat' } & Conversation)
  | { readonly kind: 'text'; readonly text: string; readonly suffix?: string }
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] };

/**
 * `open` may go to any model. `local_only` must be answered inside the owner's boundary, whatever fails: by this machine,
 * or by an upstream that he declared to be inside.
 * Privacy labels only ever tighten on the way through the pipeline.
 */
export type PrivacyLabel = 'open' | 'local_only';

/**
 * The form that an answer must have. `json_object` is any JSON object; `json_schema` is JSON that fits the schema, in
 * all of its keywords (`strict` or not: what is asked for is enforced). `field` is where the client put it.
 */
export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object'; readonly field: string }
  | {
      readonly type: 'json_schema';
      readonly schema: unknown;
      readonly name: string | null;
      readonly strict: boolean;
      readonly field: string;
    };

/**
 * Who waits for the answer: a person who listens, a person at a screen, a program as most are, or nobody in particular.
 * Decides who is served first and who steps aside; never what is answered. `voice` is refused where its first token cannot
 * come in time. Highest first.
 */
export const priorities = ['voice', 'interactive', 'default', 'bulk'] as const;
export type Priority = (typeof priorities)[number];

/**
 * What is asked of the cache of answers: `auto`, as the owner's rules have it; `use`, whatever the rules say of this kind
 * of request; `refresh`, a new answer, kept in place of the old one; `off`, neither read nor kept.
 */
export type CacheWish = 'auto' | 'use' | 'refresh' | 'off';

/**
 * Why nearfar itself asks: `shadow`, the alternative to an answer that somebody got; `judge`, which of two answers is better;
 * `calibrate`, what other models answer to what was asked before; `evaluate`, how well a model does what programs can check. Never
 * redacted, never kept, no part of a session.
 */
export type Purpose = 'shadow' | 'judge' | 'calibrate' | 'evaluate';

export type Dialect = 'openai' | 'anthropic' | 'ollama' | 'internal';

/** One prompt on its way in, the same for every dialect and every model. */
export interface ChatRequest {
  /** Unique; also the ledger's row id and the `x-request-id` header. */
  readonly id: string;
  /** When it came over the wire, in milliseconds since the epoch. Absent: it did not. */
  readonly arrivedAt?: number;
  readonly dialect: Dialect;
  /** The name the client sent: `auto`, `near`, a model id or an alias. */
  readonly requestedModel: string;
  readonly input: ChatInput;
  readonly sampling: SamplingOptions;
  /**
   * Which of them the client set, and what its dialect calls each; the others are defaults of the dialect, and models
   * elsewhere have their own. Absent: none.
   */
  readonly statedSampling?: ReadonlyMap<keyof SamplingOptions, string>;
  /** Strings that end a choice; never part of the text. */
  readonly stop: readonly string[];
  /** Upper bound on generated tokens per choice; `null` means until the context is full. */
  readonly maxTokenCount: number | null;
  /** Number of choices (OpenAI's `n`), at least 1. */
  readonly choiceCount: number;
  /** `null`: none. Otherwise the number of alternatives reported per token, 0-20. */
  readonly topLogprobCount: number | null;
  /**
   * True where the client reads the answer while it is made. An answer that is handed over whole can be begun anew
   * when its model fails, for nothing of it has been seen.
   */
  readonly isStreamed: boolean;
  readonly privacy: PrivacyLabel;
  /** What was found and what follows; set by `privacy/`. Absent: not judged yet. */
  readonly verdict?: PrivacyVerdict;
  /** What the client says of its session. Absent: nothing. */
  readonly session?: SessionClaim;
  /** Who asks. Prefixes and caches are shared only within one tenant. `access` sets it. */
  readonly tenant: string;
  readonly priority: Priority;
  readonly answerCache: CacheWish;
  /** Absolute, in milliseconds since the epoch; past it the request ends in a `timeout` error. */
  readonly deadlineAt: number | null;
  readonly outputFormat: OutputFormat;
  /** Benchmarks only: keep generating through end-of-generation tokens (llama-server's `ignore_eos`). */
  readonly ignoreEndOfGeneration: boolean;
  /** Tokens drafted ahead: as many as pay, none, or always so many. Absent: as the settings say. */
  readonly speculation?: 'auto' | 'off' | number;
  /** Absent: as the settings have it for the model that answers. */
  readonly contextOverflow?: OverflowPolicy;
  /**
   * With `sinks`, how many of the prompt's first tokens stay (Ollama's `num_keep`); -1 = all. Absent: the system text,
   * and at least four.
   */
  readonly keepTokenCount?: number;
  /** Ollama's `keep_alive` in seconds; -1 = for ever; `null` = the configured default. */
  readonly keepAliveSeconds: number | null;
  /** Absent: a client asks. */
  readonly purpose?: Purpose;
  /** The key that the client sent, for upstreams whose owner lets them have it. Absent: none. */
  readonly clientKey?: Secret;
}
