import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';

/** An answer as the routes read it: one part at a time, and surely one `finish` or `error` at the end. */
export interface PartReader {
  /** The next part; null after the last one. Never rejects: what is thrown becomes an `error` part. */
  read(): Promise<ChatPart | null>;
  /**
   * The first part, left in place; null where it has not come within `patienceMs`.
   * @param patienceMs null: as long as it takes
   */
  peek(patienceMs: number | null): Promise<ChatPart | null>;
  /** Lets go of the answer; later reads give null. */
  close(): void;
}

export function createPartReader(parts: AsyncIterable<ChatPart>): PartReader {
  const iterator = parts[Symbol.asyncIterator]();
  let peeked: Promise<ChatPart | null> | null = null;
  let hasEnded = false;

  async function take(): Promise<ChatPart | null> {
    if (hasEnded) return null;
    let part: ChatPart;
    try {
      const next = await iterator.next();
      part = next.done === true ? lostEnd() : next.value;
    } catch (thrown) {
      part = { type: 'error', error: toNearfarError(thrown) };
    }
    if (part.type === 'finish' || part.type === 'error') close();
    return part;
  }

  function close(): void {
    if (hasEnded) return;
    hasEnded = true;
    // Runs the generator's own clean-up; what it throws then has no reader any more.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }

  return {
    read() {
      const part = peeked ?? take();
      peeked = null;
      return part;
    },
    async peek(patienceMs) {
      const first = (peeked ??= take());
      if (patienceMs === null) return first;
      let timer: NodeJS.Timeout | undefined;
      const impatience = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, patienceMs, null);
      });
      try {
        return await Promise.race([first, impatience]);
      } finally {
        clearTimeout(timer);
      }
    },
    close,
  };
}

function lostEnd(): ChatPart {
  return { type: 'error', error: new NearfarError('internal', 'The answer broke off without an end.') };
}
