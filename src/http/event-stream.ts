import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { HttpLimits } from './dependencies.ts';

/** One part as text for the wire; '' where the dialect says nothing for it. */
export type PartEncoder = (part: ChatPart) => string;

/** Where items come from: null after the last one; never rejects. */
export interface ItemReader<Item> {
  read(): Promise<Item | null>;
  close(): void;
  /** True: `read` has nothing more; absent: that is not known before it says so. */
  readonly isOver?: boolean;
}

export interface EventStreamOptions<Item> {
  readonly reader: ItemReader<Item>;
  readonly encode: (item: Item) => string | Uint8Array;
  /** Sent while nothing else is, e.g. an SSE comment; null: nothing. */
  readonly keepAliveText: string | null;
  readonly limits: Pick<HttpLimits, 'slowClientMs' | 'keepAliveCommentMs'>;
  /** Told when nobody reads any more: the client went away, or takes nothing off the stream. */
  readonly onAbandoned: (reason: NearfarError) => void;
  /** Cuts the connection of a client that has stalled; null where there is no socket. */
  readonly disconnect: (() => void) | null;
}

const utf8 = new TextEncoder();

/**
 * Items -> bytes, pulled by the socket: an item is taken from its source only when the last one has left, so a slow
 * reader holds at most one here. Ends after the last item.
 */
export function createEventStream<Item>(options: EventStreamOptions<Item>): ReadableStream<Uint8Array> {
  const { reader, encode, keepAliveText, limits } = options;
  /** Set while the socket waits for us; else we wait for the socket. */
  let isPulling = false;
  let isAbandoned = false;
  let sentAt = performance.now();
  let watch: NodeJS.Timeout | undefined;

  function abandon(message: string): void {
    if (isAbandoned) return;
    isAbandoned = true;
    clearInterval(watch);
    // First the reason, then the end: whoever settles the answer can tell that it was given up.
    options.onAbandoned(new NearfarError('aborted', message));
    reader.close();
  }

  function checkTime(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const idleMs = performance.now() - sentAt;
    const hasUnsent = (controller.desiredSize ?? 0) < 0;
    if (!isPulling || hasUnsent) {
      if (idleMs < limits.slowClientMs) return;
      abandon('The client stopped reading.');
      // Cutting the connection cancels this stream; the server would log an error in it instead.
      if (options.disconnect === null)
        controller.error(new NearfarError('aborted', 'The client stopped reading.'));
      else options.disconnect();
    } else if (keepAliveText !== null && idleMs >= limits.keepAliveCommentMs) {
      controller.enqueue(utf8.encode(keepAliveText));
      sentAt = performance.now();
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // One coarse timer for a stream instead of two exact ones for each token.
        const periodMs = Math.max(5, Math.min(limits.slowClientMs, limits.keepAliveCommentMs) / 4);
        watch = setInterval(checkTime, periodMs, controller);
      },
      async pull(controller) {
        isPulling = true;
        for (;;) {
          const item = await reader.read();
          if (isAbandoned) break;
          if (item === null) {
            clearInterval(watch);
            controller.close();
            break;
          }
          const text = encode(item);
          if (text.length === 0) continue;
          controller.enqueue(typeof text === 'string' ? utf8.encode(text) : text);
          sentAt = performance.now();
          break;
        }
        isPulling = false;
      },
      cancel() {
        abandon('The client went away.');
      },
    },
    // Nothing is read ahead of the socket.
    { highWaterMark: 0 },
  );
}
