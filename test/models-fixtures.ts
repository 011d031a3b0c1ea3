import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';

/** A GGUF value for a test file: type number and content. */
export type TestValue =
  | { readonly type: 'u32'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export interface TestTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  /** ggml type number. */
  readonly type: number;
  readonly bytes: number;
}

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function valueBytes(entry: TestValue): Buffer {
  switch (entry.type) {
    case 'u32':
      return Buffer.concat([u32(4), u32(entry.value)]);
    case 'string':
      return Buffer.concat([u32(8), text(entry.value)]);
    case 'strings':
      return Buffer.concat([u32(9), u32(8), u64(entry.value.length), ...entry.value.map(text)]);
  }
}

/** Writes a GGUF with random weights, as the specification lays it out. */
export function ggufBytes(
  metadata: Readonly<Record<string, TestValue>>,
  tensors: readonly TestTensor[],
  version = 3,
): Buffer {
  const parts = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(Object.keys(metadata).length)];
  for (const [key, entry] of Object.entries(metadata)) parts.push(text(key), valueBytes(entry));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(text(tensor.name), u32(tensor.dimensions.length));
    for (const size of tensor.dimensions) parts.push(u64(size));
    parts.push(u32(tensor.type), u64(offset));
    offset += Math.ceil(tensor.bytes / 32) * 32;
  }
  const header = Buffer.concat(parts);
  const padding = Buffer.alloc((32 - (header.length % 32)) % 32);
  const data = Buffer.alloc(offset);
  for (let at = 0; at < data.length; at += 1) data[at] = (at * 31) % 251;
  return Buffer.concat([header, padding, data]);
}

/** A tiny but whole model file; `seed` makes its bytes differ. */
export function tinyModel(options: { readonly seed?: string; readonly rows?: number } = {}): Buffer {
  const rows = options.rows ?? 64;
  return ggufBytes(
    {
      'general.architecture': { type: 'string', value: 'llama' },
      'general.name': { type: 'string', value: `Tiny ${options.seed ?? ''}` },
      'general.license': { type: 'string', value: 'apache-2.0' },
      'general.file_type': { type: 'u32', value: 3 },
      'llama.context_length': { type: 'u32', value: 2048 },
      'llama.block_count': { type: 'u32', value: 2 },
      'llama.embedding_length': { type: 'u32', value: 64 },
      'llama.attention.head_count': { type: 'u32', value: 4 },
      'llama.attention.head_count_kv': { type: 'u32', value: 2 },
      'tokenizer.ggml.tokens': { type: 'strings', value: ['a', 'b', 'c'] },
      'tokenizer.chat_template': { type: 'string', value: '{{ messages }}' },
    },
    [
      { name: 'token_embd.weight', dimensions: [64, rows], type: 3, bytes: (64 / 32) * 20 * rows },
      { name: 'output_norm.weight', dimensions: [64], type: 0, bytes: 256 },
    ],
  );
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Writes a ZIP of deflated members. */
export function zipBytes(members: Readonly<Record<string, Uint8Array>>, isStored = false): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(members)) {
    const data = isStored ? Buffer.from(content) : deflateRawSync(content);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(isStored ? 0 : 8, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([u32(0x04034b50), fields, Buffer.from(name), data]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([u32(0x02014b50), Buffer.from([20, 0]), fields, central, Buffer.from(name)]),
    );
    bodies.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, central, u32(0x06054b50), end]);
}

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), `nearfar-models-${randomUUID().slice(0, 8)}-`));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** An HTTP server on a free loopback port, closed with its connections when the test ends. */
export async function temporaryServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<AsyncDisposable & { readonly url: string; readonly server: Server }> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/**
 * A stand-in for `python3 -c PROGRAM TEMPFOLDER` that runs pip: copies the wheel that `wheels` names for a requirement into the folder
 * after `-d`, and notes its arguments in `calls.jsonl` beside itself.
 */
export async function fakePip(
  folder: string,
  wheels: Readonly<Record<string, Uint8Array>>,
): Promise<{ readonly command: readonly string[]; calls(): Promise<readonly (readonly string[])[]> }> {
  const script = join(folder, 'fake-pip.mjs');
  const calls = join(folder, 'calls.jsonl');
  for (const [requirement, bytes] of Object.entries(wheels)) {
    await writeFile(join(folder, `${requirement}.wheel`), bytes);
  }
  await writeFile(
    script,
    `import { appendFileSync, copyFileSync, existsSync } from 'node:fs';
const args = process.argv.slice(5);
appendFileSync(${JSON.stringify(calls)}, JSON.stringify(args) + '\\n');
const requirement = args.at(-1);
const wheel = ${JSON.stringify(folder)} + '/' + requirement + '.wheel';
if (!existsSync(wheel)) {
  console.error('Looking in indexes: https://user:secret@mirror.example/simple');
  console.error('ERROR: No matching distribution found for ' + requirement);
  process.exit(1);
}
copyFileSync(wheel, args[args.indexOf('-d') + 1] + '/' + requirement.replace('==', '-') + '-py3-none-any.whl');
`,
  );
  return {
    command: [process.execPath, script],
    async calls() {
      const text = await readFile(calls, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as string[]);
    },
  };
}
