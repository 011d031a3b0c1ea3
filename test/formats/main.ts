import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { openPeer, peerFolder } from '../../bench/peer.ts';
import { smolAs } from '../../bench/speculate-models.ts';
import { createRandom } from '../../src/engine/sampling/random.ts';
import { collectImportance } from '../../src/measure/importance-job.ts';
import { measuringText } from '../../src/measure/text.ts';
import { halfValues } from '../../src/models/formats/float16.ts';
import { e4m3Values, encodeE4m3 } from '../../src/models/formats/fp8-e4m3.ts';
import { importancesOf, readImatrix } from '../../src/models/formats/imatrix-file.ts';
import { dequantizeNf4, dynamicLevels, meanOfScales, quantizeNf4 } from '../../src/models/formats/nf4.ts';

/**
 * `npm run test:formats`: NF4 and FP8 E4M3 value for value against bitsandbytes and torch, which pip installs into a folder of
 * their own (some GB), and the importance matrix against llama-imatrix. Exits 0 where all agree, 1 where not, 2 where the
 * references could not be had.
 */
const packages = ['bitsandbytes==0.49.2', 'torch==2.15.0', 'numpy'];
const home = process.env['NEARFAR_HOME'] ?? join(homedir(), '.nearfar');
const installed = process.env['NEARFAR_TEST_FORMATS'] ?? join(home, 'peers', 'formats');
const run = promisify(execFile);

interface Outcome {
  readonly what: string;
  readonly count: number;
  readonly differentCount: number;
  /** Largest difference, as a share of the largest value nearby. */
  readonly largest: number;
  readonly isGood: boolean;
}

function say(text: string): void {
  process.stderr.write(`test:formats: ${text}\n`);
}

async function install(): Promise<void> {
  const done = join(installed, '.installed');
  if (existsSync(done) || process.env['NEARFAR_TEST_FORMATS'] !== undefined) return;
  say(`installing ${packages.join(', ')} into ${installed} (once, some minutes, some GB)`);
  await rm(installed, { recursive: true, force: true });
  await mkdir(installed, { recursive: true });
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', installed, ...packages], {
    maxBuffer: 2 ** 26,
  });
  await writeFile(done, '');
}

/** Halves of every bit pattern, and random floats of every size that E4M3 has; beyond 464 torch 2.15 gives a number and we NaN. */
function e4m3Input(): Float32Array {
  const random = createRandom(7);
  const halves = [...halfValues()].filter((value) => !Number.isNaN(value));
  const floats = Array.from({ length: 100_000 }, () => (random() - 0.5) * 2 ** (20 * random() - 10));
  return Float32Array.from([...halves, ...floats]).filter((value) => Math.abs(value) <= 464);
}

/** Weights as models have them: normal, of widths that change from row to row, with some that stand out, and zeros. */
function nf4Input(): Float32Array {
  const random = createRandom(11);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Float32Array.from({ length: 64 * 4096 }, (_, index) => {
    const block = Math.floor(index / 64);
    if (block % 97 === 0) return 0;
    return normal() * (0.01 + 0.03 * ((block % 16) / 16)) * (random() < 0.001 ? 20 : 1);
  });
}

async function floatsIn(path: string): Promise<Float32Array> {
  const bytes = Uint8Array.from(await readFile(path));
  return new Float32Array(bytes.buffer);
}

/** @param most share by which a value may differ from the largest of its block */
function compare(what: string, own: ArrayLike<number>, theirs: ArrayLike<number>, most: number): Outcome {
  let differentCount = 0;
  let largest = 0;
  let scale = 0;
  for (let index = 0; index < own.length; index++) {
    if (index % 64 === 0) {
      scale = 0;
      for (let at = index; at < Math.min(own.length, index + 64); at++)
        scale = Math.max(scale, Math.abs(theirs[at] ?? 0));
    }
    const [one = NaN, other = NaN] = [own[index], theirs[index]];
    if (Object.is(one, other) || one === other || (Number.isNaN(one) && Number.isNaN(other))) continue;
    differentCount++;
    const difference = Math.abs(one - other) / (scale || 1);
    largest = Number.isNaN(difference) ? Infinity : Math.max(largest, difference);
  }
  const isGood = own.length === theirs.length && largest <= most;
  return { what, count: own.length, differentCount, largest, isGood };
}

async function compareFormats(folder: string): Promise<readonly Outcome[]> {
  const weights = nf4Input();
  const inputs = e4m3Input();
  await writeFile(join(folder, 'nf4-input.bin'), weights);
  await writeFile(join(folder, 'e4m3-input.bin'), inputs);
  const script = new URL('./reference.py', import.meta.url).pathname;
  const { stdout } = await run('python3', [script, folder], {
    env: { ...process.env, PYTHONPATH: installed },
    maxBuffer: 2 ** 26,
  });
  say(stdout.trim());
  const codes = Uint8Array.from(await readFile(join(folder, 'e4m3.bin')));
  const valuesOf = (list: Uint8Array): Float32Array =>
    Float32Array.from(list, (code) => e4m3Values[code] ?? NaN);
  const [levels, usedLevels, theirMean, theirScales, theirDouble] = await Promise.all(
    ['dynamic-levels', 'scale-levels', 'scale-mean', 'scales', 'nf4-double'].map((name) =>
      floatsIn(join(folder, `${name}.bin`)),
    ),
  );
  if (!levels || !usedLevels || !theirMean || !theirScales || !theirDouble)
    throw new Error('Nothing was written.');
  const single = quantizeNf4(weights, { isDouble: false });
  const asTheirs = quantizeNf4(weights, { scaleMean: theirMean[0] ?? NaN, scaleLevels: usedLevels });
  const own = quantizeNf4(weights);
  // 0 / 0 is no number, and they put the lowest level for it: minus what such a block's scale became. Here zeros stay zeros.
  const isZero = (index: number): boolean => single.scales[Math.floor(index / 64)] === 0;
  const expected = dequantizeNf4(asTheirs).map((value, index) =>
    isZero(index) ? -(theirScales[Math.floor(index / 64)] ?? 0) : value,
  );
  // Where its CPU kernel has -1 for the lowest of the scales' levels, its CUDA kernels and ours have -0.993.
  const isLowest = (block: number): boolean => {
    const scale = asTheirs.scales[block] ?? 0;
    return Math.abs(scale - (own.scales[block] ?? 0)) > 1e-4 * Math.abs(scale);
  };
  const elsewhere = theirDouble.map((value, index) =>
    isZero(index) || isLowest(Math.floor(index / 64)) ? 0 : value,
  );
  const ownElsewhere = dequantizeNf4(own).map((value, index) => (elsewhere[index] === 0 ? 0 : value));
  const lowestCount = own.scales.filter((_, block) => isLowest(block) && single.scales[block] !== 0).length;
  say(
    `lowest level ${usedLevels[0] ?? NaN} there, ${dynamicLevels[0] ?? NaN} here: it stands for ${lowestCount} of ${own.scales.length} scales`,
  );
  return [
    compare('FP8 E4M3 against torch', valuesOf(Uint8Array.from(inputs, encodeE4m3)), valuesOf(codes), 0),
    compare('levels of 8-bit scales against bitsandbytes', dynamicLevels, levels, 0),
    compare(
      'NF4 against bitsandbytes',
      dequantizeNf4(single),
      await floatsIn(join(folder, 'nf4-single.bin')),
      0,
    ),
    compare('scales of double quantization, with their mean and levels', asTheirs.scales, theirScales, 0),
    compare('NF4 with double quantization, with their mean and levels', expected, theirDouble, 0),
    // torch sums in single precision: in another order, and with more rounding than ours in double precision.
    compare('mean of the scales', [meanOfScales(single.scales)], theirMean, 1e-6),
    compare(
      'NF4 with double quantization, ours, where neither is at the lowest level',
      ownElsewhere,
      elsewhere,
      1e-5,
    ),
  ];
}

async function compareImportance(folder: string): Promise<Outcome> {
  const model = await smolAs('F16', { progress: say });
  const textPath = join(folder, 'text.txt');
  await writeFile(textPath, measuringText);
  const threadCount = Math.min(2, availableParallelism());
  const peer = await openPeer({ folder: peerFolder(home), modelPath: model, threadCount }, say);
  const theirsPath = join(folder, 'theirs.gguf');
  const flags = ['-m', model, '-f', textPath, '-o', theirsPath, '-t', String(threadCount), '--chunks', '4'];
  await peer.run('llama-imatrix', flags);
  const output = join(folder, 'own.gguf');
  const request = { path: model, text: measuringText, dataset: 'text.txt', windowTokenCount: 512 };
  await collectImportance({ ...request, windowCount: 4, threadCount, output });
  const own = importancesOf(await readImatrix(output));
  const theirs = importancesOf(await readImatrix(theirsPath));
  if ([...own.keys()].sort().join() !== [...theirs.keys()].sort().join()) {
    throw new Error(`Other matrices: ${[...own.keys()].length} here, ${[...theirs.keys()].length} there.`);
  }
  let count = 0;
  let differentCount = 0;
  let largest = 0;
  for (const [name, values] of own) {
    const others = theirs.get(name) ?? new Float32Array();
    const scale = others.reduce((most, value) => Math.max(most, value), 0);
    values.forEach((value, index) => {
      const difference = Math.abs(value - (others[index] ?? NaN)) / scale;
      count++;
      if (difference > 1e-3) differentCount++;
      largest = Math.max(largest, Number.isNaN(difference) ? Infinity : difference);
    });
  }
  // Other builds of the kernels, single precision there: columns agree to a hundredth of a matrix's largest.
  return {
    what: 'importance matrix against llama-imatrix',
    count,
    differentCount,
    largest,
    isGood: largest <= 0.01,
  };
}

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'nearfar-formats-'));
  try {
    const outcomes: Outcome[] = [];
    const tell = (outcome: Outcome): void => {
      const { what, count, differentCount, largest, isGood } = outcome;
      const figures = `${count} values, ${differentCount} differ, by at most ${largest.toExponential(1)}`;
      process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'} ${what}: ${figures}\n`);
      outcomes.push(outcome);
    };
    try {
      await install();
      (await compareFormats(folder)).forEach(tell);
      tell(await compareImportance(folder));
    } catch (thrown) {
      say(`a reference could not be had: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      if (outcomes.length === 0) return 2;
    }
    return outcomes.every(({ isGood }) => isGood) && outcomes.length === 8 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
