import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, startProgram, type Program, type ProgramOptions } from './program.ts';
import { testWeights } from './weights.ts';

/** `nearfar run --file` as a person types it, over real weights. */

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
const patienceMs = 100_000;
let folder: string;
let home: string;
let env: Record<string, string>;
const programs: Program[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-offline-'));
  home = path.join(folder, 'home');
  env = { NEARFAR_PORT: String(await freePort()) };
  const pulled = await ended(['pull', `file:${await testWeights('smollm2-q4_0')}`, '--json']);
  env['NEARFAR_NEAR'] = (JSON.parse(pulled.stdout()) as { id: string }).id;
}, 200_000);

afterAll(() => {
  for (const program of programs) program.destroy();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(args: readonly string[], options: ProgramOptions = {}): Program {
  const program = startProgram(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args], {
    cwd: folder,
    ...options,
    env: { NEARFAR_HOME: home, NEARFAR_FASTEST_FORMAT: 'false', NEARFAR_ENGINE_THREAD_COUNT: '1', ...env },
  });
  programs.push(program);
  return program;
}

async function ended(args: readonly string[], exitCode = 0, options: ProgramOptions = {}): Promise<Program> {
  const program = start(args, options);
  expect(await program.ended, program.output()).toBe(exitCode);
  return program;
}

const file = (name: string): string => path.join(folder, name);
const rowsOf = (name: string): Record<string, unknown>[] =>
  readFileSync(file(name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const idsOf = (name: string): unknown[] =>
  rowsOf(name)
    .map(({ id, custom_id: customId }) => customId ?? id)
    .sort();

function writePrompts(name: string, count: number, maxTokens: (index: number) => number): string[] {
  const subjects = ['rivers', 'engines', 'bread', 'winter', 'music', 'maps'];
  const lines = Array.from({ length: count }, (_, index) => ({
    id: `p${String(index).padStart(2, '0')}`,
    prompt: `Case ${index * 37}: what should a child know about ${subjects[index % subjects.length] ?? ''}?`,
    max_tokens: maxTokens(index),
    ignore_eos: true,
  }));
  writeFileSync(file(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return lines.map(({ id }) => id);
}

function ledgerRequests(): number {
  const database = new DatabaseSync(path.join(home, 'ledger.sqlite'), { readOnly: true });
  try {
    return (database.prepare('SELECT count(*) AS count FROM ledger').get() as { count: number }).count;
  } finally {
    database.close();
  }
}

describe('a file of prompts', () => {
  it(
    'is answered in both modes, one row for each id, each in the ledger',
    async () => {
      const ids = writePrompts('prompts.jsonl', 12, (index) => 4 + (index % 4) * 6);
      const texts: unknown[][] = [];
      for (const mode of ['static', 'continuous']) {
        const out = `${mode}.jsonl`;
        const args = ['--file', 'prompts.jsonl', '--out', out, '--batching', mode, '--batch-size', '4'];
        const run = await ended(['run', ...args, '--temperature', '0', '--json']);
        const summary = JSON.parse(run.stdout()) as Record<string, number>;
        expect(summary).toMatchObject({ lines: 12, answered: 12, failed: 0, left: 0 });
        expect(idsOf(out)).toEqual(ids);
        for (const row of rowsOf(out)) {
          const { completion_tokens: count } = row['usage'] as { completion_tokens: number };
          expect(count).toBe(4 + (Number(String(row['id']).slice(1)) % 4) * 6);
          expect(row).toMatchObject({ finish_reason: 'length', model: env['NEARFAR_NEAR'] });
        }
        texts.push(
          rowsOf(out)
            .sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
            .map(({ answer }) => String(answer).slice(0, 8)),
        );
      }
      // Near ties may fall either way in other batches, not most answers from their first words on.
      const same = texts[0]?.filter((text, index) => text === texts[1]?.[index]).length ?? 0;
      expect(same).toBeGreaterThanOrEqual(8);
      expect(ledgerRequests()).toBe(24);
    },
    patienceMs,
  );

  it(
    'in the OpenAI batch form gets rows in its form, errors among them and exit code 1',
    async () => {
      const line = (id: string, body: object, url = '/v1/chat/completions') =>
        JSON.stringify({ custom_id: id, method: 'POST', url, body });
      const messages = [{ role: 'user', content: 'Say hello.' }];
      const long = [{ role: 'user', content: 'word '.repeat(9_000) }];
      writeFileSync(
        file('batch.jsonl'),
        [
          line('chat', { model: 'gpt-4o-mini', messages, max_tokens: 4 }),
          line('long', { model: 'gpt-4o-mini', messages: long, max_tokens: 4 }),
          line('text', { model: 'gpt-4o-mini', prompt: 'Once', max_tokens: 4 }, '/v1/completions'),
          line('vector', { model: 'gpt-4o-mini', input: 'Once' }, '/v1/embeddings'),
        ].join('\n'),
      );
      const args = ['run', '--file', 'batch.jsonl', '--out', 'batch-out.jsonl', '--batch-size', '4'];
      const unknown = await ended(args, 2);
      expect(unknown.output()).toContain('line 1, body.model: ');
      await ended([...args, '--model', 'near'], 1);
      const rows = new Map(rowsOf('batch-out.jsonl').map((row) => [row['custom_id'], row]));
      expect([...rows.keys()].sort()).toEqual(['chat', 'long', 'text', 'vector']);
      expect(rows.get('chat')).toMatchObject({
        response: { status_code: 200, body: { object: 'chat.completion', usage: { completion_tokens: 4 } } },
        error: null,
      });
      expect(rows.get('long')).toMatchObject({
        response: { status_code: 400, body: { error: { code: 'context_length_exceeded' } } },
      });
      expect(rows.get('text')).toMatchObject({ response: { body: { object: 'text_completion' } } });
      expect(rows.get('vector')).toMatchObject({ response: { body: { object: 'list' } } });
    },
    patienceMs,
  );

  it(
    'killed in the middle and stopped by Ctrl-C, goes on where it was and has one answer for each id',
    async () => {
      const ids = writePrompts('many.jsonl', 24, (index) => 8 + (index % 4) * 8);
      const args = ['run', '--file', 'many.jsonl', '--out', 'many-out.jsonl', '--batch-size', '4'];
      const answered = async (program: Program, count: number): Promise<void> => {
        while (safeLineCount('many-out.jsonl') < count) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          if (program.output().includes('nearfar run:')) throw new Error(program.output());
        }
      };
      const killed = start([...args, '--batching', 'static']);
      await answered(killed, 3);
      const other = await ended(args, 2);
      expect(other.output()).toContain('another run is writing many-out.jsonl');
      killed.destroy();
      await killed.ended;
      // As if the last row had been cut off while it was written.
      truncateSync(file('many-out.jsonl'), readFileSync(file('many-out.jsonl')).length - 9);

      const stopped = start(args);
      await answered(stopped, 8);
      stopped.interrupt();
      expect(await stopped.ended).toBe(130);
      expect(stopped.output()).toContain('the same command goes on from here');
      const before = rowsOf('many-out.jsonl');
      expect(before.length).toBeLessThan(24);

      const last = await ended(args);
      expect(last.output()).toContain(`${before.length} of 24 lines are answered already`);
      expect(idsOf('many-out.jsonl')).toEqual(ids);
      expect(rowsOf('many-out.jsonl').slice(0, before.length)).toEqual(before);

      const changed = await ended([...args, '--temperature', '0.5'], 2);
      expect(changed.output()).toContain('24 answer what was asked before');
      expect(rowsOf('many-out.jsonl')).toHaveLength(24);
    },
    2 * patienceMs,
  );

  it(
    'goes from input to output, and is refused whole where a line is wrong',
    async () => {
      const input = '{"id":1,"prompt":"Say hello."}\n{"id":2,"prompt":"Say bye."}\n';
      const piped = await ended(['run', '-f', '-', '-o', '-', '--max-tokens', '3', '--batch-size', '4'], 0, {
        input,
      });
      const rows = piped
        .stdout()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: number; usage: { completion_tokens: number } });
      expect(rows.map(({ id }) => id).sort()).toEqual([1, 2]);
      expect(rows.every(({ usage }) => usage.completion_tokens <= 3)).toBe(true);
      const wrong = `${input}{"id":3,"prompt":"x","temperature":9}\n{"id":1,"prompt":"x"}\n`;
      const refused = await ended(['run', '-f', '-', '-o', '-'], 2, { input: wrong });
      expect(refused.output()).toContain('line 4, id: 1 is the id of line 1 already');
      expect(refused.stdout()).toBe('');
      const body = await ended(['run', '-f', '-', '-o', '-'], 2, {
        input: '{"id":3,"prompt":"x","seed":"y"}',
      });
      expect(body.output()).toContain('line 1, seed: ');
    },
    patienceMs,
  );
});

function safeLineCount(name: string): number {
  try {
    return readFileSync(file(name), 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}
