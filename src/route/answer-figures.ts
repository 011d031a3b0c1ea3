import type { LedgerRow } from '../ledger/row.ts';
import type { TierFacts } from './route-facts.ts';

/** How long a model's answers are and how fast they come, as this gateway saw them. */
export interface AnswerFigures {
  /** Takes in one request that ended. */
  see(row: AnsweredRow): void;
  of(modelId: string): Pick<TierFacts, 'answers' | 'speed'>;
}

type AnsweredRow = Pick<
  LedgerRow,
  | 'answeringModel'
  | 'answerSource'
  | 'status'
  | 'completionTokenCount'
  | 'firstTokenMs'
  | 'totalMs'
  | 'isMeasured'
>;

/** The last so many answers of each model count. */
const keptAnswers = 50;
/** Clients choose the names of models. */
const keptModels = 200;
/** From so many on an expectation is made of them. */
const leastAnswers = 3;

interface Seen {
  readonly tokenCount: number;
  readonly firstTokenMs: number | null;
  readonly msPerToken: number | null;
}

export function createAnswerFigures(): AnswerFigures {
  const seen = new Map<string, Seen[]>();
  const known = new Map<string, Pick<TierFacts, 'answers' | 'speed'>>();
  return {
    see(row) {
      const { answeringModel: id, completionTokenCount: tokenCount, firstTokenMs } = row;
      if (id === null || row.status !== 200 || row.answerSource !== 'model' || !row.isMeasured) return;
      if (tokenCount === 0) return;
      if (!seen.has(id) && seen.size >= keptModels) return;
      const own = seen.get(id) ?? [];
      const msPerToken =
        firstTokenMs === null || tokenCount < 2 ? null : (row.totalMs - firstTokenMs) / (tokenCount - 1);
      own.push({ tokenCount, firstTokenMs, msPerToken });
      if (own.length > keptAnswers) own.shift();
      seen.set(id, own);
      known.delete(id);
    },
    of(modelId) {
      let figures = known.get(modelId);
      if (figures === undefined) {
        figures = figuresOf(seen.get(modelId) ?? []);
        if (known.size >= keptModels) known.clear();
        known.set(modelId, figures);
      }
      return figures;
    },
  };
}

function figuresOf(own: readonly Seen[]): Pick<TierFacts, 'answers' | 'speed'> {
  const times = own.flatMap(({ firstTokenMs }) => (firstTokenMs === null ? [] : [firstTokenMs]));
  const gaps = own.flatMap(({ msPerToken }) => (msPerToken === null ? [] : [msPerToken]));
  const mean = own.reduce((sum, { tokenCount }) => sum + tokenCount, 0) / own.length;
  return {
    answers: own.length < leastAnswers ? null : { meanTokenCount: mean, count: own.length },
    speed:
      times.length < leastAnswers || gaps.length < leastAnswers
        ? null
        : { firstTokenMs: medianOf(times), msPerToken: medianOf(gaps) },
  };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
