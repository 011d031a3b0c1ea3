import { disagreement } from './agreement.ts';
import { cosine, likenessOf, type Likeness, type Question } from './likeness.ts';
import type { Check } from './threshold.ts';

/** Questions that are known to have the same answer, and what was checked around them. */
export interface Neighbourhood {
  readonly checks: readonly Check[];
}

export interface KnownQuestion {
  /** Of its kept answer. */
  readonly key: string;
  readonly question: Question;
  readonly neighbourhood: Neighbourhood;
}

export interface NearQuestion extends Likeness {
  readonly known: KnownQuestion;
  /** About as near is a question that is known to have another answer: which of the two is meant cannot be told. */
  readonly hasRival: boolean;
}

/** The questions whose answers are kept, by scope; all of a scope are compared, none is approximated. */
export interface QuestionIndex {
  /** Those that agree with a question in all that answers depend on, the most alike first. */
  near(scope: string, question: Question): readonly NearQuestion[];
  /** @param neighbour the question that it was checked against; null where there was none */
  add(
    scope: string,
    added: {
      readonly key: string;
      readonly question: Question;
      readonly neighbour: { readonly known: KnownQuestion; readonly isSame: boolean } | null;
    },
  ): void;
  learn(known: KnownQuestion, check: Check): void;
  remove(key: string): void;
  readonly questionCount: number;
  /** Pairs of neighbourhoods that are known to have different answers. */
  readonly rivalryCount: number;
}

/** A neighbourhood with all that belongs to it. */
interface Area extends Neighbourhood {
  readonly checks: Check[];
  /** Those around questions like these that are known to have another answer. */
  readonly rivals: Set<Area>;
  /** Questions in it that are known still. */
  questionCount: number;
}

interface Entry extends KnownQuestion {
  readonly scope: string;
  readonly neighbourhood: Area;
}

/** Below this cosine nothing is compared. */
const leastSimilarity = 0.6;
/** The nearest by cosine whose words are compared. */
const mostCompared = 32;
/** A rival counts where it is at most so much less alike. */
const rivalMargin = 0.1;
/** Checks of a neighbourhood that are remembered, the latest ones. */
const mostChecks = 50;

export function createQuestionIndex(): QuestionIndex {
  const scopes = new Map<string, Map<string, Entry>>();
  const entries = new Map<string, Entry>();

  function remove(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    const scope = scopes.get(entry.scope);
    scope?.delete(key);
    if (scope?.size === 0) scopes.delete(entry.scope);
    const area = entry.neighbourhood;
    area.questionCount -= 1;
    // Else a neighbourhood that lives on would remember all that ever were beside it.
    if (area.questionCount === 0) for (const rival of area.rivals) rival.rivals.delete(area);
  }

  return {
    near(scope, question) {
      const known = [...(scopes.get(scope)?.values() ?? [])];
      const near = known
        .map((entry) => ({ known: entry, similarity: cosine(entry.question.vector, question.vector) }))
        .filter(({ similarity }) => similarity >= leastSimilarity)
        .sort((one, other) => other.similarity - one.similarity)
        .slice(0, mostCompared)
        .filter(({ known: entry }) => disagreement(entry.question.reading, question.reading) === null)
        .map(({ known: entry }) => ({ known: entry, ...likenessOf(entry.question, question) }))
        .sort((one, other) => other.likeness - one.likeness);
      return near.map((one) => ({
        ...one,
        hasRival: near.some(
          (other) =>
            one.known.neighbourhood.rivals.has(other.known.neighbourhood) &&
            other.likeness >= one.likeness - rivalMargin,
        ),
      }));
    },
    add(scope, { key, question, neighbour }) {
      remove(key);
      const near = neighbour === null ? undefined : areaOf(neighbour.known);
      const isJoined = near !== undefined && neighbour?.isSame === true;
      const area: Area = isJoined ? near : { checks: [], rivals: new Set(), questionCount: 0 };
      if (near !== undefined && !isJoined) {
        area.rivals.add(near);
        near.rivals.add(area);
      }
      area.questionCount += 1;
      const entry = { key, question, scope, neighbourhood: area };
      entries.set(key, entry);
      const own = scopes.get(scope) ?? new Map<string, Entry>();
      scopes.set(scope, own.set(key, entry));
    },
    learn(known, check) {
      const checks = areaOf(known)?.checks;
      checks?.push(check);
      if (checks !== undefined && checks.length > mostChecks) checks.shift();
    },
    remove,
    get questionCount() {
      return entries.size;
    },
    get rivalryCount() {
      const areas = new Set([...entries.values()].map(({ neighbourhood }) => neighbourhood));
      return [...areas].reduce((sum, { rivals }) => sum + rivals.size, 0) / 2;
    },
  };

  /** Undefined where the question was forgotten meanwhile. */
  function areaOf({ key }: KnownQuestion): Area | undefined {
    return entries.get(key)?.neighbourhood;
  }
}
