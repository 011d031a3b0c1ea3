import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { measuringText } from '../src/measure/text.ts';
import { startProgram } from './program.ts';
import { testWeights } from './weights.ts';

/** `nearfar quantize`, `measure` and `export` as people type them, on real weights. */

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
const home = mkdtempSync(path.join(tmpdir(), 'nearfar-quantize-'));
const text = path.join(home, 'text.txt');
// Two windows and a little more: enough for an interval.
writeFileSync(text, measuringText.slice(0, 7000));

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

async function nearfar(...args: readonly string[]) {
  const all = ['--disable-warning=ExperimentalWarning', entry, ...args, '--home', home];
  const program = startProgram(process.execPath, all);
  const code = await program.ended;
  return { code, output: program.output(), stdout: program.stdout() };
}

describe('on SmolLM2', () => {
  it('quantizes a second time only when told to, and says what that cost', async () => {
    const source = await testWeights('smollm2');
    const out = path.join(home, 'made.gguf');
    const args = ['quantize', '--to', 'Q4_0', '--out', out, source];
    const refused = await nearfar(...args);
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('--allow-requantize');
    expect(existsSync(out)).toBe(false);
    const made = await nearfar(...args, '--allow-requantize', '--measure', '--text', text, '--json');
    expect(made.code, made.output).toBe(0);
    const { cost } = JSON.parse(made.stdout) as {
      readonly cost: {
        readonly perplexityRatio: { readonly mean: number };
        readonly divergence: { readonly mean: number; readonly margin: number };
        readonly topAgreement: { readonly mean: number };
        readonly scoredTokenCount: number;
      };
    };
    expect(cost.scoredTokenCount).toBeGreaterThan(500);
    expect(cost.perplexityRatio.mean).toBeGreaterThan(0.9);
    expect(cost.perplexityRatio.mean).toBeLessThan(1.5);
    expect(cost.divergence.mean).toBeGreaterThan(0.001);
    expect(cost.divergence.margin).toBeGreaterThan(0);
    expect(cost.topAgreement.mean).toBeGreaterThan(0.5);
    expect(cost.topAgreement.mean).toBeLessThan(1);
  }, 240_000);

  it('measures formats of a file, draws them, recommends, and goes on from what is on record', async () => {
    const source = await testWeights('smollm2-q8_0');
    const svg = path.join(home, 'formats.svg');
    const args = ['measure', '--what', 'weights', '--formats', 'Q4_0,NF4', '--text', text, '--windows', '2'];
    const first = await nearfar(...args, '--svg', svg, '--json', source);
    expect(first.code, first.output).toBe(0);
    const report = JSON.parse(first.stdout) as {
      readonly baseFormat: string;
      readonly rows: readonly {
        readonly format: string;
        readonly origin: string;
        readonly speeds: readonly object[];
        readonly against: { readonly divergence: { readonly mean: number } } | null;
      }[];
      readonly recommendations: readonly ({ readonly goal: string; readonly rule: string } | null)[];
    };
    expect(report.baseFormat).toBe('F16');
    expect(report.rows.map(({ format }) => format).sort()).toEqual(['F16', 'NF4', 'Q4_0', 'Q8_0']);
    for (const { format, origin, speeds, against } of report.rows) {
      expect(speeds).toHaveLength(format === 'NF4' ? 0 : 2);
      expect(origin).toBe({ F16: 'made', Q8_0: 'source', Q4_0: 'made', NF4: 'simulated' }[format]);
      if (format === 'F16') expect(against).toBeNull();
      else expect(against?.divergence.mean).toBeGreaterThan(format === 'Q8_0' ? 0 : 0.01);
    }
    expect(report.recommendations.map((one) => one?.goal)).toEqual(['edge', 'production', 'quality']);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[\s\S]*Q4_0[\s\S]*<\/svg>\s*$/);
    const again = await nearfar(...args, source);
    expect(again.code, again.output).toBe(0);
    expect(again.stdout).toMatch(/For quality: /);
    expect(again.stdout).toContain('BitsAndBytesConfig');
    expect(again.stdout).toContain('vllm serve');
  }, 400_000);

  it('names what is wrong', async () => {
    for (const [args, message] of [
      [['quantize', '--to', 'Q4_0', '--text', text, 'x.gguf'], '--text is what --measure measures with'],
      [['measure', '--what', 'weights', '--formats', 'Q4_Z', await testWeights('smollm2')], 'did you mean'],
      [['measure', '--what', 'weights', path.join(home, 'none.gguf')], 'There is no file'],
      [['export', '--to', 'onx', 'x.gguf'], 'did you mean onnx?'],
      [['export', '--to', 'onnx', '--precision', 'int3', 'x.gguf'], '--precision: expected one of'],
      [
        ['export', '--to', 'onnx', '--python', path.join(home, 'no-python'), text.replace('.txt', '.gguf')],
        'no file',
      ],
    ] as const) {
      const { code, output } = await nearfar(...args);
      expect(code, output).toBeGreaterThan(0);
      expect(output).toContain(message);
    }
  }, 60_000);
});
