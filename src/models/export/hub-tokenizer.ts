import { NearfarError } from '../../chat/error.ts';
import type { GgufHeader, GgufValue } from '../gguf.ts';

/** The files of a Hugging Face folder that make text into tokens. */
export interface HubTokenizer {
  /** tokenizer.json: all of the `tokenizers` library's. */
  readonly tokenizer: object;
  /** tokenizer_config.json. */
  readonly config: object;
}

interface TokenizerFamily {
  readonly normalizer: object | null;
  /** How text is cut into words before pairs are merged. */
  readonly preTokenizers: readonly object[];
}

const byteLevel = (usesRegex: boolean): object => ({
  ...{ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: usesRegex },
});

/** As the families' own tokenizer.json say. Byte-level pairs only, and none that puts a token in front of a text. */
const families: Readonly<Record<string, TokenizerFamily>> = {
  'gpt-2': { normalizer: null, preTokenizers: [byteLevel(true)] },
  smollm: {
    normalizer: null,
    preTokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel(true)],
  },
  qwen2: {
    normalizer: { type: 'NFC' },
    preTokenizers: [
      {
        type: 'Split',
        pattern: {
          Regex:
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        },
        behavior: 'Isolated',
        invert: false,
      },
      byteLevel(false),
    ],
  },
};

const control = 3;
const userDefined = 4;

/**
 * The tokenizer of a GGUF with byte-level pairs (`gpt2`). Pure.
 * @param header read with its vocabulary
 * @throws NearfarError `unsupported` for other kinds of tokenizer
 */
export function hubTokenizer(header: GgufHeader): HubTokenizer {
  const { metadata } = header;
  const kind = textOf(metadata.get('tokenizer.ggml.model'));
  const family = textOf(metadata.get('tokenizer.ggml.pre'));
  const known = Object.hasOwn(families, family) ? families[family] : undefined;
  if (kind !== 'gpt2' || known === undefined) {
    throw new NearfarError(
      'unsupported',
      `Tokenizers of the kinds ${Object.keys(families).join(', ')} are written, not ${kind || 'none'}/${family || 'none'}: ` +
        'give the folder of the original model instead.',
      { field: 'model' },
    );
  }
  const tokens = listOf(metadata.get('tokenizer.ggml.tokens'), 'tokens').map(textOf);
  const types = listOf(metadata.get('tokenizer.ggml.token_type'), 'token types').map(Number);
  const merges = listOf(metadata.get('tokenizer.ggml.merges'), 'merges').map(textOf);
  const added = tokens.flatMap((content, id) =>
    types[id] === control || types[id] === userDefined
      ? [{ id, content, ...plainWord, special: types[id] === control }]
      : [],
  );
  const spelling = (key: string): string | null => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    return typeof id === 'number' ? (tokens[id] ?? null) : null;
  };
  const template = metadata.get('tokenizer.chat_template');
  const contextTokenCount = metadata.get(`${textOf(metadata.get('general.architecture'))}.context_length`);
  return {
    tokenizer: {
      ...{ version: '1.0', truncation: null, padding: null, added_tokens: added },
      normalizer: known.normalizer,
      pre_tokenizer: { type: 'Sequence', pretokenizers: known.preTokenizers },
      post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null },
        ...{ end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false },
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: spelling('bos'),
      eos_token: spelling('eos'),
      unk_token: spelling('unknown'),
      pad_token: spelling('padding') ?? spelling('eos'),
      clean_up_tokenization_spaces: false,
      ...(typeof contextTokenCount === 'number' ? { model_max_length: contextTokenCount } : {}),
      ...(typeof template === 'string' ? { chat_template: template } : {}),
    },
  };
}

const plainWord = { single_word: false, lstrip: false, rstrip: false, normalized: false };

function textOf(value: GgufValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: GgufValue | undefined, what: string): readonly GgufValue[] {
  if (typeof value === 'object' && value.values !== null) return value.values;
  throw new NearfarError('invalid_request', `Its header has no ${what}.`, { field: 'model' });
}
