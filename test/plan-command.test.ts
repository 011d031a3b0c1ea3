import path from 'node:path';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { startProgram } from './program.ts';

const entry = path.resolve(import.meta.dirname, '../src/cli/main.ts');
const home = mkdtempSync(path.join(tmpdir(), 'nearfar-plan-'));

async function plan(...args: readonly string[]) {
  const program = startProgram(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    entry,
    'plan',
    ...args,
    '--home',
    home,
  ]);
  const code = await program.ended;
  return { code, output: program.output(), stdout: program.stdout() };
}

const json = async (...args: readonly string[]) =>
  JSON.parse((await plan(...args, '--json')).stdout) as Record<string, never>;

describe('nearfar plan', () => {
  it("shows the memory of a model by format, beside the guide's", async () => {
    const { code, stdout } = await plan('memory', 'phi-4', '--context', '16384');
    expect(code).toBe(0);
    expect(stdout).toMatch(/14.66 billion weights/);
    expect(stdout).toMatch(/Q4_0 .*estimated/);
    expect(stdout).toMatch(/Phi-4 \(14B\) in FP16: 28 GB; here .*: agrees/);
  });

  it('says why 70B needs eight times less than the guide says', async () => {
    const report = await json('memory', '70B', '--format', 'Q8_0');
    expect(report).toMatchObject({
      model: 'Llama 3.1 70B',
      kv: { bytesPerToken: 327_680 },
      formats: [{ format: 'Q8_0', basis: 'estimated' }],
      guide: [{ agrees: false, difference: expect.stringMatching(/grouped queries/) as string }],
    });
  });

  it('estimates speed and batches on a device, and says what they rest on', async () => {
    const { stdout } = await plan('speed', '8B', '--format', 'Q4_K_M', '--device', 'rtx 4090');
    expect(stdout).toMatch(/estimated by a roofline[\s\S]*table of \d{4}-\d\d-\d\d[\s\S]*memory +yes/);
    const batch = await json('batch', '8B', '--device', 'h100', '--target-ms', '20');
    expect(batch).toMatchObject({ format: 'Q8_0', basis: 'estimated' });
    const points = batch['points'] as unknown as readonly { gain: number; batchSize: number }[];
    expect(points.map(({ batchSize }) => batchSize)).toEqual([1, 2, 4, 8, 16, 32, 64]);
    expect(points.at(-1)?.gain).toBeGreaterThan(5);
  });

  it('computes drafts, caches and months', async () => {
    expect(await json('draft', '--acceptance', '0.8', '--draft-cost', '0.1')).toMatchObject({
      best: { draftTokenCount: 6 },
    });
    expect((await plan('draft', '--acceptance', '0.1', '--draft-cost', '0.5')).stdout).toMatch(
      /No length pays/,
    );
    const prices = ['--input-price', '3', '--read-price', '0.3', '--write-price', '3.75'];
    expect((await plan('cache', ...prices, '--per-hour', '1')).stdout).toMatch(/costs .*% more/);
    expect((await plan('cache', ...prices, '--per-hour', '100')).stdout).toMatch(/saves .*%/);
    const { stdout } = await plan(
      ...['cost', '--requests-per-day', '10000', '--input-price', '3', '--output-price', '15'],
      ...['--rent', '2', '--machine-rate', '2', '--machine-price', '2000'],
    );
    expect(stdout).toMatch(/1 rented +1,461/);
    expect(stdout).toMatch(/1 of your own, 6% busy/);
  });

  it.each([
    [
      ['memory', 'nothing-known'],
      /expected the name of a model here, a GGUF, safetensors or config\.json file, a size such as 70B/,
    ],
    [['memory', '8B', '--format', 'Q3'], /format: expected one of/],
    [['memory', '8B', '--kv', 'q2'], /--kv: expected one of f16, q8_0, q4_0/],
    [['memory', '8B', '--context=-5'], /--context: expected a number from 0/],
    [['speed', '8B', '--device', 'abacus'], /--device: expected one of H100/],
    [['speeed', '8B'], /did you mean speed\?/],
    [['draft'], /--acceptance: expected a number/],
    [['draft', '--acceptance', '1.5'], /--acceptance: expected a number from 0 to 1/],
    [['cost', '--requests-per-day', '5'], /expected prices of an API/],
    [['draft', 'extra', '--acceptance', '0.5'], /draft: expected options only/],
  ])('refuses %j', async (args, message) => {
    const { code, output } = await plan(...args);
    expect(code).toBe(2);
    expect(output).toMatch(message);
  });
});
