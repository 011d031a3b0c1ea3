import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import { questionOfExchange, type CapturedQuestion } from '../quality/captured-question.ts';
import { nothingKept, openExisting } from './captured.ts';
import { openLedger } from './open-ledger.ts';

const idsPerRead = 200;
const mostHeads = 1_000_000;

/**
 * What was captured and can be asked of other models, the newest first.
 * @throws NearfarError `invalid_request` where there is nothing
 */
export async function capturedQuestions(
  loaded: LoadedSettings,
  from: number,
  limit: number,
): Promise<readonly CapturedQuestion[]> {
  const store = await openExisting(loaded);
  if (store === null) throw nothing(nothingKept(loaded));
  try {
    const heads = await store.list({ from }, mostHeads);
    const found: CapturedQuestion[] = [];
    for (let at = 0; at < heads.length && found.length < limit; at += idsPerRead) {
      const requestIds = heads.slice(at, at + idsPerRead).map(({ requestId }) => requestId);
      const page: CapturedQuestion[] = [];
      for await (const exchange of store.read({ requestIds })) {
        const question = questionOfExchange(exchange);
        if (question !== null) page.push(question);
      }
      found.push(...page.toReversed());
    }
    if (found.length > 0) return found.slice(0, limit);
    throw nothing(
      heads.length === 0
        ? nothingKept(loaded)
        : `Of ${heads.length} kept prompts and answers none can be compared: it takes conversations in text, answered whole ` +
            'by a model, with no secret in them.',
    );
  } finally {
    await store.close();
  }
}

function nothing(message: string): NearfarError {
  return new NearfarError('invalid_request', message, { field: 'capture' });
}

/** What each of these requests cost, in US dollars, by the ledger; those of which it is not known are left out. */
export async function costsOfRequests(
  loaded: LoadedSettings,
  requestIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const costs = new Map<string, number>();
  const ledger = await openLedger(loaded);
  if (ledger === null) return costs;
  try {
    for (let at = 0; at < requestIds.length; at += idsPerRead) {
      const rows = await ledger.store.db
        .selectFrom('ledger')
        .select(['request_id', 'cost_micros'])
        .where('request_id', 'in', requestIds.slice(at, at + idsPerRead))
        .where('is_cost_known', '=', 1)
        .execute();
      for (const row of rows) costs.set(row.request_id, row.cost_micros / 1_000_000);
    }
    return costs;
  } finally {
    await ledger.store.close();
  }
}
