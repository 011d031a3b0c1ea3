import type { EmbedRequest, EmbedResult } from './embedding.ts';
import type { ChatInput, ChatRequest } from './request.ts';
import type { ChatPart, ModelGrade } from './part.ts';

/** Facts about a model that listings, banners and headers show. */
export interface ModelFacts {
  readonly id: string;
  /** The upstream that it belongs to; absent: this machine. */
  readonly upstream?: string;
  readonly grade: ModelGrade;
  /** SPDX id or name of the licence; `null` where unknown. */
  readonly license: string | null;
  /** Context that a request may use here, in tokens. */
  readonly contextTokenCount: number | null;
  readonly parameterCount: number | null;
  /** E.g. `Q4_0`. */
  readonly format: string | null;
  readonly family: string | null;
  readonly sizeBytes: number | null;
  readonly createdAt: Date;
  readonly sha256: string | null;
  /** True where the SHA-256 was stated by the catalog or the hub and matched. */
  readonly verified: boolean;
}

export interface Hedge {
  /** Milliseconds after which the first token is late; null: nobody else is asked for now. */
  afterMs(): number | null;
  /** To be asked before another is; false: no more for now. */
  spend(): boolean;
  /** Another was asked; whether it was first. */
  count(hasWon: boolean): void;
}

/** A model that can answer: this machine's or, later, an upstream's. Same contract for both. */
export interface ChatModel {
  readonly facts: ModelFacts;
  /**
   * Never throws after the first part: failures are an `error` part. Abort frees everything the request
   * holds within one engine step, and ends the stream with an `aborted` error part.
   */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>;
  /** Whether another model is asked beside this one where its first token is late. Absent: never. */
  readonly hedge?: Hedge;
  /** Prompt tokens as the model would count them, template included. */
  countTokens(input: ChatInput, signal?: AbortSignal): Promise<number>;
  /** Vectors or scores, whichever the request's task asks for. @throws NearfarError */
  embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult>;
}
