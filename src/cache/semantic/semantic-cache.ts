import type { ChatPart } from '../../chat/part.ts';
import type { PrivacyLabel } from '../../chat/request.ts';
import { createErrorBudget, type ErrorBudget, type ErrorEstimate } from './error-budget.ts';
import type { Likeness, Question } from './likeness.ts';
import { createQuestionIndex, type KnownQuestion } from './question-index.ts';
import { readPrompt } from './reading.ts';
import { sameAnswer, type AnswerComparison, type EmbedTexts } from './same-answer.ts';
import type { SingleQuestion } from './single-question.ts';
import { createThreshold, type Threshold } from './threshold.ts';

/** Finds kept answers to questions that say the same in other words, and learns from the model's answers which do. */
export interface SemanticCache {
  /**
   * Null where the question is none that may be compared, or no vector of it can be had now.
   * @param mayHit false: the client wants a new answer, which checks the kept one all the same
   * @param payCheck sets aside what it costs to ask the model although a kept answer would do
   */
  look(
    question: AskedQuestion,
    signal: AbortSignal,
    mayHit: boolean,
    payCheck: PayCheck,
  ): Promise<Look | null>;
  /** The answer that was kept under this key is gone. */
  forget(key: string): void;
  readonly stats: SemanticStats;
}

/** Who asks what of which model. */
export interface AskedQuestion extends SingleQuestion {
  readonly tenant: string;
  readonly privacy: PrivacyLabel;
  /** The model that answers, never an alias. */
  readonly modelId: string;
}

/**
 * Checks cost what the model bills. `canPay` says whether there is money for one; `pay` sets it aside and tells how much that is,
 * in millionths of a US dollar; null: there is not enough, or nobody knows what it may cost.
 */
export interface PayCheck {
  readonly canPay: () => boolean;
  readonly pay: () => Promise<number | null>;
}

export interface Look {
  /** What was set aside to check a kept answer that would have been given; null: this is no such check. */
  readonly checkMicros: number | null;
  /** A kept answer that may be given, by its key; null where the model is to answer. */
  readonly hit: { readonly key: string; readonly similarity: number } | null;
  /** Bytes of memory that the question takes beside its answer. */
  readonly bytes: number;
  /** The model's own answer, once it is kept under `key`: compared with the nearest kept one, and found from now on. */
  settle(key: string, parts: readonly ChatPart[]): Promise<void>;
}

export interface SemanticCacheOptions {
  /** The share of hits that may be wrong, 0 to 0.5. 0: nothing is given, all is learnt. */
  readonly maxWrongHitRate: number;
  /** The share of hits that the model answers all the same, to check them, 0 to 1. */
  readonly checkRate: number;
  readonly comparison: AnswerComparison;
  readonly embed: EmbedTexts;
  /** What is kept under a key now, without counting as a use. */
  readonly answerOf: (key: string) => readonly ChatPart[] | null;
  /** 0 to 1, evenly. */
  readonly random: () => number;
}

export interface SemanticStats {
  /** Questions that were compared. */
  readonly lookupCount: number;
  readonly hitCount: number;
  /** The model's answer was compared with the nearest kept one. */
  readonly sameCount: number;
  readonly differentCount: number;
  /** Would have been hits, had there been money to check such. */
  readonly unpaidCount: number;
  readonly questionCount: number;
  readonly pools: readonly PoolStats[];
}

/** What is learnt is learnt for one tenant, label and model: nobody's answers decide what others get. */
export interface PoolStats {
  readonly tenant: string;
  readonly privacy: PrivacyLabel;
  readonly model: string;
  /** Whether hits are given. */
  readonly isOpen: boolean;
  readonly estimate: ErrorEstimate;
}

interface Pool extends Omit<PoolStats, 'isOpen' | 'estimate'> {
  readonly threshold: Threshold;
  readonly budget: ErrorBudget;
}

interface Verdict extends Likeness {
  readonly known: KnownQuestion;
  readonly answer: readonly ChatPart[];
  /** Near enough for a hit, were hits given. */
  readonly isCandidate: boolean;
}

/** Tenants, labels and models that are learnt for at the same time; the one used longest ago is forgotten. */
const mostPools = 1000;
/** Where no error is allowed, what would be a hit at 1% is watched. */
const watchedRisk = 0.01;

export function createSemanticCache(options: SemanticCacheOptions): SemanticCache {
  const { maxWrongHitRate, checkRate, comparison, embed, answerOf, random } = options;
  const riskLimit = maxWrongHitRate === 0 ? watchedRisk : maxWrongHitRate;
  const index = createQuestionIndex();
  const pools = new Map<string, Pool>();
  const counts = { lookup: 0, hit: 0, same: 0, different: 0, unpaid: 0 };

  function poolOf({ tenant, privacy, modelId: model }: AskedQuestion): Pool {
    const name = JSON.stringify([tenant, privacy, model]);
    const pool = pools.get(name) ?? {
      tenant,
      privacy,
      model,
      threshold: createThreshold(),
      budget: createErrorBudget(maxWrongHitRate),
    };
    pools.delete(name);
    pools.set(name, pool);
    for (const oldest of pools.keys()) {
      if (pools.size <= mostPools) break;
      pools.delete(oldest);
    }
    return pool;
  }

  function judge(scope: string, question: Question, pool: Pool): Verdict | null {
    for (const near of index.near(scope, question)) {
      const answer = answerOf(near.known.key);
      if (answer === null) continue;
      const risk = pool.threshold.risk(near.likeness, near.known.neighbourhood.checks);
      return { ...near, answer, isCandidate: !near.hasRival && risk <= riskLimit };
    }
    return null;
  }

  async function settle(
    scope: string,
    question: Question,
    pool: Pool,
    verdict: Verdict | null,
    key: string,
    parts: readonly ChatPart[],
  ): Promise<void> {
    let isSame = false;
    if (verdict !== null) {
      isSame = await sameAnswer(verdict.answer, parts, comparison, embed);
      const check = { likeness: verdict.likeness, isSame };
      pool.threshold.learn(check);
      index.learn(verdict.known, check);
      if (verdict.isCandidate) pool.budget.observe(isSame);
      if (isSame) counts.same++;
      else counts.different++;
    }
    if (answerOf(key) === null) return;
    index.add(scope, {
      key,
      question,
      neighbour: verdict === null ? null : { known: verdict.known, isSame },
    });
  }

  return {
    async look(single, signal, mayHit, payCheck) {
      const reading = readPrompt(single.text);
      if (!reading.isEnglish) return null;
      const vector = (await embed([single.text], signal))?.[0];
      if (vector === undefined) return null;
      counts.lookup++;
      const question = { text: single.text, reading, vector };
      const pool = poolOf(single);
      const verdict = judge(single.scope, question, pool);
      const isOpen = mayHit && maxWrongHitRate > 0 && pool.budget.holds;
      const wouldHit = isOpen && verdict?.isCandidate === true;
      // Without money for checks nothing shows that hits are right: then none is given.
      const isChecked = wouldHit && random() < checkRate;
      const checkMicros = isChecked ? await payCheck.pay() : null;
      const isHit = wouldHit && !isChecked && payCheck.canPay();
      if (isHit) counts.hit++;
      else if (wouldHit && checkMicros === null) counts.unpaid++;
      return {
        hit: isHit ? { key: verdict.known.key, similarity: verdict.similarity } : null,
        checkMicros,
        bytes: 4 * vector.length + questionBytes + 20 * single.text.length,
        settle: (key, parts) => settle(single.scope, question, pool, verdict, key, parts),
      };
    },
    forget: (key) => {
      index.remove(key);
    },
    get stats() {
      return {
        lookupCount: counts.lookup,
        hitCount: counts.hit,
        sameCount: counts.same,
        differentCount: counts.different,
        unpaidCount: counts.unpaid,
        questionCount: index.questionCount,
        pools: [...pools.values()].map(({ threshold: _, budget, ...pool }) => ({
          ...pool,
          isOpen: maxWrongHitRate > 0 && budget.holds,
          estimate: budget.estimate,
        })),
      };
    },
  };
}

/** What is read of a question, by rule of thumb. */
const questionBytes = 2048;
