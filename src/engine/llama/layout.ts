import { NearfarError } from '../../chat/error.ts';
import type { Bindings, StructValue } from './bindings.ts';
import { enums, pinnedVersion } from './structs.ts';

// The documented defaults of every struct that crosses the border by value, from llama_model_default_params,
// llama_context_default_params and llama_model_quantize_default_params in the pinned sources. A library whose layout
// moved returns other values here; calling it anyway would abort the process or corrupt answers.
const modelDefaults: StructValue = {
  devices: null,
  tensor_buft_overrides: null,
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  lazy_mode: 1,
  main_gpu: 0,
  tensor_split: null,
  progress_callback: null,
  progress_callback_user_data: null,
  kv_overrides: null,
  vocab_only: false,
  check_tensors: false,
  use_extra_bufts: true,
  no_host: false,
  no_alloc: false,
  load_mtp: false,
};

const contextDefaults: StructValue = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_rs_seq: 0,
  n_outputs_max: 0,
  n_outputs_max_per_seq: 1,
  n_threads: 4,
  n_threads_batch: 4,
  ctx_type: 0,
  rope_scaling_type: -1,
  pooling_type: -1,
  attention_type: -1,
  flash_attn_type: -1,
  rope_freq_base: 0,
  rope_freq_scale: 0,
  yarn_ext_factor: -1,
  yarn_attn_factor: -1,
  yarn_beta_fast: -1,
  yarn_beta_slow: -1,
  yarn_orig_ctx: 0,
  defrag_thold: -1,
  cb_eval: null,
  cb_eval_user_data: null,
  type_k: enums.ggml_type.GGML_TYPE_F16,
  type_v: enums.ggml_type.GGML_TYPE_F16,
  abort_callback: null,
  abort_callback_data: null,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  swa_full: true,
  kv_unified: false,
  samplers: null,
  n_samplers: 0,
  ctx_other: null,
};

const quantizeDefaults: StructValue = {
  nthread: 0,
  ftype: 7,
  output_tensor_type: enums.ggml_type.GGML_TYPE_COUNT,
  token_embedding_type: enums.ggml_type.GGML_TYPE_COUNT,
  allow_requantize: false,
  quantize_output_tensor: true,
  only_copy: false,
  pure: false,
  keep_split: false,
  dry_run: false,
  imatrix: null,
  kv_overrides: null,
  tt_overrides: null,
  prune_layers: null,
  max_buf_size: 8 * 1024 ** 3,
};

/**
 * Compares what the library says about itself with what these bindings were made for.
 * @throws NearfarError `internal` naming every difference
 */
export function checkLayout(
  bindings: Pick<Bindings, 'version' | 'modelDefaults' | 'contextDefaults' | 'quantizeDefaults'>,
): void {
  const version = bindings.version();
  if (version !== pinnedVersion) {
    throw new NearfarError(
      'internal',
      `The loaded libllama is version ${version}, but nearfar's bindings are made for ${pinnedVersion}. ` +
        'Reinstall the @node-llama-cpp packages of the version that package.json names.',
    );
  }
  const differences = [
    ...differencesOf('llama_model_params', bindings.modelDefaults(), modelDefaults),
    ...differencesOf('llama_context_params', bindings.contextDefaults(), contextDefaults),
    ...differencesOf('llama_model_quantize_params', bindings.quantizeDefaults(), quantizeDefaults),
  ];
  if (differences.length > 0) {
    throw new NearfarError(
      'internal',
      `The loaded libllama ${version} lays out its structs differently from nearfar's bindings: ${differences.join('; ')}.`,
    );
  }
}

/** One line a field that is not what was expected, in the order of the expectation. */
export function differencesOf(struct: string, actual: StructValue, expected: StructValue): string[] {
  const differences: string[] = [];
  for (const [field, value] of Object.entries(expected)) {
    const found = actual[field] ?? null;
    if (found !== value)
      differences.push(`${struct}.${field} is ${String(found)}, expected ${String(value)}`);
  }
  return differences;
}
