import type { ChatPart, Timings, Usage, FinishReason } from '../chat/part.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { TierDecision } from '../route/route-facts.ts';
import type { Availability, BackendSource, LoadProgress } from './backend.ts';
import type { ChatBody, ChatMessage } from './chat-body.ts';
import type { Environment, EnvironmentFacts } from './environment.ts';
import type { OpenAiFacade } from './openai-facade.ts';

/** What `createNear` is told. All of it may be left out, which gives Chrome's own model, or an error that says why not. */
export interface NearOptions {
  /** Absent: there is no gateway, and what the page cannot answer is an error. */
  readonly gateway?: GatewayOptions;
  /**
   * Ways of answering in the page, the preferred first; one that is ready goes before one that must be loaded.
   * @default [builtIn()]
   */
  readonly backends?: readonly BackendSource<'machine'>[];
  readonly policy?: PolicyOptions;
  readonly privacy?: PrivacyOptions;
  /** For tests and other places than pages. */
  readonly environment?: Environment;
  readonly onProgress?: (progress: LoadProgress) => void;
}

export interface GatewayOptions {
  /** Of nearfar, or of any server that speaks OpenAI's API, e.g. `https://gateway.example/v1`. */
  readonly url: string;
  /** Asked for where the page names no model of the gateway's. @default 'auto' */
  readonly model?: string;
  /** Sent as a bearer token. A page is no place for a key that may spend: use one that is bound. */
  readonly apiKey?: string | (() => string | Promise<string>);
  readonly headers?: Readonly<Record<string, string>>;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
  /**
   * `inside`: the gateway is on the user's own machine or within his own walls, so that private requests may go there; they
   * are marked `local_only`, and the gateway keeps them inside. @default 'outside'
   */
  readonly boundary?: 'inside' | 'outside';
}

export interface PolicyOptions {
  /** Requests below this difficulty (0-1, a percentile) are answered in the page. @default 0.7 */
  readonly nearBelow?: number;
  /** `near` and `far` ask always there first; what is private stays in the page whatever this says. @default 'auto' */
  readonly prefer?: 'auto' | 'near' | 'far';
  /** A page model that is slower, measured, is passed over for the gateway. Tokens per second. @default 5 */
  readonly minTokensPerSecond?: number;
  /** A battery below this that is not charging moves requests to the gateway; 0 = never. 0-1. @default 0.2 */
  readonly minBattery?: number;
  /** Whether a tab in the background asks the gateway. @default true */
  readonly leavesHidden?: boolean;
  /**
   * Whether a request may start a download: `never` (only `prepare` does), or up to so many bytes. @default 'never'
   */
  readonly download?: 'never' | { readonly maxBytes: number };
}

export interface PrivacyOptions {
  /** `detect`: the detectors decide. `page`: everything stays in the page. `off`: nothing is looked at. @default 'detect' */
  readonly mode?: 'detect' | 'page' | 'off';
  /** Whether pictures, sounds and files may leave though nobody here has read them. @default false */
  readonly allowsMedia?: boolean;
  /** The page's own words (names of projects or customers), literally or as patterns. */
  readonly terms?: readonly (string | RegExp)[];
}

/** A prompt, a conversation, or the body of OpenAI's chat completions. */
export type NearInput = string | readonly ChatMessage[] | ChatBody;

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Only this backend; an error where it cannot. What is private and outside is an error too. */
  readonly backend?: string;
  /** Name of the conversation: once private, it stays so, whatever its later turns say. */
  readonly session?: string;
  /** `local_only`: stays in the page whatever is found. */
  readonly privacy?: PrivacyLabel;
}

export interface NearAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  /** The parsed answer where a form was asked for; undefined otherwise. */
  readonly value: unknown;
  readonly finishReason: FinishReason;
  readonly model: string;
  readonly usage: Usage;
  readonly timings: Timings;
  readonly route: PageDecision;
}

/** Which backend answers, and why. Holds nothing of the prompt. */
export interface PageDecision {
  readonly backend: string;
  readonly label: PrivacyLabel;
  /** Codes of what was found, e.g. `email`; never its text. */
  readonly detectors: readonly string[];
  /** Short sentences in the order in which they were decided. */
  readonly reasons: readonly string[];
  /** The gateway's own decision, of `route/decide.ts`, over the backends as tiers. */
  readonly tier: TierDecision;
}

/** Parts as everywhere else; `route` is known once the first part came. */
export interface NearStream extends AsyncIterable<ChatPart> {
  /** Settles before the first part; rejects with the error that the stream ends in where nobody was asked. */
  readonly route: Promise<PageDecision>;
  abort(): void;
}

export interface BackendStatus {
  readonly name: string;
  readonly boundary: 'machine' | 'inside' | 'outside';
  readonly availability: Availability;
  /** Whether a download would fit what the browser gives; null: nobody tells, or nothing is to be fetched. */
  readonly fits: boolean | null;
}

export interface NearStatus {
  /** Why requests cannot be read for what is private, so that all of them stay; absent: they can, or none was asked yet. */
  readonly privacyFault?: string;
  readonly backends: readonly BackendStatus[];
  readonly environment: EnvironmentFacts;
  /** Loads that are going on, by backend. */
  readonly loading: ReadonlyMap<string, LoadProgress>;
}

export interface SearchHit {
  /** Place in the texts. */
  readonly index: number;
  readonly text: string;
  /** Cosine, -1 to 1. */
  readonly score: number;
}

export interface Embedding {
  /** One a text, of length 1 by Euclid's measure. */
  readonly vectors: readonly Float32Array[];
  readonly model: string;
  readonly backend: string;
  readonly promptTokenCount: number;
}

export interface TokenCount {
  readonly count: number;
  /** False: estimated from the text's length (four bytes a token). */
  readonly isExact: boolean;
  readonly backend: string | null;
}

export interface PrepareOptions {
  /** @default the first backend of the page that can be used */
  readonly backend?: string;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

export interface SummarizeOptions extends CallOptions {
  readonly type?: 'key-points' | 'tldr' | 'teaser' | 'headline';
  readonly length?: 'short' | 'medium' | 'long';
  readonly context?: string;
}
export interface TranslateOptions extends CallOptions {
  /** BCP 47, e.g. `de`. */
  readonly to: string;
  /** Absent: found out, by Chrome's detector or by the model. */
  readonly from?: string;
}
export interface RewriteOptions extends CallOptions {
  readonly tone?: 'as-is' | 'more-formal' | 'more-casual';
  readonly length?: 'as-is' | 'shorter' | 'longer';
  readonly context?: string;
}

/** Who did it: Chrome's own API for the task, or a model by a prompt. */
export interface TaskResult {
  readonly text: string;
  readonly by: string;
}

/** One client that answers in the page when it can and through the gateway when it must. */
export interface Near {
  /** @throws NearfarError */
  chat(input: NearInput, options?: CallOptions): Promise<NearAnswer>;
  /** Never throws: errors are its last part. */
  stream(input: NearInput, options?: CallOptions): NearStream;
  /** Where a request would go, without asking. @throws NearfarError where nobody could answer */
  explain(input: NearInput, options?: CallOptions): Promise<PageDecision>;
  /** @throws NearfarError */
  embed(texts: readonly string[], options?: CallOptions & { readonly model?: string }): Promise<Embedding>;
  /** The texts that mean what the query means, the nearest first. @throws NearfarError */
  search(
    query: string,
    texts: readonly string[],
    options?: CallOptions & { readonly limit?: number },
  ): Promise<readonly SearchHit[]>;
  countTokens(input: NearInput, options?: CallOptions): Promise<TokenCount>;
  status(): Promise<NearStatus>;
  /** Downloads and loads a backend of the page. @throws NearfarError */
  prepare(options?: PrepareOptions): Promise<void>;
  summarize(text: string, options?: SummarizeOptions): Promise<TaskResult>;
  translate(text: string, options: TranslateOptions): Promise<TaskResult>;
  rewrite(text: string, options?: RewriteOptions): Promise<TaskResult>;
  /** In the shape of the `openai` package, so that existing code works. */
  readonly openai: OpenAiFacade;
  /** Tells of changes of what `status` shows. @returns what ends it */
  watch(listener: () => void): () => void;
  dispose(): Promise<void>;
}
