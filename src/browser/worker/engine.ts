import type { EmbedRequest, EmbedResult } from '../../chat/embedding.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { ChatInput, ChatRequest } from '../../chat/request.ts';
import type { LoadProgress } from '../backend.ts';

/**
 * A model that runs in a worker, for one page or for all tabs. The contract is that of a `Backend`, behind the boundary check:
 * what reaches it was cleared for this machine on the page's side.
 */
export interface PageEngine {
  load(onProgress: (progress: LoadProgress) => void, signal: AbortSignal): Promise<void>;
  chat(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>;
  embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult>;
  countTokens(input: ChatInput, signal: AbortSignal): Promise<number>;
  dispose(): Promise<void>;
}

/** What an engine is asked, as it travels between pages, tabs and workers. */
export type Ask =
  | { readonly kind: 'load' }
  | { readonly kind: 'chat'; readonly request: ChatRequest }
  | { readonly kind: 'embed'; readonly request: EmbedRequest }
  | { readonly kind: 'count'; readonly input: ChatInput };

export type ToEngine =
  | { readonly type: 'ask'; readonly id: number; readonly ask: Ask }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'dispose'; readonly id: number };

export type FromEngine =
  | { readonly type: 'progress'; readonly id: number; readonly progress: LoadProgress }
  | { readonly type: 'part'; readonly id: number; readonly part: WirePart }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

/** An error as structured clone carries it: its class is made anew on the other side. */
export interface WireError {
  readonly kind: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly field: string | null;
  readonly retryAfterSeconds: number | null;
}

export type WirePart =
  | Exclude<ChatPart, { readonly type: 'error' }>
  | (Omit<Extract<ChatPart, { readonly type: 'error' }>, 'error'> & { readonly error: WireError });
