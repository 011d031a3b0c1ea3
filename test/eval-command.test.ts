import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiUsageChunk,
  sendJson,
  type Arrived,
  type FakeUpstream,
} from './fake-upstream.ts';
import { startProgram, type Program } from './program.ts';

/** `nearfar eval` as a person types it, of a model elsewhere that a test plays. */

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
let folder: string;
let upstream: FakeUpstream;
const programs: Program[] = [];

/** Right wherever "positive" or "billing" is, and wrong elsewhere. */
const answers: FakeUpstream['respond'] = (response, request) => {
  const text = promptOf(request).includes('department') ? 'billing' : 'positive';
  sayStreamed(response, text);
};

/** Models are asked as the gateway asks for anything of its own: streaming. */
function sayStreamed(response: Parameters<FakeUpstream['respond']>[0], text: string): void {
  beginStream(response);
  response.write(openaiChunk({ role: 'assistant', content: text }));
  response.write(openaiChunk({}, 'stop'));
  response.write(openaiUsageChunk);
  response.end('data: [DONE]\n\n');
}

function promptOf({ body }: Arrived): string {
  return (body['messages'] as { content: string }[])[0]?.content ?? '';
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-eval-'));
  upstream = await fakeUpstream(answers);
});
afterEach(() => {
  for (const program of programs.splice(0)) program.destroy();
  upstream.respond = answers;
  upstream.arrived.length = 0;
});
afterAll(async () => {
  await upstream.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(args: readonly string[]): Program {
  const upstreams = [{ name: 'stub', baseUrl: `${upstream.url}/v1`, models: ['clever'] }];
  const program = startProgram(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      entry,
      'eval',
      ...args,
      '--set',
      `upstreams=${JSON.stringify(upstreams)}`,
    ],
    { cwd: folder, env: { NEARFAR_HOME: path.join(folder, 'home'), NEARFAR_PORT: '0' } },
  );
  programs.push(program);
  return program;
}

async function ended(args: readonly string[], exitCode: number): Promise<Program> {
  const program = start(args);
  expect(await program.ended, program.output()).toBe(exitCode);
  return program;
}

describe('nearfar eval', () => {
  it('scores each task with its interval, and keeps and shows the result', async () => {
    const program = await ended(
      ['stub/clever', '--tasks', 'classification,code', '--limit', '8', '--json'],
      0,
    );
    const measured = JSON.parse(program.stdout()) as Record<string, unknown>;
    expect(measured).toMatchObject({ modelId: 'stub/clever', isPartial: true, promptTokenCount: 16_000 });
    // Four of the eight first reviews are positive.
    expect(measured['tasks']).toMatchObject([
      { task: 'classification', rightCount: 4, count: 8, accuracy: 0.5 },
      { task: 'code', rightCount: 0, count: 8, accuracy: 0 },
    ]);
    expect(upstream.arrived.every(({ body }) => body['temperature'] === 0)).toBe(true);
    const kept = await ended(['--json'], 0);
    expect(JSON.parse(kept.stdout())).toMatchObject([
      { modelId: 'stub/clever', tasks: [{ count: 8 }, { count: 8 }] },
    ]);
    expect((await ended([], 0)).stdout()).toMatch(/stub\/clever.*50% \(22-78%\)/);
  }, 60_000);

  it('asks a model elsewhere items that only look like somebody’s', async () => {
    const program = await ended(['stub/clever', '--tasks', 'simple_qa', '--json'], 0);
    const { tasks } = JSON.parse(program.stdout()) as { tasks: { task: string; count: number }[] };
    expect(tasks.find(({ task }) => task === 'simple_qa')?.count).toBe(40);
    expect(upstream.arrived.some((request) => promptOf(request).includes('555-0142'))).toBe(true);
  }, 60_000);

  it('goes on where Ctrl-C stopped it', async () => {
    upstream.respond = (response, request) => {
      if (upstream.arrived.length <= 3) return answers(response, request);
    };
    const out = path.join(folder, 'gone-on.jsonl');
    const args = ['stub/clever', '--tasks', 'classification', '--limit', '10', '--out', out];
    const program = start(args);
    await program.waitFor(/30%/, 30_000);
    program.signal('SIGINT');
    expect(await program.ended, program.output()).toBe(130);
    expect(program.output()).toContain('3 of 10 items are measured; the same command goes on.');
    upstream.respond = answers;
    upstream.arrived.length = 0;
    const again = await ended(args, 0);
    expect(again.output()).toContain('3 of 10 items are answered already.');
    expect(upstream.arrived).toHaveLength(7);
    // The answers of both halves.
    const lines = readFileSync(out, 'utf8').trim().split('\n');
    const kept = lines.map((line) => (JSON.parse(line) as { answer: string }).answer);
    expect(kept).toHaveLength(10);
    expect(kept.every((answer) => ['positive', 'billing'].includes(answer))).toBe(true);
  }, 60_000);

  it('says which item could not be asked, and counts none as wrong', async () => {
    upstream.respond = (response) => {
      sendJson(response, 400, { error: { message: 'no such thing here' } });
    };
    const program = await ended(['stub/clever', '--tasks', 'reasoning', '--limit', '2'], 1);
    expect(program.output()).toMatch(/reasoning-\d: .*no such thing here/);
  }, 60_000);

  it('leaves a model that thinks first the room for it', async () => {
    upstream.respond = (response, request) => {
      if (Number(request.body['max_tokens'] ?? request.body['max_completion_tokens']) > 1000)
        return answers(response, request);
      beginStream(response);
      response.write(openaiChunk({ role: 'assistant', content: '' }));
      response.write(openaiChunk({}, 'length'));
      response.write(openaiUsageChunk);
      response.end('data: [DONE]\n\n');
    };
    const program = await ended(['stub/clever', '--tasks', 'classification', '--limit', '8'], 0);
    expect(program.output()).toContain('stub/clever thinks before it answers');
    expect(program.stdout()).toContain('4/8');
  }, 60_000);

  it('is no traffic: what it asked is told as the cost of measuring, and saved nothing', async () => {
    upstream.respond = (response, request) => {
      if (request.body['temperature'] === undefined) return answers(response, request);
      sendJson(response, 400, { error: { message: "'temperature' does not support 0 with this model." } });
    };
    const home = path.join(folder, 'apart');
    const program = await ended(
      ['stub/clever', '--tasks', 'classification', '--limit', '3', '--home', home],
      0,
    );
    expect(program.output()).toContain('stub/clever refuses a temperature');
    expect(program.stdout()).toContain('1/3');
    const costs = startProgram(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, 'costs', '--home', home, '--json'],
      { cwd: folder, env: {} },
    );
    programs.push(costs);
    expect(await costs.ended, costs.output()).toBe(0);
    const told = JSON.parse(costs.stdout()) as { total: object; quality: { spent: object[] } };
    expect(told.total).toMatchObject({ requests: 0 });
    expect(told.quality.spent).toMatchObject([{ purpose: 'evaluate' }]);
  }, 60_000);

  it('measures a judge by what is known to be right, and says of one that likes a place that it is no judge', async () => {
    upstream.respond = (response) => {
      sayStreamed(response, '{"reason": "It comes first.", "verdict": "A"}');
    };
    const program = await ended(['stub/clever', '--judge', '--json'], 0);
    const measured = JSON.parse(program.stdout()) as Record<string, number>;
    expect(measured).toMatchObject({ modelId: 'stub/clever', right: 0, wrong: 0, isBetterThanChance: false });
    expect(measured['pairs']).toBeGreaterThan(150);
    expect(measured['pairsWithOnePlaceNamedTwice']).toEqual({ first: measured['pairs'], second: 0 });
    expect(upstream.arrived).toHaveLength(2 * (measured['pairs'] ?? 0));
  }, 120_000);

  it('measures a judge on what two models answered, where one of them was right', async () => {
    const [one, other] = [path.join(folder, 'a.jsonl'), path.join(folder, 'b.jsonl')];
    await ended(['stub/clever', '--tasks', 'classification', '--limit', '8', '--out', one], 0);
    const lines = readFileSync(one, 'utf8').trim().split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ task: 'classification', answer: 'positive' });
    // The other model says the opposite, and is right where this one is wrong.
    const turned = lines.map((line) => {
      const { right, ...rest } = JSON.parse(line) as { right: boolean };
      return JSON.stringify({ ...rest, answer: 'something else', right: !right });
    });
    writeFileSync(other, turned.join('\n'));
    upstream.respond = (response, request) => {
      const prompt = JSON.stringify(request.body['messages']);
      // Likes the words "something else", wherever they stand.
      const verdict = /Answer A: .{0,4}something else/.test(prompt) ? 'A' : 'B';
      sayStreamed(response, JSON.stringify({ reason: 'So.', verdict }));
    };
    const program = await ended(['stub/clever', '--judge', '--answers', `${one},${other}`], 0);
    expect(program.stdout()).toContain('8 pairs of a right and a wrong answer, of two models');
    expect(program.stdout()).toMatch(/NO BETTER THAN CHANCE: it names the right answer in 4 of 8 pairs/);
    expect((await ended(['stub/clever', '--judge', '--answers', one], 2)).output()).toContain('two files');
    expect((await ended(['stub/clever', '--answers', one], 2)).output()).toContain('expected --judge too');
    expect((await ended(['stub/clever', '--judge', '--out', one], 2)).output()).toContain('--out');
    const few = await ended(['stub/clever', '--judge', '--tasks', 'code', '--limit', '3', '--json'], 0);
    expect(JSON.parse(few.stdout())).toMatchObject({ pairs: 3 });
    expect((await ended(['stub/clever', '--judge', '--tasks', 'creative'], 2)).output()).toContain(
      'no pairs',
    );
  }, 120_000);

  it('asks nothing where what it is to write cannot be written, or nobody is to be asked', async () => {
    const lost = path.join(folder, 'none', 'a.jsonl');
    expect((await ended(['stub/clever', '--limit', '1', '--out', lost], 2)).output()).toContain(
      `--out: ${lost} cannot be written`,
    );
    expect((await ended(['--judge'], 2)).output()).toContain('--judge: expected MODEL too');
    expect((await ended(['--out', 'a.jsonl'], 2)).output()).toContain('--out: expected MODEL too');
    expect(upstream.arrived).toHaveLength(0);
  }, 60_000);

  it('names what it expects', async () => {
    expect((await ended(['stub/clever', '--tasks', 'poetry'], 2)).output()).toContain(
      '--tasks: expected some of classification, simple_qa, code, creative, reasoning, low_resource, got "poetry"',
    );
    expect((await ended(['a', 'b'], 2)).output()).toContain('expected one MODEL');
  }, 60_000);
});
