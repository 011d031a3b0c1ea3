import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProfile } from '../src/cli/profile-files.ts';
import { createOutcomePredictor } from '../src/route/calibration/predict-outcomes.ts';

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
let folder: string;
let home: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-calibrate-'));
  home = path.join(folder, 'home');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function calibrate(args: readonly string[], stopAt?: string) {
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    entry,
    'calibrate',
    ...args,
    '--home',
    home,
  ]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    // Once: a second one, after the program took its leave of the first, would kill it.
    if (stopAt !== undefined && !child.killed && stderr.includes(stopAt)) child.kill('SIGINT');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** Sums are hard for the small model, capitals are not. */
function outcomes(count: number, models: (isHard: boolean) => object): string {
  return Array.from({ length: count }, (_, index) => {
    const isHard = index % 2 === 0;
    const prompt = isHard
      ? `Add ${index}, ${index * 7} and ${index + 3}.`
      : `What is the capital of country ${index}?`;
    return JSON.stringify({ prompt, models: models(isHard) });
  }).join('\n');
}

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('nearfar calibrate', { timeout: 60_000 }, () => {
  it('learns which tier is good enough for what, says what it gains, and keeps the profile for its owner alone', async () => {
    const lines = outcomes(200, (isHard) => ({ small: [isHard ? 0 : 1, 0.0001], large: [1, 0.01] }));
    const file = write('outcomes.jsonl.gz', gzipSync(lines));
    const { code, stdout, stderr } = await calibrate([
      ...['--outcomes', file, '--models', 'near=small,far=large', '--profile', 'sums', '--json'],
    ]);
    expect(stderr).toContain('cross-validation 5 of 5');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as {
      verdict: { pays: boolean };
      routed: { quality: { value: number }; shares: Record<string, number> };
      alternatives: { name: string }[];
    };
    expect(report.verdict.pays).toBe(true);
    expect(report.routed.quality.value).toBeGreaterThan(0.98);
    expect(report.routed.shares['near']).toBeGreaterThan(0.45);
    expect(report.alternatives.map(({ name }) => name)).toEqual(['always near', 'always far']);
    expect(statSync(path.join(home, 'profiles')).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(home, 'profiles', 'sums.json')).mode & 0o777).toBe(0o600);
    const expected = createOutcomePredictor(openProfile(home, 'sums'));
    expect(expected('Add 5, 8 and 13.')['near']).toBeLessThan(
      expected('What is the capital of country 9?')['near']!,
    );
  });

  it('says plainly where routing does not pay', async () => {
    const file = write(
      'alike.jsonl',
      outcomes(100, () => ({ near: 1, far: 1 })),
    );
    const { code, stdout } = await calibrate(['--outcomes', file]);
    expect(code).toBe(0);
    expect(stdout).toContain('Routing does not pay here');
  });

  it('names the line and the field of what it cannot read, and writes nothing', async () => {
    const file = write(
      'bad.jsonl',
      `${outcomes(3, () => ({ a: 1, b: 0 }))}\n{"prompt": "x", "models": {"a": 7}}`,
    );
    const { code, stderr } = await calibrate(['--outcomes', file, '--profile', 'bad']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad\.jsonl line 4: models\.a: expected a score from 0 to 1/);
    expect(() => openProfile(home, 'bad')).toThrow(/there is no/);
  });

  it('refuses models that nobody asked, goals that are none, and names that leave the folder', async () => {
    const file = write(
      'some.jsonl',
      outcomes(60, () => ({ a: 1, b: 0 })),
    );
    expect((await calibrate(['--outcomes', file, '--models', 'near=a,far=c'])).stderr).toContain(
      '--models: far=c is not among',
    );
    expect((await calibrate(['--outcomes', file, '--goal', 'cheap'])).stderr).toContain(
      '--goal: expected points',
    );
    expect((await calibrate(['--outcomes', file, '--profile', '../x'])).stderr).toContain(
      'profile: expected',
    );
    expect((await calibrate([])).stderr).toContain('expected --outcomes FILE');
  });

  it('ends at the first Ctrl-C without a profile', async () => {
    const file = write(
      'many.jsonl',
      outcomes(3000, (isHard) => ({ a: isHard ? 0 : 1, b: 1 })),
    );
    const { code, stderr } = await calibrate(['--outcomes', file, '--profile', 'cut'], 'cross-validation 1');
    expect(code).toBe(130);
    expect(stderr).toContain('no profile was written');
    expect(() => openProfile(home, 'cut')).toThrow(/there is no/);
  });
});
