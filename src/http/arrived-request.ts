/** A request's headers as far as routes read them. Names are in small letters. */
export interface RequestHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** A request as far as routes read it: a web `Request` is one, and `DirectRequest` is node's own. */
export interface ArrivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: RequestHeaders;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly body: ReadableStream<Uint8Array> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
  /** The whole body without a copy, where it comes straight from the socket and its length is declared; at once where it is there. */
  takeBytes?(): Uint8Array | Promise<Uint8Array>;
}
