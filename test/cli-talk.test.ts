import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from '../src/cli/conversation.ts';
import { freePort, startProgram, type Program, type ProgramOptions } from './program.ts';
import { testWeights } from './weights.ts';

/** The commands as a person types them, over real weights, with and without a gateway that runs. */

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
const patienceMs = 100_000;
const secret = 'a-secret-of-this-test-only';
let folder: string;
let home: string;
let near: string;
const programs: Program[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-cli-'));
  home = path.join(folder, 'home');
  const pulled = await nearfar(['pull', `file:${await testWeights('smollm2')}`, '--json']);
  near = (JSON.parse(pulled.stdout()) as { id: string }).id;
}, 200_000);

afterAll(() => {
  for (const program of programs) program.destroy();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(args: readonly string[], options: ProgramOptions = {}): Program {
  const program = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    cwd: folder,
    ...options,
    env: {
      NEARFAR_HOME: home,
      NEARFAR_FASTEST_FORMAT: 'false',
      NEARFAR_ENGINE_THREAD_COUNT: '1',
      TEST_SECRET: secret,
      ...options.env,
    },
  });
  programs.push(program);
  return program;
}

/** Runs to the end and expects success. */
async function nearfar(args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const program = start(args, options);
  expect(await program.ended, program.output()).toBe(0);
  return program;
}

describe('without a gateway', () => {
  it(
    'run answers from an engine of its own and leaves nothing behind',
    async () => {
      const env = { NEARFAR_PORT: String(await freePort()), NEARFAR_NEAR: near };
      const args = ['run', 'Say hello.', '--max-tokens', '8', '--seed', '1', '--json'];
      const reply = JSON.parse((await nearfar(args, { env })).stdout()) as Reply;
      expect(reply.model).toBe(near);
      expect(reply.text).not.toBe('');
      expect(reply.usage?.completionTokens).toBeGreaterThan(0);
    },
    patienceMs,
  );

  it(
    'chat over a pipe answers line by line, knows what was said, and saves it',
    async () => {
      const env = { NEARFAR_PORT: String(await freePort()), NEARFAR_NEAR: near };
      const saved = path.join(folder, 'saved.json');
      const input = `/system Be brief.\nSay hello.\n/nonsense\nSay it again.\n/save ${saved}\n/exit\n`;
      const chat = await nearfar(['chat', '--max-tokens', '6', '--temperature', '0'], { env, input });
      const { messages } = JSON.parse(readFileSync(saved, 'utf8')) as {
        messages: { role: string; content: string }[];
      };
      expect(messages.map((message) => message.role)).toEqual([
        'system',
        'user',
        'assistant',
        'user',
        'assistant',
      ]);
      // Answers alone on standard output; all the rest on standard error.
      const answers = messages
        .filter((message) => message.role === 'assistant')
        .map((message) => message.content.trim());
      expect(
        chat
          .stdout()
          .split('\n')
          .map((line) => line.trim())
          .join('\n'),
      ).toContain(answers[0]);
      expect(chat.stdout()).not.toContain('There is no /nonsense');
      expect(chat.output()).toContain('There is no /nonsense');
    },
    patienceMs,
  );
});

describe('a gateway', () => {
  let server: Program;
  let port: number;
  let line: string;

  beforeAll(async () => {
    port = await freePort();
    const settings = path.join(folder, 'nearfar.config.yaml');
    const keys = 'keys:\n  - name: tester\n    env: TEST_SECRET\n    scopes: [use]\n';
    writeFileSync(settings, `port: ${port}\nnear: ${near}\naliases: {gpt-4o: auto}\n${keys}`);
    server = start(['serve']);
    line = (await server.waitFor(/try it +(curl .*)\n/, patienceMs))[1] ?? '';
  }, patienceMs);

  it(
    'prints a line that works, key included, and never the key itself',
    async () => {
      expect(line).toContain('$TEST_SECRET');
      const shell = startProgram('sh', ['-c', line.replace('curl', 'curl -sS --max-time 60')], {
        env: { TEST_SECRET: secret },
      });
      expect(await shell.ended).toBe(0);
      expect(JSON.parse(shell.stdout())).toMatchObject({ model: near, object: 'chat.completion' });
      expect(server.output()).not.toContain(secret);
    },
    patienceMs,
  );

  it(
    'answers run, which reads a pipe, by an alias',
    async () => {
      const program = await nearfar(['run', 'Summarise:', '-m', 'gpt-4o', '--max-tokens', '5'], {
        input: 'Rivers run.',
      });
      expect(program.stdout().trim()).not.toBe('');
      const unknown = start(['run', 'x', '-m', 'gpt-5']);
      expect(await unknown.ended).toBe(1);
      expect(unknown.output()).toMatch(/no model "gpt-5".*aliases/s);
      expect(unknown.output()).not.toMatch(/^ +at /m);
    },
    patienceMs,
  );

  it(
    'stops an answer of run at Ctrl-C with exit code 130, and goes on serving',
    async () => {
      const program = start(['run', 'Count up from one, without end.', '--set', 'logLevel=error']);
      await expect.poll(() => program.stdout().length, { timeout: patienceMs }).toBeGreaterThan(0);
      program.signal('SIGINT');
      // Short answers may have come to their end before the signal.
      expect([0, 130]).toContain(await program.ended);
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      expect(health.ok).toBe(true);
    },
    patienceMs,
  );

  it(
    'says so where its port is taken, and stops at Ctrl-C with exit code 0',
    async () => {
      const second = start(['serve']);
      expect(await second.ended).toBe(1);
      expect(second.output()).toMatch(/Port \d+ .*taken/);
      expect(second.output()).not.toContain('could not be loaded');
      server.signal('SIGINT');
      expect(await server.ended).toBe(0);
      await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    },
    patienceMs,
  );
});

describe('mistakes', () => {
  it(
    'are named, with exit code 2',
    async () => {
      const open = start(['serve', '--host', '0.0.0.0', '--set', 'keys=[]']);
      expect(await open.ended).toBe(2);
      expect(open.output()).toContain('there is no key');
      const option = start(['models', '--jsno']);
      expect(await option.ended).toBe(2);
      expect(option.output()).toContain('did you mean --json?');
      const command = start(['modles']);
      expect(await command.ended).toBe(2);
      expect(command.output()).toContain('nearfar models');
    },
    patienceMs,
  );
});
