import type { Caller } from '../access/access.ts';
import { NearfarError } from '../chat/error.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Store } from '../store/store.ts';

/** What callers say of answers that they got. */
export interface Feedback {
  /**
   * One word on one answer; said again it replaces what was said before.
   * @throws NearfarError `not_found` where the caller asked no such request; `conflict` where it got no answer; `unavailable`
   *   where the store does not answer
   */
  give(given: GivenFeedback, caller: Caller): Promise<TakenFeedback>;
}

export interface GivenFeedback {
  readonly requestId: string;
  /** -1 (useless) to 1 (just right). */
  readonly score: number;
  readonly comment: string | null;
}

export interface TakenFeedback {
  readonly requestId: string;
  readonly score: number;
  /** Whether something was said before. */
  readonly isReplaced: boolean;
  /** Words are kept beside the captured answer or not at all. */
  readonly isCommentKept: boolean;
}

export interface FeedbackDependencies {
  readonly store: Pick<Store, 'db'>;
  readonly ledger: Pick<Ledger, 'flush'>;
  /** Keeps a comment beside the answer that it is about; false: there is none to keep it beside. Absent: none is kept. */
  readonly keepComment?: (requestId: string, comment: string) => Promise<boolean>;
  readonly now?: () => number;
}

export function createFeedback(dependencies: FeedbackDependencies): Feedback {
  const { store, ledger, keepComment = () => Promise.resolve(false), now = Date.now } = dependencies;
  const { db } = store;

  return {
    async give({ requestId, score, comment }, caller) {
      // The row of an answer that has just ended may be on its way.
      await ledger.flush();
      const row = await db
        .selectFrom('ledger')
        .select(['key_name', 'tenant', 'answering_model', 'status', 'privacy', 'purpose'])
        .where('request_id', '=', requestId)
        .executeTakeFirst();
      const isOwn = row?.key_name === caller.keyName && row.tenant === caller.tenant && row.purpose === null;
      // Of others' requests not even that they are there.
      if (row === undefined || !isOwn) {
        throw new NearfarError(
          'not_found',
          'There is no such request of this key. Expected the x-request-id of an answer, or its id where nearfar made it.',
          { field: 'request_id' },
        );
      }
      if (row.status >= 400) {
        throw new NearfarError(
          'conflict',
          'This request ended in an error: there is no answer to speak of.',
          {
            field: 'request_id',
          },
        );
      }
      const before = await db
        .selectFrom('feedback')
        .select('score')
        .where('request_id', '=', requestId)
        .executeTakeFirst();
      await db
        .insertInto('feedback')
        .values({
          request_id: requestId,
          given_at: now(),
          key_name: row.key_name,
          tenant: row.tenant,
          answering_model: row.answering_model,
          score,
        })
        .onConflict((conflict) => conflict.column('request_id').doUpdateSet({ score, given_at: now() }))
        .execute();
      const mayKeep = comment !== null && row.privacy === 'open';
      const isCommentKept = mayKeep && (await keepComment(requestId, comment));
      return { requestId, score, isReplaced: before !== undefined, isCommentKept };
    },
  };
}
