import { createReasoningSplitter, type Thoughts } from '../calls/reasoning-splitter.ts';
import type { AnswerGrammar } from './answer-grammar.ts';
import type { PieceVocabulary } from './token-bytes.ts';

export interface ReasonedGrammarSetup {
  /** The grammar of what follows the reasoning. @throws NearfarError */
  readonly open: () => AnswerGrammar;
  readonly thoughts: Thoughts;
  /** False: an answer that ended inside its reasoning would lack what is asked for. */
  readonly mayEndInside: boolean;
  readonly vocabulary: Pick<PieceVocabulary, 'piece' | 'isEndOfGeneration'>;
}

/**
 * A grammar that leaves the reasoning free and begins anew behind it. What a model thinks about calls is no call, and a
 * form is that of the answer.
 * @throws NearfarError as `open` does
 */
export function createReasonedGrammar(setup: ReasonedGrammarSetup): AnswerGrammar {
  const { open, vocabulary } = setup;
  const { tags, isUnderWay } = setup.thoughts;
  const splitter = createReasoningSplitter(tags, isUnderWay);
  let grammar = open();
  /** The end of the reasoning so far, in which the closing tag may have begun. */
  let tail = '';

  const isInside = (): boolean => splitter.isReasoning;

  function textOf(token: number): string {
    return Buffer.from(vocabulary.piece(token, true)).toString('latin1');
  }

  /** The token that closes the reasoning must not begin the answer, which the grammar would not see. */
  function allowsInside(token: number): boolean {
    if (vocabulary.isEndOfGeneration(token)) return setup.mayEndInside;
    const text = tail + textOf(token);
    const end = text.indexOf(tags.close);
    return end < 0 || text.slice(end + tags.close.length).trim() === '';
  }

  function acceptInside(token: number): void {
    if (!allowsInside(token)) throw new RangeError(`Token ${token} would end the reasoning with the answer.`);
    const text = textOf(token);
    splitter.push(text);
    tail = (tail + text).slice(1 - tags.close.length);
  }

  return {
    allows: (token) => (isInside() ? allowsInside(token) : grammar.allows(token)),
    mayAllow: (token) => isInside() || grammar.mayAllow(token),
    check(ids, count, flags) {
      if (!isInside()) {
        grammar.check(ids, count, flags);
        return;
      }
      for (let index = 0; index < count; index++) flags[index] = allowsInside(ids[index] as number) ? 1 : 0;
    },
    accept(token) {
      if (isInside()) {
        acceptInside(token);
        return;
      }
      grammar.accept(token);
      splitter.push(textOf(token));
      if (!isInside()) return;
      grammar.free();
      grammar = open();
    },
    isActive: () => !isInside() && grammar.isActive(),
    isComplete: () => !isInside() && grammar.isComplete(),
    forced: (limit) => (isInside() ? null : grammar.forced(limit)),
    free() {
      grammar.free();
    },
  };
}
