import { NearfarError } from '../../chat/error.ts';
import type { LlamaLibrary } from './library.ts';
import { readMissingLine, readTensorLine, type LoggedTensor } from './quantize-log.ts';
import {
  importanceMemory,
  overrideMemory,
  typeMemory,
  type MetadataOverride,
  type QuantizeMemory,
} from './quantize-memory.ts';
import { enums } from './structs.ts';

export interface QuantizeRequest {
  /** A GGUF, or the first part of a split one. */
  readonly input: string;
  /** Appears only when it is complete; replaced if it exists. `null`: nothing is written, the answer says what would be. */
  readonly output: string | null;
  /** A name of `writableFormats`. */
  readonly format: string;
  /** @default one per core */
  readonly threadCount?: number;
  /** Sources that are quantized themselves are taken too: their weights are rounded a second time. */
  readonly allowRequantize: boolean;
  /** All tensors in the one format, none finer. @default false */
  readonly isPure?: boolean;
  /** An importance matrix, as llama-imatrix or `nearfar imatrix` writes it. */
  readonly imatrix?: string;
  /** Metadata written in addition. */
  readonly metadata?: readonly MetadataOverride[];
}

export interface QuantizeResult {
  /** What each tensor was, or would be, written in. */
  readonly tensors: readonly LoggedTensor[];
  /** Tensors that the importance matrix says nothing of. */
  readonly withoutImportance: readonly string[];
  /** Without an importance matrix it cannot be written. */
  readonly needsImportance: boolean;
}

/** What libllama's log says while it works: handed to `quantizeHere` line by line. */
export interface QuantizeLog {
  listener: (line: string, isError: boolean) => void;
}

const fileTypes: ReadonlyMap<string, number> = new Map(
  Object.entries(enums.llama_ftype)
    .filter(([name]) => name !== 'LLAMA_FTYPE_GUESSED')
    .map(([name, value]) => [name.replace(/^LLAMA_FTYPE_(MOSTLY|ALL)_/, ''), value]),
);

/** Every file type of llama.h, by the name that people use. */
export const writableFormats: readonly string[] = [...fileTypes.keys()];

// libllama knows the file type NVFP4, but its quantizer has no default for it: the tensors of the blocks are named one by
// one, the rest is written as for Q8_0, and the file is called what it is.
const nvfp4Pattern = '^blk\\..*';

/**
 * Writes a model in another weight format. Blocks this thread for as long as it takes, and a damaged file can abort the
 * process: call it in one of its own (`quantizeFile`).
 * @param partial where the output is written; the caller moves it into its place
 * @param importances by tensor name: mean squares of what is multiplied with each column
 * @throws NearfarError `invalid_request` for an unknown format or a file that libllama cannot convert
 */
export function quantizeHere(
  library: LlamaLibrary,
  log: QuantizeLog,
  request: QuantizeRequest,
  partial: string | null,
  importances: ReadonlyMap<string, Float32Array> | null,
  report: (fraction: number) => void,
): QuantizeResult {
  const { bindings } = library;
  const { memories, params } = nativeParams(request, importances);
  let needsImportance = false;
  const run = (output: string, isDryRun: boolean, onTensor: (tensor: LoggedTensor) => void): string[] => {
    const missing: string[] = [];
    const errors: string[] = [];
    log.listener = (line, isError) => {
      if (isError) errors.push(line);
      needsImportance ||= line.includes('will require an imatrix');
      const tensor = readTensorLine(line);
      if (tensor !== null) onTensor(tensor);
      const name = readMissingLine(line);
      if (name !== null) missing.push(name);
    };
    const code = bindings.quantize(request.input, output, {
      ...bindings.quantizeDefaults(),
      ...params,
      dry_run: isDryRun,
    });
    if (code !== 0) throw refusalOf(request, errors);
    return missing;
  };
  try {
    const planned: LoggedTensor[] = [];
    run(partial ?? '', true, (tensor) => planned.push(tensor));
    if (partial === null) return { tensors: planned, withoutImportance: [], needsImportance };
    const whole = planned.reduce((sum, { elementCount }) => sum + elementCount, 0);
    let done = 0;
    const tensors: LoggedTensor[] = [];
    const withoutImportance = run(partial, false, (tensor) => {
      tensors.push(tensor);
      done += tensor.elementCount;
      report(Math.min(0.999, done / Math.max(1, whole)));
    });
    return { tensors, withoutImportance, needsImportance };
  } finally {
    for (const memory of memories) memory.free();
  }
}

function nativeParams(
  request: QuantizeRequest,
  importances: ReadonlyMap<string, Float32Array> | null,
): {
  readonly memories: readonly QuantizeMemory[];
  readonly params: Record<string, number | bigint | boolean>;
} {
  const isNvfp4 = request.format === 'NVFP4';
  const params: Record<string, number | bigint | boolean> = {
    ftype: isNvfp4 ? enums.llama_ftype.LLAMA_FTYPE_MOSTLY_Q8_0 : fileTypeOf(request.format),
    nthread: request.threadCount ?? 0,
    allow_requantize: request.allowRequantize,
    pure: request.isPure ?? false,
  };
  const memories: QuantizeMemory[] = [];
  const add = (field: string, memory: QuantizeMemory): void => {
    memories.push(memory);
    params[field] = memory.pointer;
  };
  const metadata = [
    ...(request.metadata ?? []),
    ...(isNvfp4 ? [{ key: 'general.file_type', value: enums.llama_ftype.LLAMA_FTYPE_MOSTLY_NVFP4 }] : []),
  ];
  if (metadata.length > 0) add('kv_overrides', overrideMemory(metadata));
  if (importances !== null) add('imatrix', importanceMemory(importances));
  if (isNvfp4) {
    add('tt_overrides', typeMemory([{ pattern: nvfp4Pattern, type: enums.ggml_type.GGML_TYPE_NVFP4 }]));
  }
  return { memories, params };
}

/** @throws NearfarError `invalid_request` for a name that llama.h does not have */
function fileTypeOf(format: string): number {
  const value = fileTypes.get(format);
  if (value !== undefined) return value;
  const known = writableFormats.join(', ');
  throw new NearfarError('invalid_request', `Unknown weight format ${format}; expected one of ${known}.`, {
    field: 'format',
  });
}

function refusalOf(request: QuantizeRequest, errors: readonly string[]): NearfarError {
  const said = errors.join(' ');
  if (/requires an imatrix|importance matrix/i.test(said)) {
    return new NearfarError(
      'invalid_request',
      `${request.format} needs an importance matrix${request.imatrix === undefined ? '' : ' with every tensor of the model'}: ` +
        'make one with nearfar imatrix, and hand it over with --imatrix.',
      { field: 'imatrix' },
    );
  }
  if (/requantizing from type/.test(said)) {
    return new NearfarError(
      'invalid_request',
      `${request.input} is quantized already; its weights would be rounded a second time.`,
      { field: 'allow-requantize' },
    );
  }
  const why = /failed to quantize: (.*)/.exec(said)?.[1] ?? errors.at(-1) ?? 'libllama does not say why';
  return new NearfarError(
    'invalid_request',
    `${request.input} cannot be written as ${request.format}: ${why}.`.replace(/\.\.$/, '.'),
    { field: 'format' },
  );
}
