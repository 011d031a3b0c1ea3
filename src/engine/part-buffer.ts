import { isDelta, type ChatPart, type DeltaPart, type TokenLogprob } from '../chat/part.ts';

/** Parts of one answer between the child that writes them and the client that reads them. One reader. */
export interface PartBuffer {
  /** Takes a part, unless the answer has ended. What waits for a slow reader is joined, kind by kind. */
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

/** Deltas of one kind, choice and call that wait, as one. */
interface Joined {
  readonly type: 'joined';
  readonly choice: number;
  /** Without its logprobs, which are gathered beside it: there may be thousands. */
  delta: DeltaPart;
  readonly logprobs: TokenLogprob[];
}
type Waiting = Exclude<ChatPart, DeltaPart> | Joined;

function isEnd(part: { readonly type: string }): boolean {
  return part.type === 'finish' || part.type === 'error';
}

/** Two neighbouring deltas as one; null where they do not continue each other. */
function joinDeltas(first: DeltaPart, second: DeltaPart): DeltaPart | null {
  if (first.type === 'text-delta' && second.type === 'text-delta') {
    return { type: 'text-delta', choice: first.choice, text: first.text + second.text };
  }
  if (first.type === 'reasoning-delta' && second.type === 'reasoning-delta') {
    return { ...first, text: first.text + second.text };
  }
  if (first.type !== 'tool-call-delta' || second.type !== 'tool-call-delta') return null;
  return first.call === second.call ? { ...first, arguments: first.arguments + second.arguments } : null;
}

function toDelta({ delta, logprobs }: Joined): DeltaPart {
  return delta.type === 'text-delta' && logprobs.length > 0 ? { ...delta, logprobs } : delta;
}

export interface PartBufferOptions {
  /** False: nothing but the `start` can be taken before the end is here. */
  readonly isStreamed: boolean;
}

/**
 * A reader that stops reading stops nobody else: the child goes on, and what waits here is at most one part for each
 * stretch of text, reasoning or call. So memory is bounded by the text that the request may generate.
 */
export function createPartBuffer({ isStreamed }: PartBufferOptions): PartBuffer {
  let waiting: Waiting[] = [];
  let ended = false;
  let delivered = false;
  let startTaken = false;
  let endTaken = false;
  let wake: (() => void) | null = null;

  function join(delta: DeltaPart): void {
    // Within a choice the order of kinds is kept; choices are independent of each other.
    const last = waiting.findLast((part) => 'choice' in part && part.choice === delta.choice);
    const joined = last?.type === 'joined' ? joinDeltas(last.delta, delta) : null;
    const logprobs = delta.type === 'text-delta' ? (delta.logprobs ?? []) : [];
    if (last?.type === 'joined' && joined !== null) {
      last.delta = joined;
      last.logprobs.push(...logprobs);
    } else waiting.push({ type: 'joined', choice: delta.choice, delta, logprobs: [...logprobs] });
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
      if (isDelta(part)) join(part);
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
      return part.type === 'joined' ? toDelta(part) : part;
    },
  };
}
