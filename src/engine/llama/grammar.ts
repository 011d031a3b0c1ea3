import { NearfarError } from '../../chat/error.ts';
import { controlMarks } from '../grammar/gbnf.ts';
import type { GrammarMatcher } from '../sampling/constraint.ts';
import { readTokenBytes, type TokenBytes } from '../text/token-bytes.ts';
import type { Bindings, Pointer } from './bindings.ts';
import { createTokenData, type TokenData } from './token-data.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The grammars of one model. */
export interface Grammars {
  /**
   * Parses a grammar on another thread and keeps it for `open`.
   * @throws NearfarError as `open` does
   */
  prepare(text: string): Promise<void>;
  /** There after the first `prepare`. */
  readonly bytes: TokenBytes;
  /**
   * A matcher at the start of the grammar. At least one grammar must have been prepared.
   * @throws NearfarError `invalid_request` where it names a control token that the model lacks, `internal` where
   * libllama refuses it
   */
  open(text: string): GrammarMatcher;
  /** Frees what is kept. Matchers live on until they are freed. */
  close(): void;
}

interface Parsed {
  readonly sampler: Pointer;
  /** Control tokens that the grammar names; all others are never allowed. */
  readonly controls: ReadonlySet<number>;
}

/** Clients send the same few schemas again and again. One takes some hundred kilobytes. */
const keptCount = 32;

export function createGrammars(bindings: Bindings, pointer: Pointer, vocabulary: Vocabulary): Grammars {
  /** Least recently used first. */
  const kept = new Map<string, Parsed>();
  let data: TokenData | null = null;
  let reading: Promise<TokenBytes> | null = null;
  let bytes: TokenBytes | null = null;

  function requireBytes(): TokenBytes {
    if (bytes === null) throw new Error('a grammar was opened before any was prepared');
    return bytes;
  }

  function keep(text: string, parsed: Parsed): void {
    const other = kept.get(text);
    // Two requests may have had the same grammar parsed at the same time.
    if (other !== undefined) bindings.samplerFree(other.sampler);
    kept.set(text, parsed);
    for (const [oldest, { sampler }] of kept) {
      if (kept.size <= keptCount) return;
      kept.delete(oldest);
      bindings.samplerFree(sampler);
    }
  }

  function recall(text: string): Parsed | null {
    const parsed = kept.get(text);
    if (parsed === undefined) return null;
    kept.delete(text);
    kept.set(text, parsed);
    return parsed;
  }

  /** Control tokens by id in the place of their names. */
  function resolve(text: string): { text: string; controls: ReadonlySet<number> } {
    const controls = new Set<number>();
    const resolved = text.replace(controlMarks, (_, hex: string) => {
      const spelling = Buffer.from(hex, 'hex').toString('utf8');
      const [token, ...rest] = vocabulary.tokenize(spelling, { addSpecial: false, parseSpecial: true });
      if (token === undefined || rest.length > 0 || vocabulary.spelling(token) !== spelling) {
        throw new NearfarError('invalid_request', `This model has no control token ${spelling}.`);
      }
      controls.add(token);
      return `<[${token}]>`;
    });
    return { text: resolved, controls };
  }

  function requireParsed(sampler: Pointer | null): Pointer {
    if (sampler === null)
      throw new NearfarError('internal', 'libllama refused a grammar of nearfar; see its log.');
    return sampler;
  }

  return {
    get bytes() {
      return requireBytes();
    },
    async prepare(text) {
      reading ??= readTokenBytes(vocabulary);
      bytes ??= await reading;
      if (recall(text) !== null) return;
      const resolved = resolve(text);
      const sampler = await bindings.createGrammarAsync(pointer, resolved.text, 'root');
      keep(text, { sampler: requireParsed(sampler), controls: resolved.controls });
    },
    open(text) {
      let parsed = recall(text);
      if (parsed === null) {
        const resolved = resolve(text);
        const sampler = requireParsed(bindings.createGrammar(pointer, resolved.text, 'root'));
        parsed = { sampler, controls: resolved.controls };
        keep(text, parsed);
      }
      data ??= createTokenData(vocabulary.tokenCount);
      const sampler = bindings.samplerClone(parsed.sampler);
      return createMatcher({
        bindings,
        sampler,
        controls: parsed.controls,
        vocabulary,
        data,
        bytes: requireBytes(),
      });
    },
    close() {
      for (const { sampler } of kept.values()) bindings.samplerFree(sampler);
      kept.clear();
      data?.free();
      data = null;
    },
  };
}

interface MatcherSetup {
  readonly bindings: Bindings;
  readonly sampler: Pointer;
  readonly controls: ReadonlySet<number>;
  readonly vocabulary: Vocabulary;
  /** Shared by all matchers of a model: a check is one synchronous call. */
  readonly data: TokenData;
  readonly bytes: TokenBytes;
}

function createMatcher(setup: MatcherSetup): GrammarMatcher {
  const { bindings, sampler, controls, vocabulary, data, bytes } = setup;
  const single = new Int32Array(1);
  let isOpen = true;
  let utf8 = 0;

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

  const allows = (token: number): boolean => {
    if (!isLegible(token)) return false;
    single[0] = token;
    bindings.samplerApply(sampler, data.fill(single, 1));
    return data.isKept(0);
  };

  return {
    controls,
    allows,
    check(ids, count, flags) {
      bindings.samplerApply(sampler, data.fill(ids, count));
      for (let index = 0; index < count; index++) {
        flags[index] = data.isKept(index) && isLegible(ids[index] as number) ? 1 : 0;
      }
    },
    accept(token) {
      if (!allows(token)) throw new RangeError(`Token ${token} does not match the grammar.`);
      bindings.samplerAccept(sampler, token);
      if (!vocabulary.isControl(token)) utf8 = bytes.utf8After(utf8, token) ?? 0;
    },
    free() {
      if (!isOpen) return;
      isOpen = false;
      bindings.samplerFree(sampler);
    },
  };
}
