import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { NearfarError } from '../../chat/error.ts';
import { ggufFacts } from '../gguf-facts.ts';
import { readGguf } from '../gguf.ts';
import { tensorFormat } from '../tensor-format.ts';
import { Malformed, refusal, withFile, type ByteSource } from './byte-source.ts';
import { inspectCoreml } from './coreml.ts';
import { inspectExecutorch } from './executorch.ts';
import { createTypeSums, type FileKind, type Inspection } from './inspection.ts';
import { inspectOnnx } from './onnx.ts';
import { inspectSafetensors } from './safetensors.ts';
import { inspectTflite } from './tflite.ts';

const kindNames: Readonly<Record<FileKind, string>> = {
  gguf: 'GGUF',
  safetensors: 'safetensors',
  onnx: 'ONNX',
  tflite: 'LiteRT (TFLite)',
  executorch: 'ExecuTorch',
  coreml: 'Core ML',
};

const kindsByExtension: ReadonlyMap<string, FileKind> = new Map([
  ['.gguf', 'gguf'],
  ['.safetensors', 'safetensors'],
  ['.onnx', 'onnx'],
  ['.tflite', 'tflite'],
  ['.pte', 'executorch'],
  ['.mlpackage', 'coreml'],
]);

const readers: Readonly<Record<Exclude<FileKind, 'gguf' | 'coreml'>, (source: ByteSource) => Inspection>> = {
  safetensors: inspectSafetensors,
  onnx: inspectOnnx,
  tflite: inspectTflite,
  executorch: inspectExecutorch,
};

/** By its first bytes where they tell, else by its name. */
function kindOf(path: string): FileKind | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new NearfarError('not_found', `There is no file ${path}.`, { field: 'file' });
  const named = kindsByExtension.get(extname(path.replace(/\/+$/, '')).toLowerCase()) ?? null;
  if (stats.isDirectory()) return 'coreml';
  const start = withFile(path, (source) => {
    const view = source.view(0, Math.min(8, source.byteCount));
    return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1');
  });
  if (start.startsWith('GGUF')) return 'gguf';
  if (start.slice(4) === 'TFL3') return 'tflite';
  if (/^ET\d\d$/.test(start.slice(4))) return 'executorch';
  return named;
}

/**
 * Reads what a model file says about itself: its headers, never its weights.
 * @throws NearfarError `not_found`, or `invalid_request` where it is none of the kinds, cut off or made up
 */
export async function inspectFile(path: string): Promise<Inspection> {
  const kind = kindOf(path);
  if (kind === null) {
    const known = [...kindsByExtension.keys()].join(', ');
    throw new NearfarError('invalid_request', `${path}: its kind is not known; expected one of ${known}.`, {
      field: 'file',
    });
  }
  if (kind === 'gguf') return inspectGguf(path);
  try {
    return kind === 'coreml' ? inspectCoreml(path) : withFile(path, readers[kind]);
  } catch (thrown) {
    if (thrown instanceof Malformed) throw refusal(path, kindNames[kind], thrown);
    throw thrown;
  }
}

async function inspectGguf(path: string): Promise<Inspection> {
  const header = await readGguf(path);
  const facts = ggufFacts(header);
  const sums = createTypeSums();
  for (const { type, elementCount, bytes } of header.tensors) {
    sums.add(tensorFormat(type)?.name ?? `type ${type}`, elementCount, bytes);
  }
  const numbers: Record<string, number> = {};
  const add = (name: string, value: number | null): void => {
    if (value !== null) numbers[name] = value;
  };
  add('context', facts.contextTokenCount);
  add('layers', facts.layerCount);
  add('embedding', facts.embeddingLength);
  add('heads', facts.headCount);
  add('KV heads', facts.kvHeadCount);
  add('vocabulary', facts.vocabTokenCount);
  const lineage = header.metadata.get('nearfar.quantized_from');
  return {
    kind: 'gguf',
    architecture: facts.architecture,
    name: facts.name,
    producer: null,
    version: String(header.version),
    parameterCount: sums.parameterCount(),
    types: sums.types(),
    details: {
      ...(facts.format === null ? {} : { format: facts.format }),
      ...(facts.license === null ? {} : { licence: facts.license }),
      ...numbers,
      ...(typeof lineage === 'string' ? { 'quantized before': lineage } : {}),
    },
  };
}
