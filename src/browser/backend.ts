import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatInput } from '../chat/request.ts';
import type { Boundary, Cleared } from '../privacy/clear.ts';

/** What a backend can do with the model that it has or would load. */
export interface BackendAbilities {
  /** False: the whole answer comes as one delta. */
  readonly streaming: boolean;
  /**
   * Whether a `json_schema` or `json_object` format is kept to while tokens are drawn. False: the client says the schema in
   * the prompt, checks what came and refuses what does not fit.
   */
  readonly schema: boolean;
  readonly tools: boolean;
  readonly images: boolean;
  readonly audio: boolean;
  readonly embeddings: boolean;
  /** Whether `chat` answers; false for a model that only embeds. */
  readonly chat: boolean;
  /** `exact`: by the model's own tokenizer; `none`: `countTokens` is absent, and the client estimates. */
  readonly tokenCounts: 'exact' | 'none';
  /** In tokens; null: not known before it is loaded, or by nobody. */
  readonly contextTokenCount: number | null;
}

/**
 * Whether a backend can be used here and now. `ready`: it is in memory, or is there at once. `downloaded`: its files are on
 * this device and must be loaded. `downloadable`: they must be fetched first, which happens only where `prepare` was called
 * or the settings allow it. `downloading`: another tab or an earlier call is at it.
 */
export type Availability =
  | {
      readonly state: 'ready' | 'downloaded' | 'downloadable' | 'downloading';
      /** Id of the model, e.g. `smollm2-135m-instruct-q4_0`. */
      readonly model: string;
      /** Bytes that are still to be fetched; 0 where nothing is; null where nobody tells (Chrome's own model). */
      readonly downloadBytes: number | null;
      readonly can: BackendAbilities;
      /** What is worth knowing of this state, as a sentence; null: nothing. */
      readonly note: string | null;
    }
  /** Why not, as a sentence that a person can act on, e.g. `This browser has no WebGPU.` */
  | { readonly state: 'unavailable'; readonly reason: string };

/** How far loading is. `total` is null where nobody knows it. `fraction` is 0-1, never falls, and is 1 only at the end. */
export interface LoadProgress {
  readonly backend: string;
  readonly phase: 'download' | 'verify' | 'load';
  readonly loadedBytes: number | null;
  readonly totalBytes: number | null;
  readonly fraction: number;
}

/**
 * One way of answering. In the page (`machine`: nothing that it is given leaves the device), or through a gateway. All of
 * them take our own requests and give the one stream of `ChatPart`.
 */
export interface Backend<B extends Boundary = Boundary> {
  /** Unique among the backends of a client: `built-in`, `webllm`, `transformers`, `wllama`, `gateway`, or the page's own. */
  readonly name: string;
  /** Where what it is given goes. */
  readonly boundary: B;
  /**
   * Cheap, without a download or a model in memory; may be asked often. Never throws: what goes wrong is `unavailable`.
   */
  detect(): Promise<Availability>;
  /**
   * Makes it `ready`: fetches what is missing, and loads. At once where it is. Calls at the same time share one load;
   * aborting one of them stops the load only where nobody else waits.
   * @throws NearfarError `unavailable`, `aborted`, or `too_large` where the device has no room
   */
  load(onProgress: (progress: LoadProgress) => void, signal: AbortSignal): Promise<void>;
  /**
   * Never throws: failures are an `error` part. Exactly one `finish` or `error`, last. Loads first where that is needed and
   * no download is. An abort ends the stream with an `aborted` error part within one token, and frees what it held. Where
   * the reader leaves early (`return()`), generation stops too.
   */
  chat(request: Cleared<B>, signal: AbortSignal): AsyncIterable<ChatPart>;
  /** Absent: no vectors. @throws NearfarError */
  embed?(request: Cleared<B, EmbedRequest>, signal: AbortSignal): Promise<EmbedResult>;
  /** Tokens of the prompt as the model counts them, template included. Absent: nobody tells. @throws NearfarError */
  countTokens?(input: ChatInput, signal: AbortSignal): Promise<number>;
  /** Frees memory, workers and sessions; downloaded files stay. It can be loaded again. */
  dispose(): Promise<void>;
}

/**
 * A backend before its code is loaded: small enough for the core. `open` imports the rest, and is called once.
 * An optional peer dependency that is not installed must not make `open` throw: `detect` says so.
 */
export interface BackendSource<B extends Boundary = Boundary> {
  readonly name: string;
  readonly boundary: B;
  open(): Promise<Backend<B>>;
}

/** What backends of the page are asked. */
export type PageRequest = Cleared<'machine'>;
