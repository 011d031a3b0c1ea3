import { NearfarError } from '../../chat/error.ts';
import { controlMarks } from '../grammar/gbnf.ts';
import type { GrammarMatcher } from '../sampling/constraint.ts';
import { readTokenBytes, type TokenBytes } from '../text/token-bytes.ts';
import type { Bindings, Pointer } from './bindings.ts';
import { createMatcher } from './grammar-matcher.ts';
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
  const subset = {
    ids: new Int32Array(vocabulary.tokenCount),
    indexes: new Int32Array(vocabulary.tokenCount),
  };
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
      const { controls } = parsed;
      return createMatcher({ bindings, controls, vocabulary, data, subset, bytes: requireBytes() }, sampler);
    },
    close() {
      for (const { sampler } of kept.values()) bindings.samplerFree(sampler);
      kept.clear();
      data?.free();
      data = null;
    },
  };
}
