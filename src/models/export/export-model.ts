import { existsSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { NearfarError } from '../../chat/error.ts';
import { inspectFile } from '../inspect/inspect-file.ts';
import type { Inspection } from '../inspect/inspection.ts';
import {
  quantizeModel,
  planQuantization,
  type QuantizeSource,
  type QuantizeTool,
} from '../quantize-model.ts';
import {
  edgeFormat,
  installCommands,
  type EdgeFormat,
  type ExportFormat,
  type ExportJob,
} from './edge-formats.ts';
import { isHubFolder, writeHubFolder } from './hub-folder.ts';
import { missingModules, runTool, type ToolEnvironment } from './run-tool.ts';

/** What is exported: a folder as the tools read it, or a GGUF that one is made of. */
export type ExportSource =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'gguf'; readonly source: QuantizeSource };

export interface ExportRequest extends Pick<
  ExportJob,
  'toolPath' | 'precision' | 'target' | 'contextTokenCount'
> {
  readonly source: ExportSource;
  readonly format: ExportFormat;
  /** The folder that is made. */
  readonly output: string;
  /** Its tools are under `tools/FORMAT`, what is made on the way under `exports`. */
  readonly home: string;
  /** `null`: that of `tools/FORMAT`, else `python3`. */
  readonly python: string | null;
  /** For the tool. */
  readonly environment: ToolEnvironment;
}

export interface ExportProgress {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  readonly onStatus: (text: string) => void;
}

export interface Exported {
  /** The folder. */
  readonly output: string;
  /** The model in it. */
  readonly product: string;
  readonly byteCount: number;
  /** What its headers say; `null` for MLC, whose parts are only counted. */
  readonly inspection: Inspection | null;
  /** The programs that made it, as they were called. */
  readonly commands: readonly string[];
}

/** The Python of a format's tool. */
export function toolPython(home: string, format: EdgeFormat): string {
  const own = join(toolFolder(home, format), 'bin', 'python');
  return existsSync(own) ? own : 'python3';
}

export function toolFolder(home: string, format: EdgeFormat): string {
  return join(home, 'tools', format.name);
}

/**
 * Converts a model by a format's own tool. The output grows under a name of its own and gets its name after what was produced
 * has been read back. The Hugging Face folder that is made of a GGUF stays until the export is done, so that a second try goes on
 * from there.
 * @throws NearfarError `conflict`, `unavailable` with how to install the tool, `unsupported`, `aborted`, `internal`
 */
export async function exportModel(
  request: ExportRequest,
  quantizeTool: QuantizeTool,
  progress: ExportProgress,
): Promise<Exported> {
  const format = edgeFormat(request.format);
  const output = resolve(request.output);
  if (existsSync(output)) throw new NearfarError('conflict', `${output} is there already.`, { field: 'out' });
  requireChoice('precision', format, request.precision, format.precisions);
  requireChoice('target', format, request.target, format.targets);
  // A tool runs in a folder of its own: what was named from here must be found from there.
  const given = request.python ?? toolPython(request.home, format);
  const python = /[\\/]/.test(given) ? resolve(given) : given;
  const toolPath = request.toolPath === null ? null : resolve(request.toolPath);
  await requireTool(format, python, request, progress.signal);
  await mkdir(dirname(output), { recursive: true });
  const partial = await mkdtemp(`${output}.partial-`);
  const scratch = await mkdtemp(`${output}.scratch-`);
  const onTheWay = join(request.home, 'exports', keyOf(request.source));
  try {
    progress.onStatus('reading the model');
    const source = await folderOf(request.source, onTheWay, quantizeTool, progress);
    const job: ExportJob = {
      ...request,
      source: resolve(source),
      output: partial,
      scratch,
      python,
      toolPath,
    };
    const steps = format.steps(job);
    let reached = 0;
    for (const [index, step] of steps.entries()) {
      progress.onStatus(step.title);
      await runTool(step, {
        environment: request.environment,
        folder: scratch,
        signal: progress.signal,
        onLine: (_, fraction) => {
          // Tools draw several bars one after another: what was reached stays, and the end is when the tool ends.
          reached = Math.max(reached, index + 0.95 * (fraction ?? 0));
          progress.onProgress(0.2 + (0.8 * reached) / steps.length);
        },
      });
    }
    await keepTokenizer(source, partial);
    const { product, inspection } = await checkProduct(format, partial);
    // A temporary folder is its owner's alone; what was made is as open as what people make themselves.
    await chmod(partial, 0o755);
    await rename(partial, output);
    await rm(onTheWay, { recursive: true, force: true });
    return {
      output,
      product: join(output, product),
      byteCount: await bytesUnder(output),
      inspection,
      commands: steps.map(({ program, args }) =>
        [program, ...args.map(shown)].join(' ').replaceAll(partial, output),
      ),
    };
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}

function requireChoice(option: string, format: EdgeFormat, given: string, known: readonly string[]): void {
  if (known.includes(given)) return;
  throw new NearfarError(
    'invalid_request',
    `${format.title}: expected ${option} ${known.join(' or ')}, got ${given}.`,
    {
      field: option,
    },
  );
}

async function requireTool(
  format: EdgeFormat,
  python: string,
  request: Pick<ExportRequest, 'home' | 'toolPath' | 'environment'>,
  signal: AbortSignal,
): Promise<void> {
  const missing = await missingModules(python, format.modules, {
    environment: request.environment,
    signal,
  });
  const hasScript = format.name !== 'gguf' || (request.toolPath !== null && existsSync(request.toolPath));
  if (missing?.length === 0 && hasScript) return;
  const lacks =
    missing === null
      ? `there is no ${python}`
      : missing.length > 0
        ? `${python} has no ${missing.join(', ')}`
        : 'its script is not there';
  const install = installCommands(format, toolFolder(request.home, format)).map((line) => `  ${line}`);
  throw new NearfarError(
    'unavailable',
    [`${format.tool} is not installed: ${lacks}. To install it (Python ${format.python}):`, ...install].join(
      '\n',
    ),
    { field: 'to' },
  );
}

function keyOf(source: ExportSource): string {
  const names = source.kind === 'folder' ? [source.path] : source.source.files;
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 16);
}

async function folderOf(
  source: ExportSource,
  onTheWay: string,
  quantizeTool: QuantizeTool,
  progress: ExportProgress,
): Promise<string> {
  if (source.kind === 'folder') {
    if (isHubFolder(source.path)) return source.path;
    throw new NearfarError(
      'invalid_request',
      `${source.path} has no config.json: it is no folder of a model.`,
      {
        field: 'model',
      },
    );
  }
  const folder = join(onTheWay, 'hub');
  if (existsSync(folder)) return folder;
  await mkdir(onTheWay, { recursive: true });
  const report = (from: number) => ({
    signal: progress.signal,
    onProgress: (fraction: number): void => {
      progress.onProgress(from + 0.1 * fraction);
    },
  });
  const f16 = join(onTheWay, 'f16.gguf');
  const [file = ''] = source.source.files;
  const isFloat =
    ['F16', 'BF16', 'F32'].includes(source.source.format ?? '') && source.source.files.length === 1;
  if (!isFloat) {
    await rm(f16, { force: true });
    const options = { format: 'F16', allowRequantize: true, imatrix: null, threadCount: null };
    const plan = await planQuantization(source.source, options, quantizeTool, progress.signal);
    await quantizeModel(plan, { home: onTheWay, path: f16, id: null }, quantizeTool, report(0));
  }
  await writeHubFolder(isFloat ? file : f16, folder, report(0.1));
  await rm(f16, { force: true });
  return folder;
}

/** Without its tokenizer a model is of no use; tools that copy it have done so already. */
async function keepTokenizer(source: string, output: string): Promise<void> {
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'config.json', 'generation_config.json']) {
    if (existsSync(join(source, name)) && !existsSync(join(output, name))) {
      await copyFile(join(source, name), join(output, name));
    }
  }
}

async function checkProduct(
  format: EdgeFormat,
  folder: string,
): Promise<{ readonly product: string; readonly inspection: Inspection | null }> {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll('\\', '/'),
  );
  const product = entries.find((name) => format.product.test(name));
  if (product === undefined) {
    throw new NearfarError(
      'internal',
      `${format.tool} ended without a fault and left no ${format.title} file.`,
    );
  }
  if (format.name === 'mlc') {
    await requireMlcParts(folder);
    return { product, inspection: null };
  }
  return { product, inspection: await inspectFile(join(folder, product)) };
}

/** The list of weights names every shard with its size. */
async function requireMlcParts(folder: string): Promise<void> {
  const list = ['tensor-cache.json', 'ndarray-cache.json'].find((name) => existsSync(join(folder, name)));
  const parsed: unknown = list === undefined ? null : JSON.parse(await readFile(join(folder, list), 'utf8'));
  const records = (parsed as { readonly records?: unknown } | null)?.records;
  if (!Array.isArray(records) || records.length === 0)
    throw new NearfarError('internal', 'MLC left no list of its weights.');
  for (const record of records as readonly { readonly dataPath?: unknown; readonly nbytes?: unknown }[]) {
    const name = typeof record.dataPath === 'string' ? record.dataPath : '';
    const found = await stat(join(folder, name)).catch(() => null);
    if (found?.isFile() !== true || found.size !== record.nbytes)
      throw new NearfarError('internal', `MLC's part ${name || '?'} is missing or cut off.`);
  }
}

async function bytesUnder(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const found = await stat(join(folder, entry));
    if (found.isFile()) sum += found.size;
  }
  return sum;
}

/** As a shell would read it; a program text is left out. */
function shown(argument: string): string {
  if (argument.includes('\n')) return "'...'";
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
