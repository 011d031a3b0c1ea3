import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeakSuiteResult } from '../src/privacy/prove/leak-result.ts';
import { leakSettings } from './leak-settings.ts';
import { startProgram } from './program.ts';

/** `nearfar privacy prove` as a security officer runs it. */

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-prove-'));
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

async function prove(
  settings: object,
  ...options: string[]
): Promise<{ code: number | string; stdout: string }> {
  const file = join(home, 'nearfar.config.json');
  writeFileSync(file, JSON.stringify(settings));
  const args = [
    'privacy',
    'prove',
    '--config',
    file,
    '--home',
    home,
    '--requests',
    '60',
    '--seed',
    '5',
    ...options,
  ];
  const program = startProgram(process.execPath, [main, ...args]);
  const code = await program.ended;
  return { code, stdout: program.stdout() };
}

describe('nearfar privacy prove', () => {
  it(
    'writes a dated report with every way, what was asked and what is not covered',
    { timeout: 120_000 },
    async () => {
      const out = join(home, 'REPORT.md');
      const { code, stdout } = await prove(leakSettings(), '--out', out);
      expect(stdout).toContain('Nothing left');
      expect(code).toBe(0);
      const report = readFileSync(out, 'utf8');
      expect(report).toContain(`- Date: ${new Date().toISOString().slice(0, 10)}`);
      expect(report).toMatch(/SHA-256 of the effective settings `[0-9a-f]{64}`/);
      expect(report).toMatch(
        /\| chained \|.*fallback of chained: open\/small.*\| outside \| auto \| open \|/,
      );
      expect(report).toContain('## What this does not cover');
      for (const name of ['declared', 'detected', 'follow_up', 'unseen', 'control'])
        expect(report).toContain(`| ${name} |`);
    },
  );

  it('says which profile is not there', { timeout: 60_000 }, async () => {
    const file = join(home, 'plain.config.json');
    writeFileSync(
      file,
      JSON.stringify({ upstreams: [{ name: 'a', baseUrl: 'http://127.0.0.1:9/v1', models: ['b'] }] }),
    );
    const args = ['privacy', 'prove', '--config', file, '--home', home, '--profile', 'nowhere'];
    const program = startProgram(process.execPath, [main, ...args]);
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('"nearfar calibrate --profile nowhere" makes it.');
    expect(program.output()).not.toContain('lstat');
  });

  it('fails where something leaks', { timeout: 120_000 }, async () => {
    const { code, stdout } = await prove(leakSettings({ privacy: { detect: 'off' } }), '--json');
    expect(code).toBe(1);
    const { isProven, result } = JSON.parse(stdout) as { isProven: boolean; result: LeakSuiteResult };
    expect(isProven).toBe(false);
    expect(result.leaks.length).toBeGreaterThan(0);
  });
});
