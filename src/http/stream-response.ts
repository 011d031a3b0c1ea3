import type { ServerResponse } from 'node:http';
import { NearfarError } from '../chat/error.ts';
import { createEventStream, type EventStreamOptions } from './event-stream.ts';

/**
 * A response that `listen` still has to send. Only by its type a `Response`, none of whose members it has: the web's own, with
 * its `Headers`, costs as much as ten events.
 */
class UnsentResponse {
  /** By their names. */
  readonly headers: Record<string, string>;
  readonly #send: (outgoing: ServerResponse, headers: Record<string, string>) => void;
  #isSent = false;

  constructor(
    headers: Readonly<Record<string, string>>,
    send: (outgoing: ServerResponse, headers: Record<string, string>) => void,
  ) {
    this.headers = { ...headers };
    this.#send = send;
  }

  send(outgoing: ServerResponse): boolean {
    if (this.#isSent) return false;
    this.#isSent = true;
    try {
      this.#send(outgoing, this.headers);
    } catch {
      // A header that cannot be written: nothing can be said, and what is thrown here would end the process.
      outgoing.destroy();
    }
    return true;
  }

  /** For those who hand it on. */
  get asResponse(): Response {
    return this as unknown as Response;
  }
}

/** Null: it is a response of the web. */
function unsentOf(response: unknown): UnsentResponse | null {
  return response instanceof UnsentResponse ? response : null;
}

/**
 * A response whose body is a stream of items. Where there is a socket, `listen` writes to it without a web stream in
 * between, which took a third of the time of passing an upstream's events on; else the body is a web stream.
 */
export function streamResponse<Item>(
  options: EventStreamOptions<Item>,
  headers: Readonly<Record<string, string>>,
): Response {
  if (options.disconnect === null) return new Response(createEventStream(options), { headers });
  return new UnsentResponse(headers, (outgoing, all) => {
    try {
      outgoing.writeHead(200, all);
    } catch (thrown) {
      options.onAbandoned(new NearfarError('aborted', 'The head of the answer cannot be written.'));
      options.reader.close();
      throw thrown;
    }
    // Whoever reads is told by the cut.
    sendItems(options, outgoing).catch(() => outgoing.destroy());
  }).asResponse;
}

/** A whole body, which needs no web response where there is a socket. */
export function bytesResponse(
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>>,
  hasSocket: boolean,
): Response {
  if (!hasSocket) return new Response(Buffer.from(bytes), { headers });
  return new UnsentResponse(headers, (outgoing, all) => {
    all['content-length'] = String(bytes.byteLength);
    outgoing.writeHead(200, all);
    outgoing.end(bytes);
  }).asResponse;
}

/** Sets headers of a response, whether or not it stands for what is still to be sent. @param headers names in small letters */
export function addHeaders(response: Response, headers: Readonly<Record<string, string>>): void {
  const stream = unsentOf(response);
  if (stream !== null) Object.assign(stream.headers, headers);
  else for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
}

/** Sends what a response stands for. @returns whether it stands for one */
export function sendStream(response: Response, outgoing: ServerResponse): boolean {
  return unsentOf(response)?.send(outgoing) === true;
}

/** Sends any response of ours to a socket: what `sendStream` does, or a body that is there already. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  if (sendStream(response, outgoing)) return;
  try {
    const bytes = Buffer.from(await response.arrayBuffer());
    outgoing.writeHead(response.status, {
      ...Object.fromEntries(response.headers),
      'content-length': String(bytes.byteLength),
    });
    outgoing.end(bytes);
  } catch {
    // Nothing can be said any more.
    outgoing.destroy();
  }
}

/**
 * Items -> socket: one is taken from its source only when the socket has room, so a slow reader holds no more than the
 * socket's own buffer. The head of the response leaves with the first item where that is there already.
 */
async function sendItems<Item>(options: EventStreamOptions<Item>, outgoing: ServerResponse): Promise<void> {
  const { reader, encode, keepAliveText, limits } = options;
  let isOver = false;
  let sentAt = performance.now();
  let roomAgain: (() => void) | null = null;

  const stop = (): void => {
    isOver = true;
    clearInterval(watch);
    clearImmediate(flush);
    outgoing.off('close', onClose);
    roomAgain?.();
  };
  function abandon(message: string): void {
    if (isOver) return;
    stop();
    // First the reason, then the end: whoever settles the answer can tell that it was given up.
    options.onAbandoned(new NearfarError('aborted', message));
    reader.close();
  }
  const onClose = (): void => {
    abandon('The client went away.');
  };
  const checkTime = (): void => {
    const idleMs = performance.now() - sentAt;
    if (roomAgain !== null) {
      if (idleMs < limits.slowClientMs) return;
      abandon('The client stopped reading.');
      options.disconnect?.();
    } else if (keepAliveText !== null && idleMs >= limits.keepAliveCommentMs) {
      sentAt = performance.now();
      outgoing.write(keepAliveText);
    }
  };
  // One coarse timer for a stream instead of two exact ones for each token.
  const periodMs = Math.max(5, Math.min(limits.slowClientMs, limits.keepAliveCommentMs) / 4);
  const watch = setInterval(checkTime, periodMs);
  const flush = setImmediate(() => {
    outgoing.flushHeaders();
  });
  outgoing.on('close', onClose);
  // Stays: what is written in the moment between a cut and its notice must not end the process.
  outgoing.on('error', onClose);
  if (outgoing.destroyed) onClose();

  for (;;) {
    const item = await reader.read();
    // Set by whoever ends the stream meanwhile.
    if (isOver as boolean) return;
    if (item === null) {
      stop();
      outgoing.end();
      return;
    }
    const text = encode(item);
    if (reader.isOver === true) {
      stop();
      // With the last bytes, in one piece.
      outgoing.end(text);
      return;
    }
    if (text.length === 0) continue;
    clearImmediate(flush);
    sentAt = performance.now();
    if (outgoing.write(text)) continue;
    await new Promise<void>((resolve) => {
      roomAgain = resolve;
      outgoing.once('drain', resolve);
    });
    roomAgain = null;
    if (isOver as boolean) return;
  }
}
