import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { smolAs } from '../../bench/speculate-models.ts';
import { quantizeFile } from '../../src/engine/llama/quantize-job.ts';
import { createContext } from '../../src/engine/llama/context.ts';
import { openLibrary } from '../../src/engine/llama/library.ts';
import { loadModel } from '../../src/engine/llama/model.ts';
import { edgeFormat, type ExportFormat } from '../../src/models/export/edge-formats.ts';
import { exportModel, toolFolder, type Exported } from '../../src/models/export/export-model.ts';
import { sourceOfFile } from '../../src/models/quantize-model.ts';

/**
 * `npm run test:export -- [FORMAT...]`: exports SmolLM2 to ONNX, ExecuTorch, LiteRT and Core ML by their own tools, which pip installs
 * into private folders (some GB each, once), reads the files back, and compares the picks of all that run here, which Core ML does not,
 * with those of the engine's F16 over 32 tokens. Exits 0 where all agree, 1 where not, 2 where a tool could not be had.
 * NEARFAR_EXPORT_PYTHON names a Python that has the tools already.
 */
const formats = ['onnx', 'executorch', 'litert', 'coreml'] as const satisfies readonly ExportFormat[];
type TriedFormat = (typeof formats)[number];
/** What these tools make can be run on this machine; of Core ML that takes a Mac. */
const runsHere: ReadonlySet<TriedFormat> = new Set(['onnx', 'executorch', 'litert']);
const pickCount = 32;
/** Logits that lie this near may change places when sums are taken in another order: F16 products here, F32 there. */
const nearTie = 0.1;
const prompts = [
  'The capital of France is',
  'To make bread, take flour, water and',
  '<|im_start|>user\nWhat is gravity?<|im_end|>\n<|im_start|>assistant\n',
];
const run = promisify(execFile);
const home = process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar');

function say(text: string): void {
  process.stderr.write(`test:export: ${text}\n`);
}

/** @returns the Python that has the tool */
async function install(name: ExportFormat): Promise<string> {
  const given = process.env['NEARFAR_EXPORT_PYTHON'];
  if (given !== undefined) return given;
  const format = edgeFormat(name);
  const folder = toolFolder(home, format);
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, '.installed'))) return python;
  say(`installing ${format.packages.join(', ')} into ${folder} (once, some minutes, some GB)`);
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...format.packages], { maxBuffer: 2 ** 26 });
  await writeFile(join(folder, '.installed'), '');
  return python;
}

interface Greedy {
  /** The prompt and what was picked after it. */
  readonly tokens: readonly number[];
  readonly promptTokenCount: number;
  /** For each pick: how far below the picked token's logit another token's lies. */
  readonly gap: (pick: number, token: number) => number;
}

/** The engine's own picks in F16, token by token. */
async function enginePicks(path: string): Promise<readonly Greedy[]> {
  const library = openLibrary({ backend: 'cpu', onLog: () => undefined });
  const model = await loadModel(library, { path, gpuLayerCount: 0 });
  const context = createContext(model, {
    ...{ cellCount: 512, batchTokenCount: 256, sequenceCount: 1, outputCount: 1, threadCount: 2 },
  });
  const answers = prompts.map((prompt): Greedy => {
    context.clearCells();
    const tokens = [...model.vocabulary.tokenize(prompt, { addSpecial: true, parseSpecial: true })];
    const promptTokenCount = tokens.length;
    const rows: Float32Array[] = [];
    let done = 0;
    while (rows.length < pickCount) {
      context.clearBatch();
      let row = 0;
      for (; done < tokens.length; done++) {
        row = context.addToken(tokens[done] ?? 0, done, 0, done === tokens.length - 1);
      }
      if (context.decode() !== 'ok') throw new Error('The engine could not decode.');
      const logits = Float32Array.from(context.logits(row));
      rows.push(logits);
      tokens.push(logits.reduce((best, value, token) => (value > (logits[best] ?? 0) ? token : best), 0));
    }
    const gap = (pick: number, token: number): number => {
      const logits = rows[pick] ?? new Float32Array();
      return (logits[tokens[promptTokenCount + pick] ?? 0] ?? NaN) - (logits[token] ?? -Infinity);
    };
    return { tokens, promptTokenCount, gap };
  });
  context.close();
  model.close();
  library.close();
  return answers;
}

/** Differences between the engine's picks and an exported file's along the engine's own tokens. */
async function comparePicks(
  python: string,
  kind: TriedFormat,
  product: string,
  answers: readonly Greedy[],
  folder: string,
): Promise<{ readonly different: number; readonly nearTies: number }> {
  let different = 0;
  let nearTies = 0;
  for (const { tokens, promptTokenCount, gap } of answers) {
    const request = join(folder, 'request.json');
    await writeFile(request, JSON.stringify({ tokens, from: promptTokenCount }));
    const script = new URL('./run_model.py', import.meta.url).pathname;
    const { stdout } = await run(python, [script, kind, product, request], { maxBuffer: 2 ** 26 });
    const { picks } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { readonly picks: number[] };
    if (picks.length !== pickCount) throw new Error(`${kind} gave ${picks.length} picks, not ${pickCount}.`);
    picks.forEach((token, pick) => {
      if (token === tokens[promptTokenCount + pick]) return;
      if (gap(pick, token) <= nearTie) nearTies++;
      else different++;
    });
  }
  return { different, nearTies };
}

function describe({ product, byteCount, inspection }: Exported): string {
  const types = inspection?.types.map(({ type, elementCount }) => `${elementCount} ${type}`).join(', ') ?? '';
  return `${product}, ${(byteCount / 1e6).toFixed(0)} MB in all; ${inspection?.parameterCount ?? '?'} parameters (${types || 'in delegates'})`;
}

function wantedFormats(): readonly TriedFormat[] {
  const named = process.argv.slice(2);
  const strange = named.filter((name) => !formats.some((format) => format === name));
  if (strange.length > 0)
    throw new Error(`expected some of ${formats.join(', ')}, got ${strange.join(', ')}`);
  return named.length === 0 ? formats : formats.filter((format) => named.includes(format));
}

async function main(): Promise<number> {
  const wanted = wantedFormats();
  const folder = await mkdtemp(join(tmpdir(), 'nearfar-export-'));
  try {
    const path = await smolAs('F16', { progress: say });
    const answers = await enginePicks(path);
    let isGood = true;
    let isWhole = true;
    for (const format of wanted) {
      let python: string;
      try {
        python = await install(format);
      } catch (thrown) {
        say(
          `${format}: its tool could not be had: ${thrown instanceof Error ? thrown.message.slice(-2000) : String(thrown)}`,
        );
        isWhole = false;
        continue;
      }
      const output = join(process.env['NEARFAR_EXPORT_KEEP'] ?? folder, `smollm2-${format}`);
      await mkdir(join(output, '..'), { recursive: true });
      const made = await exportModel(
        {
          source: { kind: 'gguf', source: await sourceOfFile(path) },
          ...{ format, output, home: folder, python, toolPath: null, target: 'cpu' },
          precision: runsHere.has(format) ? 'fp32' : 'fp16',
          contextTokenCount: 256,
          environment: process.env,
        },
        quantizeFile,
        { signal: new AbortController().signal, onProgress: () => undefined, onStatus: say },
      );
      process.stdout.write(`ok   ${format}: ${describe(made)}\n`);
      if (!runsHere.has(format)) {
        process.stdout.write(
          `note ${format}: converted and read back; what it answers cannot be seen here\n`,
        );
        continue;
      }
      const { different, nearTies } = await comparePicks(python, format, made.product, answers, folder);
      const isSame = different === 0;
      isGood &&= isSame;
      process.stdout.write(
        `${isSame ? 'ok  ' : 'FAIL'} ${format}: of ${prompts.length} x ${pickCount} greedy tokens ${different} differ from F16 here` +
          ` by more than ${nearTie} in logits, ${nearTies} by less (near-ties)\n`,
      );
    }
    if (!isGood) return 1;
    return isWhole ? 0 : 2;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
