import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ArrivedRequest, RequestHeaders } from './arrived-request.ts';

/**
 * A request straight from node:http. The web's `Request` with its `Headers`, its body stream and its signal costs a gateway
 * about as much as the rest of its way; requests that are passed on need none of that.
 */
export class DirectRequest implements ArrivedRequest {
  readonly method = 'POST';
  readonly body = null;
  readonly headers: RequestHeaders;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  #abort: AbortController | null = null;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.headers = new IncomingHeaders(incoming);
  }

  /** Only where a client sends no name of the host, which `isDirect` declines, is more of it asked for. */
  get url(): string {
    return `http://${this.headers.get('host') ?? ''}${this.#incoming.url ?? '/'}`;
  }

  get signal(): AbortSignal {
    if (this.#abort !== null) return this.#abort.signal;
    const abort = (this.#abort = new AbortController());
    const outgoing = this.#outgoing;
    const onClose = (): void => {
      if (!outgoing.writableFinished) abort.abort(leftEarly);
    };
    if (outgoing.destroyed) onClose();
    else outgoing.once('close', onClose);
    return abort.signal;
  }

  /** @throws Error where the client goes away before its end */
  takeBytes(): Uint8Array | Promise<Uint8Array> {
    const incoming = this.#incoming;
    // Nearly always head and body came together.
    if (incoming.complete && !incoming.destroyed) {
      const bytes = incoming.read() as Uint8Array | null;
      if (bytes !== null) return bytes;
    }
    // Its end has been told already: nobody would hear of it again.
    if (incoming.destroyed) return Promise.reject(leftEarly);
    return new Promise((resolve, reject) => {
      let only: Uint8Array | null = null;
      let chunks: Uint8Array[] | null = null;
      incoming.on('data', (chunk: Uint8Array) => {
        if (only === null) only = chunk;
        else (chunks ??= [only]).push(chunk);
      });
      incoming.on('end', () => {
        resolve(chunks === null ? (only ?? nothing) : Buffer.concat(chunks));
      });
      incoming.on('error', reject);
      incoming.on('close', () => {
        if (!incoming.readableEnded) reject(leftEarly);
      });
    });
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await this.takeBytes()).buffer;
  }
}

const nothing = new Uint8Array();
/** Made once: an error with a stack for each client that leaves says no more. */
const leftEarly = new Error('The client went away.');

class IncomingHeaders implements RequestHeaders {
  readonly #incoming: IncomingMessage;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  get(name: string): string | null {
    const value = this.#incoming.headers[name];
    if (value === undefined) return null;
    return typeof value === 'string' ? value : value.join(', ');
  }

  has(name: string): boolean {
    return this.#incoming.headers[name] !== undefined;
  }
}

/**
 * Whether a request may go the direct way: it names its host, and declares how long its body is, which is not more than is
 * taken. Everything else is for the web's way, which knows what to say to it.
 */
export function isDirect({ method, headers }: IncomingMessage, bodyBytes: number): boolean {
  const { host, 'content-length': length } = headers;
  return (
    method === 'POST' &&
    host !== undefined &&
    host !== '' &&
    length !== undefined &&
    Number(length) <= bodyBytes &&
    headers['transfer-encoding'] === undefined
  );
}
