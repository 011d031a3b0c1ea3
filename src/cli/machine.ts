import { existsSync, readFileSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import os from 'node:os';
import process from 'node:process';

/** What this machine has. Bytes unless a name says otherwise. */
export interface Machine {
  readonly platform: string;
  readonly cpuModel: string;
  /** Processors that this process may use, hyperthreads included. */
  readonly processorCount: number;
  /** Instruction sets that matter to the kernels, e.g. `avx2`; empty where the system does not tell. */
  readonly cpuFeatures: readonly string[];
  readonly memoryTotal: number;
  readonly memoryFree: number;
  /** Free where models are kept. */
  readonly diskFree: number;
  /** Processes that wanted to run over the last minute, on average; null on Windows. */
  readonly load: number | null;
}

const interestingFeatures = [
  ...[
    'sse4_2',
    'avx',
    'f16c',
    'fma',
    'avx2',
    'avx_vnni',
    'avx512f',
    'avx512bw',
    'avx512_vnni',
    'avx512_bf16',
  ],
  ...['amx_tile', 'amx_int8', 'asimd', 'asimddp', 'i8mm', 'sve', 'sve2', 'bf16'],
];

export async function readMachine(home: string): Promise<Machine> {
  const [processor] = os.cpus();
  const limit = process.constrainedMemory();
  const total = os.totalmem();
  await mkdir(home, { recursive: true });
  const disk = await statfs(home);
  return {
    platform: `${process.platform}-${process.arch}`,
    cpuModel: processor?.model.trim() ?? 'unknown',
    processorCount: os.availableParallelism(),
    cpuFeatures: readCpuFeatures(),
    // A container's limit is what counts, where there is one.
    memoryTotal: limit > 0 && limit < total ? limit : total,
    memoryFree: Math.min(process.availableMemory(), total),
    diskFree: disk.bavail * disk.bsize,
    load: process.platform === 'win32' ? null : (os.loadavg()[0] ?? 0),
  };
}

function readCpuFeatures(): readonly string[] {
  if (process.platform === 'darwin' && process.arch === 'arm64') return ['asimd', 'asimddp'];
  const file = '/proc/cpuinfo';
  if (!existsSync(file)) return [];
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  const flags = new Set(line.trim().split(/\s+/));
  return interestingFeatures.filter((feature) => flags.has(feature));
}
