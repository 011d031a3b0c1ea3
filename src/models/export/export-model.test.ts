import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeGguf, type Metadata, type Tensor } from '../gguf-writer.ts';
import { inspectFile } from '../inspect/inspect-file.ts';
import { sourceOfFile, type QuantizeTool } from '../quantize-model.ts';
import { edgeFormats, exportFormats } from './edge-formats.ts';
import { exportModel, type ExportRequest } from './export-model.ts';
import { writeHubFolder } from './hub-folder.ts';
import { hubTensorName, unpermutedRows } from './hub-names.ts';
import { runTool } from './run-tool.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-export-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const quiet = { onProgress: () => undefined, onStatus: () => undefined };
const signal = new AbortController().signal;

/** A Llama of two heads of four and one KV head, every number its own. */
function gguf(changes: Readonly<Record<string, Metadata>> = {}): Buffer {
  let next = 0;
  const tensor = (name: string, ...shape: number[]): Tensor => ({
    name,
    shape,
    values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => next++),
  });
  const number = (value: number): Metadata => ({ type: 'u32', value });
  const tokens = ['<|end|>', 'a', 'b', 'ab'];
  const metadata = new Map<string, Metadata>(
    Object.entries({
      'general.architecture': { type: 'string', value: 'llama' },
      'llama.context_length': number(64),
      'llama.embedding_length': number(8),
      'llama.block_count': number(1),
      'llama.feed_forward_length': number(16),
      'llama.attention.head_count': number(2),
      'llama.attention.head_count_kv': number(1),
      'llama.rope.freq_base': { type: 'f32', value: 100_000 },
      'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-5 },
      'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
      'tokenizer.ggml.pre': { type: 'string', value: 'smollm' },
      'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
      'tokenizer.ggml.token_type': { type: 'i32s', value: [3, 1, 1, 1] },
      'tokenizer.ggml.merges': { type: 'strings', value: ['a b'] },
      'tokenizer.ggml.eos_token_id': number(0),
      ...changes,
    } satisfies Record<string, Metadata>),
  );
  return encodeGguf(metadata, [
    tensor('token_embd.weight', 8, 4),
    tensor('output_norm.weight', 8),
    tensor('blk.0.attn_norm.weight', 8),
    tensor('blk.0.attn_q.weight', 8, 8),
    tensor('blk.0.attn_k.weight', 8, 4),
    tensor('blk.0.attn_v.weight', 8, 4),
    tensor('blk.0.attn_output.weight', 8, 8),
    tensor('blk.0.ffn_norm.weight', 8),
    tensor('blk.0.ffn_gate.weight', 8, 16),
    tensor('blk.0.ffn_up.weight', 8, 16),
    tensor('blk.0.ffn_down.weight', 16, 8),
  ]);
}

function jsonIn(...path: string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as Record<string, unknown>;
}

/** One tensor of a safetensors file, as its header says where it lies. */
function tensorIn(path: string, name: string): Float32Array {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + length)) as Record<
    string,
    { readonly data_offsets: [number, number] }
  >;
  const [from, to] = header[name]!.data_offsets;
  return new Float32Array(Uint8Array.from(file.subarray(8 + length + from, 8 + length + to)).buffer);
}

describe('a GGUF as a Hugging Face folder', () => {
  it('has its sizes, names, tokens and every weight', async () => {
    writeFileSync(join(folder, 'in.gguf'), gguf());
    await writeHubFolder(join(folder, 'in.gguf'), join(folder, 'hub'), {
      signal,
      onProgress: quiet.onProgress,
    });
    expect(jsonIn('hub', 'config.json')).toMatchObject({
      ...{ architectures: ['LlamaForCausalLM'], hidden_size: 8, num_attention_heads: 2, head_dim: 4 },
      ...{ num_key_value_heads: 1, rms_norm_eps: 1e-5, rope_theta: 100_000, tie_word_embeddings: true },
      ...{ vocab_size: 4, eos_token_id: 0 },
    });
    expect(jsonIn('hub', 'tokenizer.json')).toMatchObject({
      model: { vocab: { ab: 3 }, merges: ['a b'] },
      added_tokens: [{ id: 0, content: '<|end|>', special: true }],
    });
    const safetensors = join(folder, 'hub', 'model.safetensors');
    const inspection = await inspectFile(safetensors);
    expect(inspection.parameterCount).toBe(32 + 8 + 8 + 64 + 32 + 32 + 64 + 8 + 128 + 128 + 128);
    expect(tensorIn(safetensors, 'model.embed_tokens.weight')).toEqual(
      Float32Array.from({ length: 32 }, (_, index) => index),
    );
    // Query rows of the first head: pairs (0, 1), (2, 3) in the file, halves (0, 2), (1, 3) in Transformers.
    const query = tensorIn(safetensors, 'model.layers.0.self_attn.q_proj.weight');
    const rowStarts = Array.from({ length: 8 }, (_, row) => (query[8 * row]! - 48) / 8);
    expect(rowStarts).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('is refused for what it cannot be written of', async () => {
    const write = async (changes: Readonly<Record<string, Metadata>>): Promise<void> => {
      writeFileSync(join(folder, 'in.gguf'), gguf(changes));
      await writeHubFolder(join(folder, 'in.gguf'), join(folder, 'hub'), {
        signal,
        onProgress: quiet.onProgress,
      });
    };
    const text = (value: string): Metadata => ({ type: 'string', value });
    await expect(write({ 'general.architecture': text('gemma3') })).rejects.toThrow('llama and qwen2');
    await expect(write({ 'tokenizer.ggml.pre': text('odd') })).rejects.toThrow('smollm');
    await expect(write({ 'llama.rope.scaling.type': text('linear') })).rejects.toThrow('scaled');
    expect(existsSync(join(folder, 'hub'))).toBe(false);
    expect(() => hubTensorName('blk.0.strange.weight')).toThrow('no place');
  });

  it('moves rows within heads and loses none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), (headCount, pairs) => {
        const rows = Uint8Array.from({ length: headCount * pairs * 2 * 3 }, (_, index) =>
          Math.floor(index / 3),
        );
        const moved = unpermutedRows(rows, 3, headCount);
        expect([...moved].sort((a, b) => a - b)).toEqual([...rows]);
        moved.forEach((row, index) => {
          expect(Math.floor(row / (2 * pairs))).toBe(Math.floor(index / 3 / (2 * pairs)));
        });
      }),
    );
    expect(() => unpermutedRows(new Uint8Array(9), 3, 2)).toThrow(RangeError);
  });
});

describe.runIf(process.platform !== 'win32')('an export', () => {
  /** A stand-in for Python: says that all modules are there; as a converter it does what `body` says. */
  function fakePython(body: string): string {
    const path = join(folder, 'python');
    writeFileSync(path, `#!/bin/sh\nif [ "$1" = "-c" ]; then echo "[]"; exit 0; fi\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }
  const neverQuantizes: QuantizeTool = () => Promise.reject(new Error('Nothing is quantized here.'));

  async function request(python: string): Promise<ExportRequest> {
    writeFileSync(join(folder, 'in.gguf'), gguf({ 'general.file_type': { type: 'u32', value: 0 } }));
    writeFileSync(join(folder, 'convert.py'), '');
    return {
      source: { kind: 'gguf', source: await sourceOfFile(join(folder, 'in.gguf')) },
      ...{ format: 'gguf', output: join(folder, 'out'), home: join(folder, 'home'), python },
      ...{ toolPath: join(folder, 'convert.py'), precision: 'fp16', target: 'cpu', contextTokenCount: 64 },
      environment: process.env,
    };
  }

  it('runs the tool, reads what it made, and gives it its name', async () => {
    const python = fakePython(`echo 50%; cp "${folder}/in.gguf" "$3"`);
    const made = await exportModel(await request(python), neverQuantizes, { signal, ...quiet });
    expect(made.product).toBe(join(folder, 'out', 'model.gguf'));
    expect(made.inspection).toMatchObject({ kind: 'gguf', architecture: 'llama' });
    expect(made.commands).toEqual([
      expect.stringContaining(`--outfile ${folder}/out/model.gguf --outtype f16`),
    ]);
    expect(readdirSync(join(folder, 'out'))).toContain('tokenizer.json');
    expect(readdirSync(join(folder, 'home', 'exports'))).toEqual([]);
    await expect(exportModel(await request(python), neverQuantizes, { signal, ...quiet })).rejects.toThrow(
      'there already',
    );
  });

  it('leaves nothing where the tool fails, writes nothing, or writes what cannot be read', async () => {
    for (const [body, message] of [
      ['echo out of luck >&2; exit 3', 'out of luck'],
      ['exit 0', 'left no GGUF file'],
      ['echo rubbish > "$3"', 'GGUF'],
    ] as const) {
      const given = await request(fakePython(body));
      await expect(exportModel(given, neverQuantizes, { signal, ...quiet })).rejects.toThrow(message);
      expect(readdirSync(folder).filter((name) => name.startsWith('out'))).toEqual([]);
    }
    // What was made on the way stays for the next try.
    expect(readdirSync(join(folder, 'home', 'exports'))).toHaveLength(1);
  });

  it('says how a tool is installed that is not there, and what a format does not have', async () => {
    const given = await request(join(folder, 'no-python'));
    const run = (changes: Partial<ExportRequest>) =>
      exportModel({ ...given, ...changes }, neverQuantizes, { signal, ...quiet });
    await expect(run({ format: 'onnx', precision: 'fp32' })).rejects.toThrow(
      /not installed.*\n.*venv .*tools\/onnx\n.*pip install onnxruntime-genai==/,
    );
    await expect(run({ format: 'executorch', precision: 'fp16' })).rejects.toThrow('fp32 or int4');
  });

  it('kills the tool and what it started, at once', async () => {
    const stop = new AbortController();
    const pidFile = join(folder, 'pid');
    const step = {
      title: 'waiting',
      program: '/bin/sh',
      args: ['-c', `sleep 60 & echo $! > ${pidFile}; wait`],
    };
    const running = runTool(step, {
      environment: process.env,
      signal: stop.signal,
      onLine: () => undefined,
    });
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '')
      await new Promise((done) => setTimeout(done, 10));
    stop.abort();
    await expect(running).rejects.toMatchObject({ kind: 'aborted' });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    const isAlive = (): boolean => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
      } catch {
        return false;
      }
    };
    if (process.platform === 'linux') expect(isAlive()).toBe(false);
  });
});

describe('the table of formats', () => {
  it('has every format, each with a tool, what it runs on, and how it gets here', () => {
    expect(edgeFormats.map(({ name }) => name).sort()).toEqual([...exportFormats].sort());
    for (const format of edgeFormats) {
      expect(format.packages.length > 0 || format.installNote !== null).toBe(true);
      for (const name of format.packages) expect(name).toMatch(/^[\w-]+==[\d.]+$/);
      for (const precision of format.precisions) {
        const [step] = format.steps({
          ...{ source: 'SOURCE', output: 'OUT', scratch: 'SCRATCH', python: 'PYTHON', toolPath: null },
          ...{ precision, target: format.targets[0]!, contextTokenCount: 64 },
        });
        expect(step?.program).toBe('PYTHON');
        expect(step?.args.join(' ')).toContain('SOURCE');
      }
    }
  });
});
