// Names C symbols, as only tensor-bindings.ts does beside it, and is the only one where `any` is allowed: koffi's functions
// are untyped, and this is where they get their types. Pointers are bigint. Layouts come from structs.ts, which is
// generated. Longer than 300 lines because what is called together stands together.
import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { structs } from './structs.ts';

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment */
/* eslint-disable @typescript-eslint/no-unsafe-return */
/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access */

/** Address of native memory or of an opaque C object. */
export type Pointer = bigint;
/** What a C pointer parameter takes: an address, memory that JavaScript owns for the length of the call, or NULL. */
export type PointerArgument = Pointer | ArrayBufferView | null;

/** A C struct as koffi hands it over: pointers are bigint or null, integers and floats are numbers. */
export type StructValue = Record<string, number | bigint | boolean | null>;

export interface Batch {
  n_tokens: number;
  readonly token: Pointer;
  readonly embd: null;
  readonly pos: Pointer;
  readonly n_seq_id: Pointer;
  readonly seq_id: Pointer;
  readonly logits: Pointer;
}

const types = {
  batch: koffi.struct(structs.llama_batch),
  tokenData: koffi.struct(structs.llama_token_data),
  tokenDataArray: koffi.struct(structs.llama_token_data_array),
  modelParams: koffi.struct(structs.llama_model_params),
  contextParams: koffi.struct(structs.llama_context_params),
  quantizeParams: koffi.struct(structs.llama_model_quantize_params),
  threadpoolParams: koffi.struct({
    ...structs.ggml_threadpool_params,
    cpumask: koffi.array('bool', Number(/\[(\d+)\]/.exec(structs.ggml_threadpool_params.cpumask)?.[1])),
  }),
  logCallback: koffi.proto('nearfar_log', 'void', ['int', 'void *', 'void *']),
  progressCallback: koffi.proto('nearfar_progress', 'bool', ['float', 'void *']),
  threadpoolNew: koffi.proto('nearfar_threadpool_new', 'void *', ['void *']),
  threadpoolFree: koffi.proto('nearfar_threadpool_free', 'void', ['void *']),
};

/** Opens a shared library; its symbols stay visible to the ones opened after it. @throws Error from the loader */
export function openSharedLibrary(path: string): LibraryHandle {
  return koffi.load(path, { global: true, lazy: true });
}

export type Bindings = ReturnType<typeof bind>;

/**
 * Declares the functions that nearfar calls. `base` is libggml-base, `registry` libggml, `llama` libllama.
 * No call here is checked: the callers in this folder obey the rules of llama.h.
 */
export function bind(base: LibraryHandle, registry: LibraryHandle, llama: LibraryHandle) {
  const p = 'void *';
  const t = types;
  return {
    version: llama.func('llama_version', 'str', []) as () => string,
    backendInit: llama.func('llama_backend_init', 'void', []) as () => void,
    logSet: llama.func('llama_log_set', 'void', [p, p]) as (callback: Pointer | null, data: null) => void,
    systemInfo: llama.func('llama_print_system_info', 'str', []) as () => string,
    maxParallelSequences: llama.func('llama_max_parallel_sequences', 'size_t', []) as () => number,
    loadBackends: registry.func('ggml_backend_load_all_from_path', 'void', ['str']) as (path: string) => void,
    loadBackend: registry.func('ggml_backend_load', p, ['str']) as (path: string) => Pointer | null,
    unloadBackend: registry.func('ggml_backend_unload', 'void', [p]) as (registry: Pointer) => void,
    deviceCount: registry.func('ggml_backend_dev_count', 'size_t', []) as () => number,
    device: registry.func('ggml_backend_dev_get', p, ['size_t']) as (index: number) => Pointer,
    deviceName: base.func('ggml_backend_dev_name', 'str', [p]) as (device: Pointer) => string,
    deviceDescription: base.func('ggml_backend_dev_description', 'str', [p]) as (device: Pointer) => string,
    deviceType: base.func('ggml_backend_dev_type', 'int', [p]) as (device: Pointer) => number,
    deviceMemory: base.func('ggml_backend_dev_memory', 'void', [p, p, p]) as (
      device: Pointer,
      free: BigUint64Array,
      total: BigUint64Array,
    ) => void,
    deviceRegistry: base.func('ggml_backend_dev_backend_reg', p, [p]) as (device: Pointer) => Pointer,
    registryName: base.func('ggml_backend_reg_name', 'str', [p]) as (registry: Pointer) => string,
    procAddress: base.func('ggml_backend_reg_get_proc_address', p, [p, 'str']) as (
      registry: Pointer,
      name: string,
    ) => Pointer | null,

    modelDefaults: llama.func('llama_model_default_params', t.modelParams, []) as () => StructValue,
    contextDefaults: llama.func('llama_context_default_params', t.contextParams, []) as () => StructValue,
    quantizeDefaults: llama.func(
      'llama_model_quantize_default_params',
      t.quantizeParams,
      [],
    ) as () => StructValue,

    loadModel: promised(llama.func('llama_model_load_from_file', p, ['str', t.modelParams])) as (
      path: string,
      params: StructValue,
    ) => Promise<Pointer | null>,
    freeModel: llama.func('llama_model_free', 'void', [p]) as (model: Pointer) => void,
    modelVocabulary: llama.func('llama_model_get_vocab', p, [p]) as (model: Pointer) => Pointer,
    modelTrainedContext: llama.func('llama_model_n_ctx_train', 'int32_t', [p]) as (m: Pointer) => number,
    modelEmbeddingLength: llama.func('llama_model_n_embd', 'int32_t', [p]) as (m: Pointer) => number,
    modelOutputLength: llama.func('llama_model_n_embd_out', 'int32_t', [p]) as (m: Pointer) => number,
    modelClassCount: llama.func('llama_model_n_cls_out', 'uint32_t', [p]) as (m: Pointer) => number,
    modelLayerCount: llama.func('llama_model_n_layer', 'int32_t', [p]) as (m: Pointer) => number,
    modelHeadCount: llama.func('llama_model_n_head', 'int32_t', [p]) as (m: Pointer) => number,
    modelKvHeadCount: llama.func('llama_model_n_head_kv', 'int32_t', [p]) as (m: Pointer) => number,
    modelSlidingWindow: llama.func('llama_model_n_swa', 'int32_t', [p]) as (m: Pointer) => number,
    modelMetadataCount: llama.func('llama_model_meta_count', 'int32_t', [p]) as (m: Pointer) => number,
    modelMetadataKey: llama.func('llama_model_meta_key_by_index', 'int32_t', [p, 'int32_t', p, 'size_t']) as (
      model: Pointer,
      index: number,
      buffer: Uint8Array,
      size: number,
    ) => number,
    modelMetadataValue: llama.func('llama_model_meta_val_str_by_index', 'int32_t', [
      p,
      'int32_t',
      p,
      'size_t',
    ]) as (model: Pointer, index: number, buffer: Uint8Array, size: number) => number,
    modelDescription: llama.func('llama_model_desc', 'int32_t', [p, p, 'size_t']) as (
      model: Pointer,
      buffer: Uint8Array,
      size: number,
    ) => number,
    modelFormat: llama.func('llama_model_ftype', 'int32_t', [p]) as (model: Pointer) => number,
    formatName: llama.func('llama_ftype_name', 'str', ['int32_t']) as (format: number) => string,
    modelSize: llama.func('llama_model_size', 'uint64_t', [p]) as WideCount,
    modelParameterCount: llama.func('llama_model_n_params', 'uint64_t', [p]) as WideCount,
    modelChatTemplate: llama.func('llama_model_chat_template', 'str', [p, 'str']) as (
      model: Pointer,
      name: string | null,
    ) => string | null,
    modelHasEncoder: llama.func('llama_model_has_encoder', 'bool', [p]) as (model: Pointer) => boolean,
    modelHasDecoder: llama.func('llama_model_has_decoder', 'bool', [p]) as (model: Pointer) => boolean,
    modelIsRecurrent: llama.func('llama_model_is_recurrent', 'bool', [p]) as (model: Pointer) => boolean,
    modelIsHybrid: llama.func('llama_model_is_hybrid', 'bool', [p]) as (model: Pointer) => boolean,
    modelIsDiffusion: llama.func('llama_model_is_diffusion', 'bool', [p]) as (model: Pointer) => boolean,

    vocabularyType: llama.func('llama_vocab_type', 'int32_t', [p]) as (vocabulary: Pointer) => number,
    vocabularySize: llama.func('llama_vocab_n_tokens', 'int32_t', [p]) as (vocabulary: Pointer) => number,
    tokenText: llama.func('llama_vocab_get_text', 'str', [p, 'int32_t']) as (
      vocabulary: Pointer,
      token: number,
    ) => string | null,
    tokenIsEndOfGeneration: llama.func('llama_vocab_is_eog', 'bool', [p, 'int32_t']) as TokenTest,
    tokenIsControl: llama.func('llama_vocab_is_control', 'bool', [p, 'int32_t']) as TokenTest,
    tokenBos: llama.func('llama_vocab_bos', 'int32_t', [p]) as SpecialToken,
    tokenEos: llama.func('llama_vocab_eos', 'int32_t', [p]) as SpecialToken,
    tokenEot: llama.func('llama_vocab_eot', 'int32_t', [p]) as SpecialToken,
    tokenSep: llama.func('llama_vocab_sep', 'int32_t', [p]) as SpecialToken,
    tokenFimPrefix: llama.func('llama_vocab_fim_pre', 'int32_t', [p]) as SpecialToken,
    tokenFimSuffix: llama.func('llama_vocab_fim_suf', 'int32_t', [p]) as SpecialToken,
    tokenFimMiddle: llama.func('llama_vocab_fim_mid', 'int32_t', [p]) as SpecialToken,
    addsBos: llama.func('llama_vocab_get_add_bos', 'bool', [p]) as (vocabulary: Pointer) => boolean,
    addsEos: llama.func('llama_vocab_get_add_eos', 'bool', [p]) as (vocabulary: Pointer) => boolean,
    addsSep: llama.func('llama_vocab_get_add_sep', 'bool', [p]) as (vocabulary: Pointer) => boolean,
    tokenize: llama.func('llama_tokenize', 'int32_t', tokenizeParameters) as Tokenize<number>,
    tokenizeAsync: promised(llama.func('llama_tokenize', 'int32_t', tokenizeParameters)) as Tokenize<
      Promise<number>
    >,
    tokenPiece: llama.func('llama_token_to_piece', 'int32_t', [
      p,
      'int32_t',
      p,
      'int32_t',
      'int32_t',
      'bool',
    ]) as (
      vocabulary: Pointer,
      token: number,
      buffer: Uint8Array,
      length: number,
      strip: number,
      special: boolean,
    ) => number,

    createContext: llama.func('llama_init_from_model', p, [p, t.contextParams]) as (
      model: Pointer,
      params: StructValue,
    ) => Pointer | null,
    freeContext: llama.func('llama_free', 'void', [p]) as (context: Pointer) => void,
    contextMemory: llama.func('llama_get_memory', p, [p]) as (context: Pointer) => Pointer | null,
    contextCellCount: llama.func('llama_n_ctx', 'uint32_t', [p]) as (context: Pointer) => number,
    contextBatchCount: llama.func('llama_n_batch', 'uint32_t', [p]) as (context: Pointer) => number,
    setThreads: llama.func('llama_set_n_threads', 'void', [p, 'int32_t', 'int32_t']) as (
      context: Pointer,
      decode: number,
      prefill: number,
    ) => void,
    decode: llama.func('llama_decode', 'int32_t', [p, t.batch]) as (context: Pointer, batch: Batch) => number,
    synchronize: llama.func('llama_synchronize', 'void', [p]) as (context: Pointer) => void,
    // The address as a number, not a bigint: it is a map key on the hot path, and user-space addresses fit 2^53.
    logits: llama.func('llama_get_logits_ith', 'uintptr_t', [p, 'int32_t']) as (
      context: Pointer,
      row: number,
    ) => number,
    pooling: llama.func('llama_pooling_type', 'int32_t', [p]) as (context: Pointer) => number,
    /** 0 where the last decode had nothing of this sequence. */
    embedding: llama.func('llama_get_embeddings_seq', 'uintptr_t', [p, 'int32_t']) as (
      context: Pointer,
      sequence: number,
    ) => number,
    attachThreadpool: llama.func('llama_attach_threadpool', 'void', [p, p, p]) as (
      context: Pointer,
      decode: Pointer,
      prefill: Pointer,
    ) => void,
    detachThreadpool: llama.func('llama_detach_threadpool', 'void', [p]) as (context: Pointer) => void,

    memoryClear: llama.func('llama_memory_clear', 'void', [p, 'bool']) as (m: Pointer, data: boolean) => void,
    memoryRemove: llama.func('llama_memory_seq_rm', 'bool', [p, 'int32_t', 'int32_t', 'int32_t']) as (
      memory: Pointer,
      sequence: number,
      from: number,
      to: number,
    ) => boolean,
    memoryCopy: llama.func('llama_memory_seq_cp', 'void', fourIntegers) as MemoryCopy,
    memoryAdd: llama.func('llama_memory_seq_add', 'void', fourIntegers) as MemoryAdd,
    memoryCanShift: llama.func('llama_memory_can_shift', 'bool', [p]) as (memory: Pointer) => boolean,
    memoryFirst: llama.func('llama_memory_seq_pos_min', 'int32_t', [p, 'int32_t']) as SequencePosition,
    memoryLast: llama.func('llama_memory_seq_pos_max', 'int32_t', [p, 'int32_t']) as SequencePosition,

    stateSize: llama.func('llama_state_seq_get_size', 'size_t', [p, 'int32_t']) as (
      context: Pointer,
      sequence: number,
    ) => number,
    stateGet: llama.func('llama_state_seq_get_data', 'size_t', [p, p, 'size_t', 'int32_t']) as (
      context: Pointer,
      buffer: Uint8Array,
      size: number,
      sequence: number,
    ) => number,
    stateSet: llama.func('llama_state_seq_set_data', 'size_t', [p, p, 'size_t', 'int32_t']) as (
      context: Pointer,
      buffer: Uint8Array,
      size: number,
      sequence: number,
    ) => number,

    createGrammar: llama.func('llama_sampler_init_grammar', p, [
      p,
      'str',
      'str',
    ]) as CreateGrammar<Pointer | null>,
    createGrammarAsync: promised(
      llama.func('llama_sampler_init_grammar', p, [p, 'str', 'str']),
    ) as CreateGrammar<Promise<Pointer | null>>,
    samplerApply: llama.func('llama_sampler_apply', 'void', [p, p]) as (s: Pointer, array: Pointer) => void,
    samplerAccept: llama.func('llama_sampler_accept', 'void', [p, 'int32_t']) as (
      sampler: Pointer,
      token: number,
    ) => void,
    samplerClone: llama.func('llama_sampler_clone', p, [p]) as (sampler: Pointer) => Pointer,
    samplerFree: llama.func('llama_sampler_free', 'void', [p]) as (sampler: Pointer) => void,

    loadAdapter: llama.func('llama_adapter_lora_init', p, [p, 'str']) as (
      model: Pointer,
      path: string,
    ) => Pointer | null,
    freeAdapter: llama.func('llama_adapter_lora_free', 'void', [p]) as (adapter: Pointer) => void,
    aloraTokenCount: llama.func('llama_adapter_get_alora_n_invocation_tokens', 'uint64_t', [p]) as WideCount,
    /** Pointers and scales of what the context applies from now on, in place of what it applied before. */
    setAdapters: llama.func('llama_set_adapters_lora', 'int32_t', [p, p, 'size_t', p]) as (
      context: Pointer,
      adapters: BigUint64Array,
      count: number,
      scales: Float32Array,
    ) => number,

    quantize: llama.func('llama_model_quantize', 'uint32_t', [
      'str',
      'str',
      koffi.pointer(t.quantizeParams),
    ]) as (input: string, output: string, params: StructValue) => number,
    threadpoolParamsInit: base.func('ggml_threadpool_params_init', 'void', [
      koffi.out(koffi.pointer(t.threadpoolParams)),
      'int',
    ]) as (params: StructValue, threadCount: number) => void,
  };
}

type WideCount = (object: Pointer) => number | bigint;
type TokenTest = (vocabulary: Pointer, token: number) => boolean;
type SpecialToken = (vocabulary: Pointer) => number;
type CreateGrammar<Result> = (vocabulary: Pointer, text: string, root: string) => Result;
type MemoryCopy = (memory: Pointer, source: number, destination: number, from: number, to: number) => void;
type MemoryAdd = (memory: Pointer, sequence: number, from: number, to: number, delta: number) => void;
type SequencePosition = (memory: Pointer, sequence: number) => number;
type Tokenize<Result> = (
  vocabulary: Pointer,
  text: Uint8Array,
  textLength: number,
  tokens: Int32Array,
  tokenCapacity: number,
  addSpecial: boolean,
  parseSpecial: boolean,
) => Result;

const fourIntegers = ['void *', 'int32_t', 'int32_t', 'int32_t', 'int32_t'];
const tokenizeParameters = ['void *', 'void *', 'int32_t', 'void *', 'int32_t', 'bool', 'bool'];

/** Runs a native function on one of koffi's worker threads. */
function promised(native: any): (...values: unknown[]) => Promise<unknown> {
  return (...values) =>
    new Promise((resolve, reject) => {
      native.async(...values, (error: Error | null, result: unknown) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
}

/** Functions of the CPU backend that libllama does not export; their addresses come from `procAddress`. */
export interface ThreadpoolFunctions {
  create(params: StructValue): Pointer | null;
  free(pool: Pointer): void;
}

export function bindThreadpool(create: Pointer, free: Pointer): ThreadpoolFunctions {
  return {
    create: (params) =>
      koffi.call(create, types.threadpoolNew, koffi.as(params, koffi.pointer(types.threadpoolParams))),
    free: (pool) => koffi.call(free, types.threadpoolFree, pool),
  };
}

/** A C function pointer that calls `listener(level, text)` until `release`. */
export function logCallback(listener: (level: number, text: string) => void): Callback {
  const pointer = koffi.register((level: number, text: Pointer) => {
    listener(level, decodeText(text));
  }, koffi.pointer(types.logCallback));
  return {
    pointer,
    release: () => {
      koffi.unregister(pointer);
    },
  };
}

/** A C function pointer that reports a fraction 0-1; it returns whether to go on. */
export function progressCallback(listener: (fraction: number) => boolean): Callback {
  const pointer = koffi.register(listener, koffi.pointer(types.progressCallback));
  return {
    pointer,
    release: () => {
      koffi.unregister(pointer);
    },
  };
}

export interface Callback {
  readonly pointer: Pointer;
  release(): void;
}

function decodeText(text: Pointer): string {
  return koffi.decode.string(text);
}

/** Native memory that does not move. Never collected: `free` it. */
export interface NativeMemory {
  readonly address: Pointer;
  readonly buffer: ArrayBuffer;
  free(): void;
}

export function allocate(byteCount: number): NativeMemory {
  const address: Pointer = koffi.alloc('uint8_t', byteCount);
  return {
    address,
    buffer: koffi.view(address, byteCount),
    free: () => {
      koffi.free(address);
    },
  };
}

/** Where the fields of llama_token_data and llama_token_data_array lie, in bytes. */
export const tokenDataLayout = {
  entryBytes: koffi.sizeof(types.tokenData),
  id: koffi.offsetof(types.tokenData, 'id'),
  logit: koffi.offsetof(types.tokenData, 'logit'),
  arrayBytes: koffi.sizeof(types.tokenDataArray),
  data: koffi.offsetof(types.tokenDataArray, 'data'),
  size: koffi.offsetof(types.tokenDataArray, 'size'),
  selected: koffi.offsetof(types.tokenDataArray, 'selected'),
  sorted: koffi.offsetof(types.tokenDataArray, 'sorted'),
} as const;

/** A view over native memory that someone else owns; valid only as long as the owner keeps it. */
export function viewFloats(address: number, count: number): Float32Array {
  return new Float32Array(koffi.view(BigInt(address), count * 4));
}

/** A copy of floats in native memory. */
export function readFloats(address: number, count: number): Float32Array {
  return Float32Array.from(koffi.decode(BigInt(address), 'float', count) as ArrayLike<number>);
}
