import type { Store } from '../store/store.ts';
import type { JudgedTable } from '../store/schema.ts';
import type { Place } from './judge-prompt.ts';
import type { Outcome, OutcomeCounts } from './outcome.ts';

/** One comparison of two tiers' answers to one request. No text. */
export interface Judged {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly judgedAt: number;
  readonly lower: TierModel;
  readonly upper: TierModel;
  /** The tier whose answer was delivered. */
  readonly answeredTier: string;
  /** The tier that the route would have chosen had none been lowered. */
  readonly routedTier: string;
  /** Of the lower tier's answer. */
  readonly outcome: Outcome;
  /** Where a tie was a contradiction: the place that the judge named in both orders. Null also in rows of before migration 017. */
  readonly favouredPlace: Place | null;
  readonly judge: string;
}

export interface TierModel {
  readonly tier: string;
  readonly modelId: string;
}

/** Outcomes of one pair of models by one judge. */
export interface JudgedSum {
  readonly lower: TierModel;
  readonly upper: TierModel;
  readonly answeredTier: string;
  readonly judge: string;
  readonly counts: OutcomeCounts;
  /** Of the ties, those in which the judge named one place in both orders. */
  readonly favoured: Readonly<Record<Place, number>>;
}

export interface JudgedStore {
  /** One that is there already stays: a request is judged once. */
  add(judged: Judged): Promise<void>;
  /** Oldest first, from after that one on; at most so many. */
  read(after: JudgedPlace | null, limit: number): Promise<readonly Judged[]>;
  sums(period: { readonly from: number; readonly to: number }): Promise<readonly JudgedSum[]>;
}

export interface JudgedPlace {
  readonly judgedAt: number;
  readonly requestId: string;
}

export function createJudgedStore({ db }: Pick<Store, 'db'>): JudgedStore {
  return {
    async add(judged) {
      await db
        .insertInto('judged')
        .values(toTable(judged))
        .onConflict((conflict) => conflict.column('request_id').doNothing())
        .execute();
    },

    async read(after, limit) {
      const rows = await db
        .selectFrom('judged')
        .selectAll()
        .$if(after !== null, (query) =>
          query.where((eb) =>
            eb.or([
              eb('judged_at', '>', after?.judgedAt ?? 0),
              eb.and([
                eb('judged_at', '=', after?.judgedAt ?? 0),
                eb('request_id', '>', after?.requestId ?? ''),
              ]),
            ]),
          ),
        )
        .orderBy('judged_at')
        .orderBy('request_id')
        .limit(limit)
        .execute();
      return rows.map(fromTable);
    },

    async sums({ from, to }) {
      const rows = await db
        .selectFrom('judged')
        .select(({ fn }) => [
          'lower_tier',
          'lower_model',
          'upper_tier',
          'upper_model',
          'answered_tier',
          'judge',
          'outcome',
          'favoured_place',
          fn.countAll<number | string>().as('count'),
        ])
        .where('judged_at', '>=', from)
        .where('judged_at', '<', to)
        .groupBy([
          'lower_tier',
          'lower_model',
          'upper_tier',
          'upper_model',
          'answered_tier',
          'judge',
          'outcome',
          'favoured_place',
        ])
        .execute();
      const groups = Map.groupBy(rows, ({ outcome: _, favoured_place: __, count: ___, ...group }) =>
        JSON.stringify(group),
      );
      return [...groups.values()].flatMap((group): JudgedSum[] => {
        const [row] = group;
        if (row === undefined) return [];
        // PostgreSQL gives counts as strings.
        const countOf = (isMeant: (one: (typeof group)[number]) => boolean): number =>
          group.filter(isMeant).reduce((sum, { count }) => sum + Number(count), 0);
        const countOfOutcome = (outcome: Outcome): number => countOf((one) => one.outcome === outcome);
        const countOfPlace = (place: Place): number => countOf((one) => one.favoured_place === place);
        return [
          {
            lower: { tier: row.lower_tier, modelId: row.lower_model },
            upper: { tier: row.upper_tier, modelId: row.upper_model },
            answeredTier: row.answered_tier,
            judge: row.judge,
            counts: { win: countOfOutcome('win'), tie: countOfOutcome('tie'), loss: countOfOutcome('loss') },
            favoured: { first: countOfPlace('first'), second: countOfPlace('second') },
          },
        ];
      });
    },
  };
}

function toTable(judged: Judged): JudgedTable {
  return {
    request_id: judged.requestId,
    judged_at: judged.judgedAt,
    lower_tier: judged.lower.tier,
    lower_model: judged.lower.modelId,
    upper_tier: judged.upper.tier,
    upper_model: judged.upper.modelId,
    answered_tier: judged.answeredTier,
    routed_tier: judged.routedTier,
    outcome: judged.outcome,
    favoured_place: judged.favouredPlace,
    judge: judged.judge,
  };
}

function fromTable(row: JudgedTable): Judged {
  return {
    requestId: row.request_id,
    judgedAt: row.judged_at,
    lower: { tier: row.lower_tier, modelId: row.lower_model },
    upper: { tier: row.upper_tier, modelId: row.upper_model },
    answeredTier: row.answered_tier,
    routedTier: row.routed_tier,
    outcome: row.outcome as Outcome,
    favouredPlace: row.favoured_place as Place | null,
    judge: row.judge,
  };
}
