import { NearfarError } from '../../chat/error.ts';

/** What a model of one architecture is called and how it lies in a Hugging Face folder. */
export interface HubArchitecture {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly className: string;
  /** Whether llama.cpp put rows of query and key in pairs, as Meta's rotary embedding wants them, and not in halves. */
  readonly isPermuted: boolean;
  readonly hasAttentionBias: boolean;
}

const architectures: Readonly<Record<string, HubArchitecture>> = {
  llama: { modelType: 'llama', className: 'LlamaForCausalLM', isPermuted: true, hasAttentionBias: false },
  qwen2: { modelType: 'qwen2', className: 'Qwen2ForCausalLM', isPermuted: false, hasAttentionBias: true },
};

/** @throws NearfarError `unsupported` naming what is read */
export function hubArchitecture(name: string | null): HubArchitecture {
  const found = name !== null && Object.hasOwn(architectures, name) ? architectures[name] : undefined;
  if (found !== undefined) return found;
  throw new NearfarError(
    'unsupported',
    `GGUF files of ${Object.keys(architectures).join(' and ')} can be exported, not of ${name ?? 'an unnamed architecture'}: ` +
      'give the folder of the original model (config.json, *.safetensors, tokenizer.json) instead.',
    { field: 'model' },
  );
}

const fixedNames: Readonly<Record<string, string>> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
};

const blockNames: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/**
 * A tensor's name in Transformers' Llama and Qwen2; `null`: a table that is computed again.
 * @throws NearfarError `unsupported` where there is none
 */
export function hubTensorName(name: string): string | null {
  if (/^rope_(freqs|factors)/.test(name)) return null;
  const fixed = Object.hasOwn(fixedNames, name) ? fixedNames[name] : undefined;
  if (fixed !== undefined) return fixed;
  const [, block, part = '', kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const known = Object.hasOwn(blockNames, part) ? blockNames[part] : undefined;
  if (block === undefined || kind === undefined || known === undefined) {
    throw new NearfarError(
      'unsupported',
      `Its tensor ${name.slice(0, 64)} has no place in the original's folder.`,
      {
        field: 'model',
      },
    );
  }
  return `model.layers.${block}.${known}.${kind}`;
}

/**
 * Rows of a query or key matrix as Transformers has them: within each head the first halves of all pairs, then the second;
 * llama.cpp and Meta have the pairs next to each other. Pure.
 * @param rowBytes bytes of a row
 */
export function unpermutedRows(rows: Uint8Array, rowBytes: number, headCount: number): Uint8Array {
  const rowCount = rows.byteLength / rowBytes;
  const headLength = rowCount / headCount;
  if (!Number.isInteger(headLength) || headLength % 2 !== 0) {
    throw new RangeError(`${rowCount} rows are not ${headCount} heads of pairs.`);
  }
  const half = headLength / 2;
  const moved = new Uint8Array(rows.byteLength);
  for (let head = 0; head < headCount; head++) {
    for (let pair = 0; pair < half; pair++) {
      for (const second of [0, 1]) {
        const from = (head * headLength + 2 * pair + second) * rowBytes;
        const to = (head * headLength + second * half + pair) * rowBytes;
        moved.set(rows.subarray(from, from + rowBytes), to);
      }
    }
  }
  return moved;
}
