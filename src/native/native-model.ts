import type { EmbedRequest, Pooling } from '../chat/embedding.ts';
import type { FinishReason } from '../chat/part.ts';
import type { ChatInput, ChatRequest } from '../chat/request.ts';
import type { Availability, LoadProgress } from '../browser/backend.ts';

/** What a model of the device says while it writes. */
export type NativePiece =
  | { readonly type: 'text' | 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly id: string; readonly name: string; readonly arguments: string };

/** How an answer ended. What the module does not tell is null, and is estimated or left out. */
export interface NativeEnd {
  readonly reason: FinishReason;
  /** Where the module itself looked for stop strings and met one. */
  readonly stopSequence?: string;
  readonly promptTokenCount: number | null;
  readonly cachedTokenCount: number | null;
  readonly completionTokenCount: number | null;
}

/**
 * A language model behind a native module, as `nearfar/native` wants it. The adapters (`apple/`, `gemini-nano/`, `llama-rn/`)
 * make one of the packages that exist; an app with a module of its own writes these methods and hands them to `nativeBackend`.
 */
export interface NativeModel {
  /** Unique among the backends of a client. */
  readonly name: string;
  /** Cheap; loads and fetches nothing. May throw: that is `unavailable` with the error's message. */
  detect(): Promise<Availability>;
  /**
   * Fetches what is missing, loads, and returns at once where there is nothing to do.
   * @throws anything; `toNearfarError` below makes words of it
   */
  load(tell: (progress: Omit<LoadProgress, 'backend'>) => void, signal: AbortSignal): Promise<void>;
  /**
   * Writes one answer; `say` is called with each new piece, never with what was said before. Where `signal` aborts it tells the
   * module to stop, and may settle or hang: nobody listens any more.
   * @throws anything; `toNearfarError` makes words of it
   */
  generate(request: ChatRequest, say: (piece: NativePiece) => void, signal: AbortSignal): Promise<NativeEnd>;
  /** Whether the module itself ends an answer after `maxTokenCount` tokens. False: it is cut here, by an estimate. */
  readonly boundsTokens: boolean;
  /** Whether the module can write several answers at once. False: they wait for each other. */
  readonly isConcurrent: boolean;
  /** One vector a text, of any length. Absent: none. */
  embed?(
    texts: readonly string[],
    request: EmbedRequest,
    signal: AbortSignal,
  ): Promise<{
    readonly vectors: readonly (readonly number[])[];
    readonly pooling: Pooling;
    readonly promptTokenCount: number | null;
  }>;
  /** Tokens of the prompt, template included. Absent: nobody tells. */
  countTokens?(input: ChatInput, signal: AbortSignal): Promise<number>;
  /** Frees memory; it can be loaded again. */
  dispose(): Promise<void>;
}
