import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NearfarError } from '../../chat/error.ts';
import { ggufFacts } from '../gguf-facts.ts';
import { readGguf, type GgufHeader, type GgufTensor } from '../gguf.ts';
import { tensorFormat } from '../tensor-format.ts';
import { hubArchitecture, hubTensorName, unpermutedRows } from './hub-names.ts';
import { hubTokenizer } from './hub-tokenizer.ts';
import { writeSafetensors, type WrittenTensor } from './safetensors-writer.ts';

export interface HubFolderOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/** Whether a path is a folder as Transformers saves models: config.json and safetensors. */
export function isHubFolder(path: string): boolean {
  return existsSync(join(path, 'config.json')) && statSync(path).isDirectory();
}

/**
 * Writes a GGUF of floating-point numbers as a Hugging Face folder (config.json, model.safetensors, tokenizer.json,
 * tokenizer_config.json, generation_config.json), which the tools of other formats read. No weight changes its value. The folder
 * gets its name when it is whole.
 * @param input F16, BF16 or F32; in one file
 * @throws NearfarError `unsupported` for other architectures, tokenizers and quantized files, `conflict`, `aborted`
 */
export async function writeHubFolder(
  input: string,
  folder: string,
  { signal, onProgress }: HubFolderOptions,
): Promise<void> {
  if (existsSync(folder)) throw new NearfarError('conflict', `${folder} is there already.`, { field: 'out' });
  const header = await readGguf(input, { keepsVocabulary: true });
  const facts = ggufFacts(header);
  const architecture = hubArchitecture(facts.architecture);
  const tensors = header.tensors.filter(({ name }) => hubTensorName(name) !== null);
  const quantized = tensors.find(({ type }) => !floats.has(tensorFormat(type)?.name ?? ''));
  if (quantized !== undefined) {
    throw new NearfarError(
      'unsupported',
      `${input}: ${quantized.name} is quantized; make an F16 file of it first.`,
      {
        field: 'model',
      },
    );
  }
  const { tokenizer, config: tokenizerConfig } = hubTokenizer(header);
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.partial-`);
  const file = await open(input, 'r');
  try {
    const heads = { q: facts.headCount ?? 1, k: facts.kvHeadCount ?? 1 };
    const read = async (tensor: GgufTensor): Promise<Uint8Array> => {
      if (signal.aborted) throw new NearfarError('aborted', 'Stopped.');
      const data = new Uint8Array(tensor.bytes ?? 0);
      await file.read(data, 0, data.byteLength, header.dataOffset + tensor.offset);
      const [, part] = /\.attn_([qk])\.(?:weight|bias)$/.exec(tensor.name) ?? [];
      if (part === undefined || !architecture.isPermuted) return data;
      const rowCount = tensor.dimensions[1] ?? tensor.dimensions[0] ?? 1;
      return unpermutedRows(data, data.byteLength / rowCount, part === 'q' ? heads.q : heads.k);
    };
    const written = tensors.map((tensor): WrittenTensor => ({
      name: hubTensorName(tensor.name) ?? '',
      type: (tensorFormat(tensor.type)?.name ?? 'F32') as WrittenTensor['type'],
      shape: tensor.dimensions.toReversed(),
      bytes: tensor.bytes ?? 0,
      read: () => read(tensor),
    }));
    await writeSafetensors(join(partial, 'model.safetensors'), written, onProgress);
    const files: Readonly<Record<string, object>> = {
      'config.json': hubConfig(header),
      'generation_config.json': tokenIds(header),
      'tokenizer.json': tokenizer,
      'tokenizer_config.json': tokenizerConfig,
    };
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(partial, name), `${JSON.stringify(content, null, 2)}\n`);
    }
    await rename(partial, folder);
  } finally {
    await file.close();
    await rm(partial, { recursive: true, force: true });
  }
}

const floats: ReadonlySet<string> = new Set(['F16', 'BF16', 'F32']);

/** config.json of Transformers, from the header. Pure. */
export function hubConfig(header: GgufHeader): object {
  const facts = ggufFacts(header);
  const { modelType, className, hasAttentionBias } = hubArchitecture(facts.architecture);
  const number = (key: string): number | null => {
    const value = header.metadata.get(`${facts.architecture ?? ''}.${key}`);
    return typeof value === 'number' ? value : null;
  };
  const feedForwardLength = number('feed_forward_length');
  const { embeddingLength, headCount, layerCount, vocabTokenCount } = facts;
  if (!embeddingLength || !headCount || !layerCount || !vocabTokenCount || !feedForwardLength) {
    throw new NearfarError('invalid_request', 'Its header leaves out sizes that the model needs.', {
      field: 'model',
    });
  }
  if (header.metadata.has(`${facts.architecture ?? ''}.rope.scaling.type`)) {
    throw new NearfarError(
      'unsupported',
      'Its positions are scaled (rope.scaling): give the original folder.',
      {
        field: 'model',
      },
    );
  }
  const ropeTheta = number('rope.freq_base') ?? 10_000;
  return {
    architectures: [className],
    model_type: modelType,
    hidden_size: embeddingLength,
    intermediate_size: feedForwardLength,
    num_hidden_layers: layerCount,
    num_attention_heads: headCount,
    num_key_value_heads: facts.kvHeadCount ?? headCount,
    head_dim: facts.keyLength ?? embeddingLength / headCount,
    max_position_embeddings: facts.contextTokenCount ?? 2048,
    vocab_size: vocabTokenCount,
    // Kept in single precision there: 1e-5 is 0.00000999999974737875.
    rms_norm_eps: Number(Math.fround(number('attention.layer_norm_rms_epsilon') ?? 1e-6).toPrecision(6)),
    hidden_act: 'silu',
    attention_bias: hasAttentionBias,
    mlp_bias: false,
    // Transformers before and after 5.
    rope_theta: ropeTheta,
    rope_parameters: { rope_type: 'default', rope_theta: ropeTheta },
    tie_word_embeddings: !header.tensors.some(({ name }) => name === 'output.weight'),
    torch_dtype: 'float16',
    use_cache: true,
    ...tokenIds(header),
  };
}

function tokenIds({ metadata }: GgufHeader): object {
  const id = (name: string): object => {
    const value = metadata.get(`tokenizer.ggml.${name}_token_id`);
    return typeof value === 'number' ? { [`${name === 'padding' ? 'pad' : name}_token_id`]: value } : {};
  };
  return { ...id('bos'), ...id('eos'), ...id('padding') };
}
