import type { Constraint, ForcedRun, GrammarMatcher } from '../sampling/constraint.ts';
import type { PieceVocabulary, TokenBytes } from './token-bytes.ts';

/** The grammar of one answer, from its first token or from a trigger on. */
export interface AnswerGrammar extends Constraint {
  /** @throws RangeError where the token is not allowed */
  accept(token: number): void;
  /** False while the answer is free. */
  isActive(): boolean;
  /** True where the grammar has ended: nothing can follow. */
  isComplete(): boolean;
  /** See GrammarMatcher; `null` while the answer is free. */
  forced(limit: number): ForcedRun | null;
  free(): void;
}

export interface AnswerGrammarSetup {
  /** A matcher at the start of the grammar. @throws NearfarError */
  readonly open: () => GrammarMatcher;
  /** See CompiledGrammar. */
  readonly triggers: readonly string[] | null;
  /** Triggers that count only where the answer begins with one, after white space. None by default. */
  readonly openers?: readonly string[];
  readonly vocabulary: Pick<PieceVocabulary, 'piece'>;
  readonly bytes: TokenBytes;
}

/** @throws NearfarError as `open` does, where there are no triggers */
export function createAnswerGrammar(setup: AnswerGrammarSetup): AnswerGrammar {
  const { vocabulary, bytes } = setup;
  const triggers = setup.triggers?.map((trigger) => byteText(Buffer.from(trigger, 'utf8'))) ?? null;
  const tailLength = Math.max(0, ...(triggers ?? []).map((trigger) => trigger.length - 1));
  /** `null` while the answer is free. */
  let matcher = triggers === null ? setup.open() : null;
  let tail = '';
  const openers = (setup.openers ?? []).map((opener) => byteText(Buffer.from(opener, 'utf8')));
  /** The answer so far, while it may be the beginning of an opener; else null. */
  let head: string | null = openers.length === 0 ? null : '';
  /** The token that was last found to begin the constrained part, and the matcher behind it. */
  let begun: { readonly token: number; readonly matcher: GrammarMatcher } | null = null;

  function dropBegun(): void {
    begun?.matcher.free();
    begun = null;
  }

  /** Where the earliest trigger begins in a text; -1 if none is in it. */
  function triggerStart(text: string): number {
    const starts = (triggers ?? []).map((trigger) => text.indexOf(trigger)).filter((start) => start >= 0);
    return starts.length === 0 ? -1 : Math.min(...starts);
  }

  function mayOpen(text: string): boolean {
    const begun = text.trimStart();
    return openers.some((opener) => opener.startsWith(begun) || begun.startsWith(opener));
  }

  /** The part of an answer that must match with this token, if any must. */
  function constrainedPart(piece: string): string | null {
    if (head !== null) {
      const begun = (head + piece).trimStart();
      if (openers.some((opener) => begun.startsWith(opener))) return begun;
    }
    const text = tail + piece;
    const start = triggerStart(text);
    return start < 0 ? null : text.slice(start);
  }

  /**
   * Whether a token may come while the answer is free: any that completes no trigger, and one that does if what it
   * brings from there on matches. libllama takes whole tokens only, so that part is fed byte by byte.
   */
  function allowsFree(token: number): boolean {
    if (begun?.token === token) return true;
    const piece = byteText(vocabulary.piece(token, true));
    const part = constrainedPart(piece);
    if (part === null) return true;
    const candidate = setup.open();
    const isWhole = part === piece && candidate.allows(token);
    if (isWhole) candidate.accept(token);
    if (isWhole || feed(candidate, part)) {
      dropBegun();
      begun = { token, matcher: candidate };
      return true;
    }
    candidate.free();
    return false;
  }

  function feed(candidate: GrammarMatcher, text: string): boolean {
    for (let index = 0; index < text.length; index++) {
      const token = bytes.byteTokens[text.charCodeAt(index)] ?? -1;
      if (token < 0 || !candidate.allows(token)) return false;
      candidate.accept(token);
    }
    return true;
  }

  return {
    allows: (token) => (matcher === null ? allowsFree(token) : matcher.allows(token)),
    mayAllow: (token) => matcher?.mayAllow(token) ?? true,
    check(ids, count, flags) {
      if (matcher !== null) {
        matcher.check(ids, count, flags);
        return;
      }
      for (let index = 0; index < count; index++) flags[index] = allowsFree(ids[index] as number) ? 1 : 0;
    },
    accept(token) {
      if (matcher !== null) {
        matcher.accept(token);
        return;
      }
      if (!allowsFree(token)) throw new RangeError(`Token ${token} does not match the grammar.`);
      if (begun?.token === token) {
        ({ matcher } = begun);
        begun = null;
        return;
      }
      dropBegun();
      const piece = byteText(vocabulary.piece(token, true));
      if (head !== null) head = mayOpen(head + piece) ? head + piece : null;
      tail = tailLength === 0 ? '' : (tail + piece).slice(-tailLength);
    },
    isActive: () => matcher !== null,
    isComplete: () => matcher?.isComplete() ?? false,
    forced: (limit) => matcher?.forced(limit) ?? null,
    free() {
      dropBegun();
      matcher?.free();
    },
  };
}

/** One UTF-16 unit a byte, so that half a character can be searched too. */
function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
