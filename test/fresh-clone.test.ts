import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, newcomerEnvironment, startProgram, type Program } from './program.ts';

/**
 * What a newcomer does: clone, `npm start`, paste the line that it prints. Real installation, real weights; slow the
 * first time, since npm's and pip's caches are all that it shares with this checkout.
 */

const installMs = 400_000;
const startMs = 120_000;

const repository = path.resolve(import.meta.dirname, '..');
const isCheckout = existsSync(path.join(repository, '.git'));
if (!isCheckout) console.log('There is nothing to clone: this is no git checkout.');

let folder: string;
let clone: string;
let programs: Program[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-clone-'));
  clone = path.join(folder, 'nearfar');
  if (isCheckout) execFileSync('git', ['clone', '--quiet', '--no-hardlinks', repository, clone]);
});

afterAll(() => {
  for (const program of programs) program.destroy();
  programs = [];
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function npmStart(port: number): Program {
  const program = startProgram('npm', ['start'], {
    cwd: clone,
    env: {
      NEARFAR_HOME: path.join(folder, 'home'),
      NEARFAR_PORT: String(port),
      npm_config_prefer_offline: 'true',
      npm_config_loglevel: 'error',
    },
  });
  programs.push(program);
  return program;
}

/** Pastes a line into a shell. */
async function paste(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'sh',
    ['-c', line.replace(/^curl/, 'curl -sS --max-time 100')],
    {
      env: newcomerEnvironment(),
    },
  );
  return stdout;
}

interface Answer {
  readonly model: string;
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}

describe.skipIf(!isCheckout)('a fresh clone', () => {
  it(
    'installs, pulls, answers the printed curl line, and stops at Ctrl-C',
    async () => {
      const program = npmStart(await freePort());
      const [, line = ''] = await program.waitFor(/try it +(curl .*)\n/, installMs);
      expect(program.output()).toMatch(/listens on http:\/\/127\.0\.0\.1:\d+/);
      expect(program.output()).toMatch(/smollm2-135m-instruct .*grade: smoke test .*licence: Apache-2\.0/);
      const answer = JSON.parse(await paste(line)) as Answer;
      expect(answer.model).toBe('smollm2-135m-instruct');
      expect(answer.choices[0]?.message.content).not.toBe('');
      expect(await paste(`git -C '${clone}' status --porcelain`)).toBe('');
      // As a terminal does: to npm and to everything that it started.
      program.interrupt();
      await program.ended;
      expect(program.output()).toContain('Stopping');
    },
    installMs + startMs,
  );

  it(
    'starts a second time without installing, pulling or measuring',
    async () => {
      const startedAt = performance.now();
      const port = await freePort();
      const program = npmStart(port);
      const [, line = ''] = await program.waitFor(/try it +(curl .*)\n/, startMs);
      const answer = JSON.parse(await paste(line)) as Answer;
      console.log(
        `second start to the first answered request: ${Math.round(performance.now() - startedAt)} ms`,
      );
      expect(answer.choices[0]?.message.content).not.toBe('');
      expect(program.output()).not.toMatch(/Installing|pulling|Looking for the weight format/);
      // As a service manager does: to npm alone, which does not pass it on.
      program.signal('SIGTERM');
      await program.ended;
      await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    },
    startMs * 2,
  );
});
