import { mayCross } from '../privacy/clear.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { Store } from '../store/store.ts';
import { answerText, readAnswerText } from './answer-text.ts';
import type { KeptAnswer, KeptAnswers } from './kept-answers.ts';

/**
 * Kept answers that several gateways give: a second level behind the memory of each, in the database that they share. It is
 * never waited for long and fails softly: what is not found in time is made.
 */
export interface SharedAnswers {
  /** Whether anything with this label may lie in the database. */
  mayHold(label: PrivacyLabel): boolean;
  /** Null also where the database is away or slow. Never rejects. */
  find(key: string): Promise<KeptAnswer | null>;
  /** Written a moment later, or not at all where the database is away or the answer is too large. */
  put(key: string, answer: KeptAnswer): void;
  /** Resolves when what was put is written or given up. */
  flush(): Promise<void>;
}

export interface SharedAnswersOptions {
  readonly store: Pick<Store, 'db'>;
  /** Where the owner says that the database is: outside, nothing that is `local_only` goes there. */
  readonly boundary: 'inside' | 'outside';
  readonly timeToLiveMs: number;
  /** Of all answers together. */
  readonly budgetBytes: number;
  readonly warn: (message: string, cause?: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Longest that a request waits for the database before its answer is made. */
const patienceMs = 250;
/** How long a database that failed is left alone. */
const restMs = 5_000;
/** Of one answer: a longer one takes longer to move than is saved. */
const longestText = 1024 * 1024;
/** Answers that wait to be written. */
const waitingLimit = 200;
/** Bounds are looked at no more often. */
const pruneEveryMs = 60_000;
/** Keys of one statement: below the bound of either database. */
const keysPerStatement = 500;

export function createSharedAnswers(options: SharedAnswersOptions): SharedAnswers {
  const { store, boundary, timeToLiveMs, budgetBytes, warn, now } = options;
  const { db } = store;
  let waiting = new Map<string, KeptAnswer>();
  let writing: Promise<void> | null = null;
  let restsUntil = 0;
  let prunedAt = now();

  function failed(thrown: unknown): void {
    if (now() >= restsUntil) warn('Shared answers cannot be reached; answers are made instead.', thrown);
    restsUntil = now() + restMs;
  }

  async function read(key: string): Promise<KeptAnswer | null> {
    const row = await db
      .selectFrom('kept_answer')
      .select(['tenant', 'request_id', 'made_at', 'answer'])
      .where('key', '=', key)
      .where('made_at', '>', now() - timeToLiveMs)
      .executeTakeFirst();
    if (row === undefined) return null;
    const facts = { madeAt: row.made_at, owner: { requestId: row.request_id, tenant: row.tenant } };
    return readAnswerText(row.answer, facts);
  }

  async function write(key: string, answer: KeptAnswer): Promise<void> {
    const text = answerText(answer);
    if (text === null || text.length > longestText) return;
    const row = {
      tenant: answer.owner.tenant,
      request_id: answer.owner.requestId,
      made_at: answer.madeAt,
      byte_count: Buffer.byteLength(text),
      answer: text,
    };
    await db
      .insertInto('kept_answer')
      .values({ key, ...row })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute();
  }

  async function prune(): Promise<void> {
    if (now() - prunedAt < pruneEveryMs) return;
    prunedAt = now();
    await pruneAnswers(store, now() - timeToLiveMs, budgetBytes);
  }

  async function writeAll(): Promise<void> {
    // Else `writing` would be set to what has ended already, and nothing be written any more.
    await Promise.resolve();
    while (waiting.size > 0) {
      const batch = waiting;
      waiting = new Map();
      if (now() < restsUntil) continue;
      try {
        for (const [key, answer] of batch) await write(key, answer);
        await prune();
      } catch (thrown) {
        failed(thrown);
      }
    }
    writing = null;
  }

  return {
    mayHold: (label) => mayCross(label, boundary),
    async find(key) {
      const own = waiting.get(key);
      if (own !== undefined) return own;
      if (now() < restsUntil) return null;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, patienceMs, null);
      });
      const found = read(key).catch((thrown: unknown) => {
        failed(thrown);
        return null;
      });
      try {
        return await Promise.race([found, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    put(key, answer) {
      if (waiting.size >= waitingLimit) return;
      waiting.set(key, answer);
      writing ??= writeAll();
    },
    async flush() {
      await writing;
    },
  };
}

/** What another gateway made, if anything; from then on it is in memory here too. */
export async function sharedAnswer(
  shared: SharedAnswers | null,
  kept: Pick<KeptAnswers, 'put'>,
  key: string,
  label: PrivacyLabel,
): Promise<KeptAnswer | null> {
  if (shared?.mayHold(label) !== true) return null;
  const answer = await shared.find(key);
  if (answer !== null) kept.put(key, answer);
  return answer;
}

/** Removes what is too old, and the oldest of what is too much. */
export async function pruneAnswers(
  { db }: Pick<Store, 'db'>,
  madeUntil: number,
  budgetBytes: number,
): Promise<void> {
  await db.deleteFrom('kept_answer').where('made_at', '<=', madeUntil).execute();
  const total = await db
    .selectFrom('kept_answer')
    .select(({ fn }) => fn.sum<number | string | null>('byte_count').as('bytes'))
    .executeTakeFirstOrThrow();
  // PostgreSQL gives sums as text.
  if (Number(total.bytes ?? 0) <= budgetBytes) return;
  const rows = await db
    .selectFrom('kept_answer')
    .select(['key', 'byte_count'])
    .orderBy('made_at', 'desc')
    .orderBy('key')
    .execute();
  let byteCount = 0;
  const isOver = rows.findIndex((row) => (byteCount += row.byte_count) > budgetBytes);
  const keys = isOver < 0 ? [] : rows.slice(isOver).map(({ key }) => key);
  for (let at = 0; at < keys.length; at += keysPerStatement) {
    await db
      .deleteFrom('kept_answer')
      .where('key', 'in', keys.slice(at, at + keysPerStatement))
      .execute();
  }
}
