import type { ChatPart, TokenLogprob } from '../chat/part.ts';

/** Parts of one answer between the child that writes them and the client that reads them. One reader. */
export interface PartBuffer {
  /** Takes a part, unless the answer has ended. Text waiting for a slow reader is joined to one part a choice. */
  push(part: ChatPart): void;
  /** True once a `finish` or `error` was pushed: nothing can be added any more. */
  readonly ended: boolean;
  /** True once the reader has taken text or the end of a choice: the answer cannot be started over. */
  readonly delivered: boolean;
  /** Forgets what was not taken yet, so that the request can run again. A `start` that was taken is not repeated. */
  restart(): void;
  /** The next part, in order; `null` after the end was taken. Do not call it again before it has settled. */
  take(): Promise<ChatPart | null>;
}

type TextDelta = Extract<ChatPart, { type: 'text-delta' }>;
interface JoinedText {
  readonly type: 'text-delta';
  readonly choice: number;
  text: string;
  logprobs: TokenLogprob[] | null;
}
type Waiting = Exclude<ChatPart, { type: 'text-delta' }> | JoinedText;

function isEnd(part: { readonly type: ChatPart['type'] }): boolean {
  return part.type === 'finish' || part.type === 'error';
}

function toPart(waiting: Waiting): ChatPart {
  if (waiting.type !== 'text-delta') return waiting;
  const { choice, text, logprobs } = waiting;
  return { type: 'text-delta', choice, text, ...(logprobs === null ? {} : { logprobs }) };
}

export interface PartBufferOptions {
  /** False: nothing but the `start` can be taken before the end is here. */
  readonly isStreamed: boolean;
}

/**
 * A reader that stops reading stops nobody else: the child goes on, and what waits here is at most one start, one
 * text and one end per choice, and one finish. So memory is bounded by the text that the request may generate.
 */
export function createPartBuffer({ isStreamed }: PartBufferOptions): PartBuffer {
  let waiting: Waiting[] = [];
  let ended = false;
  let delivered = false;
  let startTaken = false;
  let endTaken = false;
  let wake: (() => void) | null = null;

  function join(delta: TextDelta): void {
    // From the back: a choice's text is followed by no more than its own end, and that comes last of it.
    const last = waiting.findLast((part) => part.type === 'text-delta' && part.choice === delta.choice);
    if (last?.type === 'text-delta') {
      last.text += delta.text;
      if (delta.logprobs !== undefined) (last.logprobs ??= []).push(...delta.logprobs);
      return;
    }
    waiting.push({
      type: 'text-delta',
      choice: delta.choice,
      text: delta.text,
      logprobs: delta.logprobs === undefined ? null : [...delta.logprobs],
    });
  }

  function canTake(): boolean {
    const [first] = waiting;
    if (first === undefined) return false;
    return isStreamed || ended || first.type === 'start';
  }

  return {
    get ended() {
      return ended;
    },
    get delivered() {
      return delivered;
    },
    push(part) {
      if (ended) return;
      if (part.type === 'start' && startTaken) return;
      if (part.type === 'text-delta') join(part);
      else waiting.push(part);
      if (isEnd(part)) ended = true;
      wake?.();
      wake = null;
    },
    restart() {
      if (!ended && !delivered) waiting = [];
    },
    async take() {
      if (endTaken) return null;
      while (!canTake()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const part = waiting.shift();
      if (part === undefined) return null;
      if (part.type === 'start') startTaken = true;
      else if (isEnd(part)) endTaken = true;
      else delivered = true;
      return toPart(part);
    },
  };
}
