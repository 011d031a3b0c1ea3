import type { ChatPart } from '../chat/part.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createAnswerText, type AnswerText } from './answer-text.ts';
import type { CapturedExchange } from './exchange.ts';
import type { CapturedStore } from './captured-store.ts';

/** Keeps prompts and answers, where the owner asked for it. Never waits for the disk while a request is answered. */
export interface Capture {
  /** Null: this one is not kept. What must not leave the owner's boundary never is. */
  begin(asked: AskedText): CaptureRecorder | null;
  /** Keeps a caller's words beside the answer that they are about; false: it was not kept, and neither are they. */
  comment(requestId: string, comment: string): Promise<boolean>;
  readonly stats: CaptureStats;
  /** Resolves when all that was taken is written or dropped. */
  flush(): Promise<void>;
  /** Flushes, and takes nothing any more. */
  close(): Promise<void>;
}

export interface AskedText {
  readonly privacy: PrivacyLabel;
  /** As it shall be kept; not changed later. */
  readonly prompt: unknown;
  /** About how long it is, in characters. */
  readonly characterCount: number;
}

export interface CaptureRecorder {
  see(part: ChatPart): void;
  /** An answer that passes by as it is, in place of its parts. */
  seeBody(bytes: Uint8Array): void;
  /** Once, with the ledger's row. */
  end(row: LedgerRow): void;
}

export interface CaptureStats {
  readonly keptCount: number;
  /** Exchanges that were not kept though they were to be: too long, too many at once, or the store refused them. */
  readonly droppedCount: number;
  /** Characters that wait to be written. */
  readonly pendingCharacterCount: number;
}

export interface CaptureOptions {
  readonly store: Pick<CapturedStore, 'add' | 'comment'>;
  /** Of requests that may be kept, the share that is: 1 = all. */
  readonly sampleRate: number;
  /** Takes the secrets out of a value of JSON. */
  readonly redact: (value: unknown) => unknown;
  readonly warn: (message: string, cause?: unknown) => void;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** A prompt or answer that is longer is not kept at all, for half of one says the wrong thing. */
const longestCharacterCount = 8 * 1024 * 1024;
/** All that may wait together; the next ones are dropped, and counted. */
const pendingCharacterLimit = 32 * 1024 * 1024;
const pendingLimit = 2000;
const collectMs = 100;
const attempts = 5;
const retryMs = 100;
/** Written in one turn, so that no request waits long for the thread. */
const turnCount = 20;
const turnCharacterCount = 256 * 1024;

type Waiting = { readonly exchange: CapturedExchange; readonly characterCount: number };

export function createCapture({ store, sampleRate, redact, warn, random }: CaptureOptions): Capture {
  let waiting: Waiting[] = [];
  let pendingCharacterCount = 0;
  let keptCount = 0;
  let droppedCount = 0;
  let writing: Promise<void> | null = null;
  let isRefused = false;
  let isClosed = false;
  let hurry = (): void => undefined;

  function take(exchange: CapturedExchange, characterCount: number): void {
    const isFull =
      waiting.length >= pendingLimit || pendingCharacterCount + characterCount > pendingCharacterLimit;
    if (isClosed || isFull || characterCount > longestCharacterCount) {
      droppedCount += 1;
      return;
    }
    waiting.push({ exchange, characterCount });
    pendingCharacterCount += characterCount;
    writing ??= writeAll();
  }

  async function writeAll(): Promise<void> {
    await pause(collectMs);
    while (waiting.length > 0) {
      const turn = nextTurn();
      const clean = turn.flatMap(({ exchange }) => cleaned(exchange) ?? []);
      const written = (await write(clean)) ? clean.length : 0;
      keptCount += written;
      droppedCount += turn.length - written;
      pendingCharacterCount -= turn.reduce((sum, { characterCount }) => sum + characterCount, 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    writing = null;
  }

  /** Another process may be writing: it is tried again for a second. */
  async function write(exchanges: readonly CapturedExchange[]): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await store.add(exchanges);
        isRefused = false;
        return true;
      } catch (thrown) {
        if (attempt < attempts && !isRefused) {
          await pause(retryMs * attempt);
          continue;
        }
        if (!isRefused) warn('Prompts and answers cannot be kept.', thrown);
        isRefused = true;
        return false;
      }
    }
  }

  function nextTurn(): readonly Waiting[] {
    let count = 0;
    let characterCount = 0;
    for (const entry of waiting) {
      if (count > 0 && (count >= turnCount || characterCount + entry.characterCount > turnCharacterCount))
        break;
      count += 1;
      characterCount += entry.characterCount;
    }
    const turn = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return turn;
  }

  /** Null where it cannot be searched for secrets, such as a body that is nested without end: then it is not kept. */
  function cleaned(exchange: CapturedExchange): CapturedExchange | null {
    try {
      return { ...exchange, prompt: redact(exchange.prompt), answer: redact(exchange.answer) };
    } catch {
      return null;
    }
  }

  async function flush(): Promise<void> {
    while (writing !== null) {
      hurry();
      await writing;
    }
  }

  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    begin({ privacy, prompt, characterCount }) {
      if (privacy !== 'open' || (sampleRate < 1 && random() >= sampleRate)) return null;
      const answer = createAnswerText();
      const bodies: Uint8Array[] = [];
      let bodyLength = 0;
      return {
        see(part) {
          if (answer.characterCount <= longestCharacterCount) answer.see(part);
        },
        seeBody(bytes) {
          bodyLength += bytes.byteLength;
          if (bodyLength <= longestCharacterCount) bodies.push(bytes);
        },
        end(row) {
          // A tightened label, such as one that the route set later, holds for what was said before it.
          if (row.privacy !== 'open') return;
          const exchange = exchangeOf(row, prompt, bodyLength > 0 ? bodyOf(bodies) : spoken(answer));
          take(exchange, characterCount + Math.max(answer.characterCount, bodyLength));
        },
      };
    },
    async comment(requestId, comment) {
      if (isClosed) return false;
      // The answer may wait to be written.
      await flush();
      const clean = redact(comment);
      return typeof clean === 'string' && (await store.comment(requestId, clean));
    },
    get stats() {
      return { keptCount, droppedCount, pendingCharacterCount };
    },
    flush,
    async close() {
      await flush();
      isClosed = true;
    },
  };
}

function exchangeOf(row: LedgerRow, prompt: unknown, answer: unknown): CapturedExchange {
  return {
    requestId: row.requestId,
    startedAt: row.startedAt,
    keyName: row.keyName,
    tenant: row.tenant,
    dialect: row.dialect,
    operation: row.operation ?? 'unknown',
    requestedModel: row.requestedModel,
    answeringModel: row.answeringModel,
    upstream: row.upstream ?? null,
    answerSource: row.answerSource,
    status: row.status,
    finish: row.finish,
    prompt,
    answer,
  };
}

/** The choices; an answer that broke off says so. */
function spoken({ choices, isWhole }: AnswerText): unknown {
  if (choices.length === 0) return null;
  return isWhole ? choices : { isWhole, choices };
}

function bodyOf(bodies: readonly Uint8Array[]): unknown {
  const text = Buffer.concat(bodies).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
