import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitProfile } from '../src/route/calibration/fit-profile.ts';

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'nearfar-route-'));
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

async function route(args: readonly string[], input = '') {
  const all = ['--disable-warning=ExperimentalWarning', entry, 'route', '--home', home, ...args];
  // No network is asked, no model is there, and nothing of the tester's own counts.
  const child = spawn(process.execPath, all, { cwd: home, env: { PATH: process.env['PATH'] } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

const rowsOf = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const lines = (...all: readonly object[]) => all.map((line) => JSON.stringify(line)).join('\n');

describe('nearfar route', () => {
  it('says of each line where it would go, in order', async () => {
    const { code, stdout } = await route(
      [],
      lines(
        { id: 'easy', prompt: 'Say hello.' },
        { id: 2, prompt: 'Mail jane@example.com that the meeting is moved.' },
        { id: 'chat', messages: [{ role: 'user', content: [{ type: 'text', text: 'Is 7 prime?' }] }] },
      ),
    );
    expect(code).toBe(0);
    const rows = rowsOf(stdout);
    expect(rows.map(({ id }) => id)).toEqual(['easy', 2, 'chat']);
    expect(rows[0]).toEqual({
      id: 'easy',
      difficulty: expect.any(Number) as number,
      tier: 'near',
      task: expect.any(String) as string,
      label: 'open',
      reasons: [expect.stringMatching(/^near: difficulty/)],
      ms: expect.any(Number) as number,
    });
    expect(rows[1]).toMatchObject({
      tier: 'near',
      label: 'local_only',
      reasons: ['local_only: inside only', expect.any(String)],
    });
    for (const { difficulty } of rows) {
      expect(difficulty).toBeGreaterThanOrEqual(0);
      expect(difficulty).toBeLessThanOrEqual(1);
    }
  });

  it('names a bad line and answers all others', async () => {
    const input = `${lines({ id: 1, prompt: 'One' })}\n\nnot json\n${lines({ id: 4 }, { id: 5, prompt: 'Five' })}\n`;
    const { code, stdout, stderr } = await route([], input);
    expect(code).toBe(1);
    expect(rowsOf(stdout).map(({ id }) => id)).toEqual([1, 5]);
    expect(stderr).toContain('line 3: expected a JSON object');
    expect(stderr).toContain('line 4: expected either prompt or messages');
    expect(stderr).toContain('2 lines were left out');
  });

  it('takes another policy', async () => {
    const text = 'Where is the nearest bakery to the old market place here?';
    const heuristic = await route(['--policy', 'heuristic'], lines({ id: 1, prompt: text }));
    expect(rowsOf(heuristic.stdout)[0]).toMatchObject({
      tier: 'far',
      reasons: ['far: 57 characters are not fewer than 50'],
    });
    const fixed = await route(['--policy', 'mid', '--set', 'mid=near'], lines({ id: 1, prompt: text }));
    expect(rowsOf(fixed.stdout)[0]).toMatchObject({ tier: 'mid', reasons: ['policy: always mid'] });
    const unknown = await route(['--policy', 'best']);
    expect([unknown.code, unknown.stderr]).toEqual([
      expect.any(Number),
      expect.stringContaining('expected heuristic, classifier, calibrated'),
    ]);
    expect((await route(['--policy', 'calibrated'])).stderr).toContain('profile');
  });

  it('goes by a profile of the owner', async () => {
    // What has a sum in it only the far model can do; nothing else costs it anything.
    const outcomes = Array.from({ length: 120 }, (_, at) => {
      const isHard = at % 2 === 1;
      const prompt = isHard
        ? `Add ${String(at)} and ${String(at * 7)} and ${String(at * 3)}.`
        : `Greet guest ${String(at)} kindly.`;
      return {
        prompt,
        models: { near: { score: isHard ? 0 : 1, cost: 0 }, far: { score: 1, cost: 0.01 } },
      };
    });
    const { profile } = await fitProfile(outcomes, { resampleCount: 20 });
    mkdirSync(path.join(home, 'profiles'));
    writeFileSync(path.join(home, 'profiles', 'own.json'), JSON.stringify(profile));
    const { stdout, code } = await route(
      ['--profile', 'own'],
      lines(
        { id: 1, prompt: 'Greet guest 7001 kindly.' },
        { id: 2, prompt: 'Add 7001 and 49007 and 21003.' },
      ),
    );
    expect(code).toBe(0);
    expect(rowsOf(stdout).map(({ tier }) => tier)).toEqual(['near', 'far']);
    expect(rowsOf(stdout)[0]?.['reasons']).toEqual([
      expect.stringMatching(/^near: expected score \d\.\d\d by the profile own, the most for what it costs$/),
    ]);
    const none = await route(['--profile', 'none'], '');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('there is no profile "none"')]);
  });

  it('explains one prompt, with what every tier would have cost', async () => {
    writeFileSync(
      path.join(home, 'nearfar.config.json'),
      JSON.stringify({
        mid: 'open/middle',
        far: 'open/big',
        upstreams: [
          {
            name: 'open',
            baseUrl: 'http://127.0.0.1:9/v1',
            models: [
              { name: 'middle', price: { input: 1, output: 4 } },
              { name: 'big', price: { input: 10, output: 40 } },
            ],
          },
        ],
      }),
    );
    const words = await route(['--explain', 'Is', '7', 'prime?']);
    expect(words.code).toBe(0);
    expect(words.stdout).toContain('near answers: smollm2-135m-instruct');
    expect(words.stdout).toMatch(/far +open\/big +outside +\$0\.012 /);
    expect(words.stdout).toMatch(
      /\* mid, far: estimated: 3 tokens of prompt \(4 bytes each\), 300 of answer/,
    );
    const { stdout } = await route(['--explain', '--json'], 'Is 7 prime?');
    expect(JSON.parse(stdout)).toMatchObject({
      tier: 'near',
      model: 'smollm2-135m-instruct',
      label: 'open',
      tiers: [
        { tier: 'near', expectedUsd: 0 },
        { tier: 'mid' },
        { tier: 'far', expectedUsd: 0.01203, whyNot: 'not needed' },
      ],
    });
    rmSync(path.join(home, 'nearfar.config.json'));
  });

  it('keeps the order of many lines', async () => {
    const many = Array.from({ length: 1000 }, (_, id) => ({ id, prompt: `Is ${String(id)} prime?` }));
    const { stdout } = await route([], lines(...many));
    expect(rowsOf(stdout).map(({ id }) => id)).toEqual(many.map(({ id }) => id));
  });

  it('explains what was measured of the tiers on tasks of its kind', async () => {
    const folder = path.join(home, 'evaluations');
    mkdirSync(folder, { recursive: true });
    const date = '2026-11-30T00:00:00.000Z';
    const tasks = [
      { task: 'reasoning', rightCount: 10, count: 40, accuracy: 0.25, interval: [0.14, 0.4], date },
    ];
    const modelId = 'smollm2-135m-instruct';
    const evaluation = { modelId, date, nearfarVersion: '0.1.0', itemsVersion: 'x', isPartial: true, tasks };
    writeFileSync(path.join(folder, `${modelId}.json`), JSON.stringify(evaluation));
    const { stdout } = await route(['--explain'], 'Prove that there are infinitely many primes.');
    expect(stdout).toContain(
      'near: 25% right (95% interval 14 to 40), 40 items, smollm2-135m-instruct, 2026-11-30',
    );
    expect(stdout).toContain('not measured: mid, far');
    const json = await route(['--explain', '--json'], 'Prove that there are infinitely many primes.');
    expect(JSON.parse(json.stdout)).toMatchObject({
      task: 'reasoning',
      measured: [{ tier: 'near', accuracy: 0.25 }],
    });
  });
});
