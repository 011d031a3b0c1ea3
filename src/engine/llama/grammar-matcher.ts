import type { Constraint, ForcedRun, GrammarMatcher } from '../sampling/constraint.ts';
import type { TokenBytes } from '../text/token-bytes.ts';
import type { Utf8State } from '../text/utf8-state.ts';
import type { Bindings, Pointer } from './bindings.ts';
import type { TokenData } from './token-data.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface MatcherSetup {
  readonly bindings: Bindings;
  /** Control tokens that the grammar names; all others are never allowed. */
  readonly controls: ReadonlySet<number>;
  readonly vocabulary: Vocabulary;
  /** Shared by all matchers of a model: a check is one synchronous call. */
  readonly data: TokenData;
  readonly bytes: TokenBytes;
  /** Room for as many tokens as the vocabulary has, shared like `data`. */
  readonly subset: { readonly ids: Int32Array; readonly indexes: Int32Array };
}

/** What may come next, found with one call. */
interface NextTokens {
  /** 1 at the bytes that the text may go on with: where a token that begins with it may come. */
  readonly bytes: Uint8Array;
  /** The same as a list. */
  readonly heads: readonly number[];
  readonly controls: readonly number[];
  /** Whether a token that ends the generation may come; false where the vocabulary has none. */
  readonly canEnd: boolean;
}

/** A native grammar sampler somewhere in a text. */
interface Place extends Constraint {
  accept(token: number): void;
  next(): NextTokens;
  /** At the same place. Takes as long as the grammar is large: all rules are copied. */
  copy(): Place;
  free(): void;
}

/** @param startState the state of the text so far; 0 between characters */
function createPlace(setup: MatcherSetup, sampler: Pointer, startState: Utf8State): Place {
  const { bindings, controls, vocabulary, data, bytes, subset } = setup;
  const single = new Int32Array(1);
  let isOpen = true;
  let utf8 = startState;
  /** Of this place; `null` until they are asked for. */
  let next: NextTokens | null = null;
  /** The token that was last found to be allowed here, or -1. */
  let allowedToken = -1;

  /**
   * What libllama lets pass and must not: a control token, which it takes for the text of its spelling although the
   * client never sees that (`<|im_start|>` would be twelve characters of a string), and bytes that make an overlong
   * form or half a surrogate pair, which would come out as three characters in place of one.
   */
  const isLegible = (token: number): boolean => {
    if (vocabulary.isEndOfGeneration(token)) return true;
    if (vocabulary.isControl(token)) return controls.has(token);
    return bytes.utf8After(utf8, token) !== null;
  };

  function findNext(): NextTokens {
    const { probes, endToken, firstBytes } = bytes;
    const ids = Int32Array.from([...probes, ...controls, ...(endToken === null ? [] : [endToken])]);
    bindings.samplerApply(sampler, data.fill(ids, ids.length));
    const found = new Uint8Array(256);
    const heads: number[] = [];
    probes.forEach((token, index) => {
      const byte = firstBytes[token] as number;
      if (found[byte] === 1 || !data.isKept(index) || !isLegible(token)) return;
      found[byte] = 1;
      heads.push(byte);
    });
    const kept = [...controls].filter((_, index) => data.isKept(probes.length + index));
    const canEnd = endToken !== null && data.isKept(ids.length - 1);
    return { bytes: found, heads, controls: kept, canEnd };
  }

  function nextTokens(): NextTokens {
    next ??= findNext();
    return next;
  }

  function mayAllow(token: number): boolean {
    const byte = bytes.firstBytes[token] as number;
    return byte < 0 || nextTokens().bytes[byte] === 1;
  }

  function allows(token: number): boolean {
    if (token === allowedToken) return true;
    if (!isLegible(token)) return false;
    single[0] = token;
    bindings.samplerApply(sampler, data.fill(single, 1));
    if (!data.isKept(0)) return false;
    allowedToken = token;
    return true;
  }

  return {
    allows,
    mayAllow,
    check(ids, count, flags) {
      let kept = 0;
      for (let index = 0; index < count; index++) {
        flags[index] = 0;
        const id = ids[index] as number;
        if (!mayAllow(id)) continue;
        subset.ids[kept] = id;
        subset.indexes[kept] = index;
        kept += 1;
      }
      if (kept === 0) return;
      bindings.samplerApply(sampler, data.fill(subset.ids, kept));
      for (let index = 0; index < kept; index++) {
        if (data.isKept(index) && isLegible(subset.ids[index] as number))
          flags[subset.indexes[index] as number] = 1;
      }
    },
    accept(token) {
      if (!allows(token)) throw new RangeError(`Token ${token} does not match the grammar.`);
      bindings.samplerAccept(sampler, token);
      if (!vocabulary.isControl(token)) utf8 = bytes.utf8After(utf8, token) ?? 0;
      next = null;
      allowedToken = -1;
    },
    next: nextTokens,
    copy: () => createPlace(setup, bindings.samplerClone(sampler), utf8),
    free() {
      if (!isOpen) return;
      isOpen = false;
      bindings.samplerFree(sampler);
    },
  };
}

/** @param sampler at the start of its grammar; the matcher frees it */
export function createMatcher(setup: MatcherSetup, sampler: Pointer): GrammarMatcher {
  const place = createPlace(setup, sampler, 0);
  const { byteTokens, endToken } = setup.bytes;

  const isEnd = ({ heads, controls, canEnd }: NextTokens): boolean =>
    heads.length === 0 && controls.length === 0 && (canEnd || endToken === null);

  /** The byte that must come next; -1 where there is a choice, or no token for it alone. */
  function onlyByte({ heads, controls, canEnd }: NextTokens): number {
    const [byte] = heads;
    if (byte === undefined || heads.length > 1 || controls.length > 0 || canEnd) return -1;
    return (byteTokens[byte] as number) < 0 ? -1 : byte;
  }

  function walk(first: number, limit: number): ForcedRun {
    const bytes: number[] = [];
    const copy = place.copy();
    try {
      for (let byte = first; byte >= 0 && bytes.length < limit; byte = onlyByte(copy.next())) {
        copy.accept(byteTokens[byte] as number);
        bytes.push(byte);
      }
      return { kind: 'text', bytes: Uint8Array.from(bytes), isEnd: isEnd(copy.next()) };
    } finally {
      copy.free();
    }
  }

  return {
    controls: setup.controls,
    allows: (token) => place.allows(token),
    mayAllow: (token) => place.mayAllow(token),
    check: (ids, count, flags) => {
      place.check(ids, count, flags);
    },
    accept: (token) => {
      place.accept(token);
    },
    free: () => {
      place.free();
    },
    isComplete: () => isEnd(place.next()),
    forced(limit) {
      const next = place.next();
      const byte = onlyByte(next);
      if (byte >= 0) return walk(byte, limit);
      const [control] = next.controls;
      const isSole = next.heads.length === 0 && next.controls.length === 1 && !next.canEnd;
      return isSole && control !== undefined ? { kind: 'control', token: control } : null;
    },
  };
}
