import type { ChatPart } from '../chat/part.ts';
import type { PassingItem } from './passing-answer.ts';

export type KeptAnswer = KeptParts | KeptBytes;

/** A whole answer: `start`, deltas, ends and `finish`. */
export interface KeptParts extends KeptFacts {
  readonly parts: readonly ChatPart[];
}

/** A whole answer in an upstream's own bytes. */
export interface KeptBytes extends KeptFacts {
  readonly contentType: string;
  readonly items: readonly PassingItem[];
}

interface KeptFacts {
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  readonly owner: AnswerOwner;
}

/** Whose answer it is, for those who want it forgotten. */
export interface AnswerOwner {
  /** Of the request that it was made for. */
  readonly requestId: string;
  readonly tenant: string;
}

/** Answers in memory, the least recently used ones forgotten first. */
export interface KeptAnswers {
  get(key: string): KeptAnswer | null;
  /** As `get`, without counting as a use. */
  peek(key: string): KeptAnswer | null;
  /**
   * Nothing is kept of an answer that is larger than all that may be kept.
   * @param besideBytes what is kept elsewhere because of it
   */
  put(key: string, answer: KeptAnswer, besideBytes?: number): void;
  /** Forgets those that are chosen; returns how many. */
  forget(isChosen: (answer: Pick<KeptAnswer, 'madeAt' | 'owner'>) => boolean): number;
  readonly usedBytes: number;
  readonly answerCount: number;
}

export interface KeptAnswersOptions {
  readonly budgetBytes: number;
  /** How long an answer is given again after it was made, in milliseconds. */
  readonly timeToLiveMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What was kept under this key is gone. */
  readonly onRemove?: (key: string) => void;
}

function sizeOf(answer: KeptAnswer): number {
  if ('parts' in answer) return textSize(answer.parts);
  return answer.items.reduce((sum, { bytes, parts }) => sum + bytes.byteLength + textSize(parts), 0);
}

/** Strings take one or two bytes a character in memory: counted as two. */
function textSize(parts: readonly object[]): number {
  return 2 * JSON.stringify(parts).length;
}

/** Beside its text: key, map entry and objects, by rule of thumb. */
const entryBytes = 512;

export function createKeptAnswers(options: KeptAnswersOptions): KeptAnswers {
  const { budgetBytes, timeToLiveMs, now, onRemove = () => undefined } = options;
  /** Oldest use first. */
  const entries = new Map<string, { readonly answer: KeptAnswer; readonly bytes: number }>();
  let usedBytes = 0;

  function remove(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    usedBytes -= entry.bytes;
    entries.delete(key);
    onRemove(key);
  }

  function peek(key: string): KeptAnswer | null {
    const entry = entries.get(key);
    if (entry === undefined) return null;
    if (now() - entry.answer.madeAt < timeToLiveMs) return entry.answer;
    remove(key);
    return null;
  }

  return {
    get(key) {
      const answer = peek(key);
      const entry = entries.get(key);
      if (answer === null || entry === undefined) return null;
      entries.delete(key);
      entries.set(key, entry);
      return answer;
    },
    peek,
    put(key, answer, besideBytes = 0) {
      remove(key);
      const bytes = entryBytes + sizeOf(answer) + besideBytes;
      if (bytes > budgetBytes) return;
      for (const oldest of entries.keys()) {
        if (usedBytes + bytes <= budgetBytes) break;
        remove(oldest);
      }
      entries.set(key, { answer, bytes });
      usedBytes += bytes;
    },
    forget(isChosen) {
      const chosen = [...entries].filter(([, { answer }]) => isChosen(answer));
      for (const [key] of chosen) remove(key);
      return chosen.length;
    },
    get usedBytes() {
      return usedBytes;
    },
    get answerCount() {
      return entries.size;
    },
  };
}
