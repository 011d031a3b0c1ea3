import type { EmbedInput, EmbedTask } from '../../chat/embedding.ts';
import { NearfarError } from '../../chat/error.ts';

/** What the reader needs of the model's vocabulary; `llama/vocabulary.ts` implements it. */
export interface EmbedVocabulary {
  readonly tokenCount: number;
  readonly bos: number | null;
  readonly eos: number | null;
  readonly sep: number | null;
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  readonly addsSep: boolean;
  tokenize(text: string, options: TokenizeOptions): Int32Array;
  /** The same on another thread. */
  tokenizeAsync(text: string, options: TokenizeOptions): Promise<Int32Array>;
}

interface TokenizeOptions {
  readonly addSpecial: boolean;
  readonly parseSpecial: boolean;
}

export interface EmbedReaderSetup {
  readonly vocabulary: EmbedVocabulary;
  /** Most tokens of one text. */
  readonly contextTokenCount: number;
  /** True where the model scores pairs of texts instead of making a vector of one. */
  readonly ranks: boolean;
  /** Why vectors cannot have this length; `null` where they can. */
  readonly whyNotShortened: (length: number) => string | null;
  /** The file's own form of a pair, with `{query}` and `{document}`; `null` where it has none. */
  readonly pairTemplate: string | null;
}

export interface ReadTask {
  /** Of a ranking by vectors the query comes first; a ranking by pairs has one text a document. */
  readonly texts: readonly Int32Array[];
  readonly truncatedCount: number;
}

/** Texts up to this length are tokenized at once, see text/prompt.ts; of a list no more than this between two steps. */
const longestAtOnce = 8_192;

const framed = { addSpecial: true, parseSpecial: false } as const;
const plain = { addSpecial: false, parseSpecial: false } as const;

/**
 * The tokens of everything that a task wants read. What a user wrote never becomes a control token.
 * @throws NearfarError `context_overflow` naming both counts, `invalid_request` for what is empty or no token,
 * `unsupported` where vectors are asked of a model that only ranks
 */
export async function readEmbedTask(task: EmbedTask, setup: EmbedReaderSetup): Promise<ReadTask> {
  const { vocabulary, contextTokenCount } = setup;

  /** Characters since others last had a turn. */
  let readLength = 0;

  async function tokenize(text: string, options: TokenizeOptions): Promise<Int32Array> {
    if (text.length > longestAtOnce) return vocabulary.tokenizeAsync(text, options);
    readLength += text.length;
    if (readLength > longestAtOnce) {
      readLength = text.length;
      await new Promise(setImmediate);
    }
    return vocabulary.tokenize(text, options);
  }

  function checked(tokens: Int32Array, field: string): Int32Array {
    if (tokens.length === 0) {
      throw new NearfarError(
        'invalid_request',
        `${field}: is empty, and this model has no token to begin with.`,
        {
          field,
        },
      );
    }
    if (tokens.length > contextTokenCount) {
      throw new NearfarError(
        'context_overflow',
        `${field}: has ${tokens.length} tokens, but this model reads at most ${contextTokenCount} at a time.`,
        { field },
      );
    }
    return tokens;
  }

  async function readInput(input: EmbedInput, field: string): Promise<Int32Array> {
    if (input.kind === 'text') return tokenize(input.text, framed);
    input.tokens.forEach((token, index) => {
      if (Number.isInteger(token) && token >= 0 && token < vocabulary.tokenCount) return;
      throw new NearfarError(
        'invalid_request',
        `${field}[${index}]: is ${token}, but this model's tokens are integers from 0 to ${vocabulary.tokenCount - 1}.`,
        { field: `${field}[${index}]` },
      );
    });
    return Int32Array.from(input.tokens);
  }

  async function readPair(query: Int32Array, document: string): Promise<Int32Array> {
    if (setup.pairTemplate !== null) {
      // Only the template's own text may become control tokens.
      const parts = setup.pairTemplate.split(/(\{query\}|\{document\})/);
      const pieces = await Promise.all(
        parts.map(async (part) => {
          if (part === '{query}') return query;
          if (part === '{document}') return tokenize(document, plain);
          return part === '' ? new Int32Array() : tokenize(part, { addSpecial: false, parseSpecial: true });
        }),
      );
      return Int32Array.from(pieces.flatMap((piece) => [...piece]));
    }
    const end = vocabulary.eos ?? vocabulary.sep;
    const between = [
      ...(vocabulary.addsEos && end !== null ? [end] : []),
      ...(vocabulary.addsSep && vocabulary.sep !== null ? [vocabulary.sep] : []),
    ];
    const last = vocabulary.addsEos ? end : vocabulary.addsSep ? vocabulary.sep : null;
    return Int32Array.from([
      ...(vocabulary.addsBos && vocabulary.bos !== null ? [vocabulary.bos] : []),
      ...query,
      ...between,
      ...(await tokenize(document, plain)),
      ...(last === null ? [] : [last]),
    ]);
  }

  if (task.kind === 'rank') {
    const texts: Int32Array[] = [];
    const query = await tokenize(task.query, setup.ranks ? plain : framed);
    if (!setup.ranks) texts.push(checked(query, 'query'));
    for (const [index, document] of task.documents.entries()) {
      const tokens = setup.ranks ? await readPair(query, document) : await tokenize(document, framed);
      texts.push(checked(tokens, `documents[${index}]`));
    }
    return { texts, truncatedCount: 0 };
  }
  if (setup.ranks) {
    throw new NearfarError(
      'unsupported',
      'This model ranks texts and makes no vectors of them: ask it through /v1/rerank.',
      { field: 'model' },
    );
  }
  const reason = task.dimensions === null ? null : setup.whyNotShortened(task.dimensions);
  if (reason !== null) {
    throw new NearfarError('unsupported', `dimensions: ${reason}.`, { field: 'dimensions' });
  }
  const texts: Int32Array[] = [];
  let truncatedCount = 0;
  for (const [index, input] of task.inputs.entries()) {
    const field = task.inputs.length === 1 ? task.field : `${task.field}[${index}]`;
    let tokens = await readInput(input, field);
    if (task.truncates && tokens.length > contextTokenCount) {
      tokens = truncated(tokens, contextTokenCount, input.kind === 'text' ? endingToken(vocabulary) : null);
      truncatedCount += 1;
    }
    texts.push(checked(tokens, field));
  }
  return { texts, truncatedCount };
}

/** The token that this model wants after every text; `null` where it wants none. */
function endingToken(vocabulary: EmbedVocabulary): number | null {
  const frame = vocabulary.tokenize('', framed);
  const start = vocabulary.addsBos && frame[0] === vocabulary.bos ? 1 : 0;
  return frame.length > start ? (frame.at(-1) ?? null) : null;
}

/** The first tokens, and the one that has to end a text where there is one. */
function truncated(tokens: Int32Array, tokenCount: number, ending: number | null): Int32Array {
  const kept = tokens.slice(0, tokenCount);
  if (ending !== null) kept[tokenCount - 1] = ending;
  return kept;
}
