import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { readArguments } from '../src/cli/arguments.ts';
import { plan } from '../src/cli/plan.ts';
import { settingsSchema } from '../src/config/schema.ts';
import { testCachePath, testModel } from './weights.ts';

/** The decision through the command line, and a set-up that runs here. */

let folder: string;
let printed = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nearfar-decision-'));
  // No test measures this machine: what it would find is of no matter here.
  const kept = { bytesPerSecond: 20e9, threadCount: 2, measuredAt: '2026-11-30T00:00:00Z', cpu: '' };
  writeFileSync(path.join(folder, 'bandwidth.json'), JSON.stringify(kept));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function run(...words: string[]): Promise<number> {
  printed = '';
  return plan.run(readArguments(plan, [...words, '--home', folder]));
}

interface Decision {
  readonly basis: string;
  readonly setUps: readonly {
    readonly near: { readonly engine: string; readonly format: string; readonly batchSize: number } | null;
    readonly far: { readonly model: string } | null;
    readonly usdPerMonth: number;
    readonly commands: readonly string[];
    readonly settings: object;
    readonly working: readonly { readonly what: string }[];
  }[];
}

async function decide(...words: string[]): Promise<Decision> {
  expect(await run(...words, '--json')).toBe(0);
  return JSON.parse(printed) as Decision;
}

describe('nearfar plan', () => {
  it('gives one set-up with its working, settings and commands, and two alternatives', async () => {
    expect(await run('--goal', 'cost', '--hardware', 'RTX 4090', '--no-api')).toBe(0);
    expect(printed).toMatch(/RECOMMENDED {2}\S+, .* on RTX 4090/);
    expect(printed).toMatch(/ALTERNATIVE 1[\s\S]*ALTERNATIVE 2/);
    expect(printed).toMatch(/memory: .* billion weights x .* estimated/);
    expect(printed).toMatch(/settings \(nearfar plan --apply writes them to nearfar.config.yaml\)/);
    expect(printed).toMatch(/nearfar serve --config nearfar.config.yaml/);
    const { basis, setUps } = await decide('--goal', 'quality', '--hardware', 'H100 x4', '--privacy', 'own');
    expect(basis).toBe('estimated');
    expect(setUps).toHaveLength(3);
    for (const { far, settings, commands, working } of setUps) {
      expect(far).toBeNull();
      expect(settingsSchema.safeParse(settings).success).toBe(true);
      expect(commands.length).toBeGreaterThan(0);
      expect(working.map(({ what }) => what)).toEqual(
        expect.arrayContaining(['memory', 'speed', 'quality', 'cost']),
      );
    }
  });

  it('keeps to one engine, format and model, and to what tasks need', async () => {
    const asked = [
      '--goal',
      'throughput',
      '--hardware',
      'H100 x2',
      '--privacy',
      'own',
      '--can-wait',
      '--tasks',
      'code',
    ];
    const { setUps } = await decide(...asked, '--engine', 'vllm', '--format', 'fp8', '--model', 'phi-4');
    expect(setUps[0]?.near).toMatchObject({ engine: 'vLLM', format: 'FP8' });
    expect(setUps[0]?.commands[0]).toMatch(/^vllm serve microsoft\/phi-4 .*--quantization fp8/);
    const hard = await decide(
      '--goal',
      'cost',
      '--tasks',
      'reasoning=0.3,simple_qa=0.7',
      '--least-quality',
      '70',
      '--hardware',
      'RTX 4090',
    );
    expect(hard.setUps.length).toBeGreaterThan(0);
  });

  it('says why nothing is possible, with exit code 1', async () => {
    expect(
      await run(
        '--goal',
        'cost',
        '--hardware',
        'Raspberry Pi 5',
        '--privacy',
        'device',
        '--least-quality',
        'gpt-4o',
      ),
    ).toBe(1);
    expect(printed).toMatch(/None is possible[\s\S]*a score below the floor/);
    expect(await run('--goal', 'cost', '--hardware', 'H100', '--memory', '0.1', '--no-api')).toBe(1);
    expect(printed).toMatch(/does not fit that hardware/);
  });

  it('writes the settings, not over a file, and not by halves', async () => {
    const out = path.join(folder, 'made', 'nearfar.config.yaml');
    const words = ['--goal', 'cost', '--hardware', 'RTX 4090', '--apply', '--no-start', '--out', out];
    expect(await run(...words)).toBe(0);
    expect(printed).toContain(`Wrote ${out}.`);
    expect(settingsSchema.safeParse(parse(readFileSync(out, 'utf8'))).success).toBe(true);
    writeFileSync(out, 'near: mine\n');
    expect(await run(...words)).toBe(1);
    expect(printed).toContain('--force replaces it');
    expect(readFileSync(out, 'utf8')).toBe('near: mine\n');
    expect(await run(...words, '--force')).toBe(0);
    expect(readFileSync(out, 'utf8')).not.toContain('mine');
    await expect(
      run('--goal', 'cost', '--hardware', 'H100', '--apply', '--out', path.join(folder, 'x.txt')),
    ).rejects.toThrow('expected a name ending in .yaml or .json');
    expect(existsSync(path.join(folder, 'x.txt'))).toBe(false);
  });

  it('prints every row of the guide', async () => {
    expect(await run('guide')).toBe(0);
    expect(printed).toMatch(/scenarios by cost per month: \d of 6 agree/);
    expect(printed).toMatch(/\d+ rows: \d+ agree, \d+ differ/);
    expect(await run('guide', '--json')).toBe(0);
    expect((JSON.parse(printed) as { rows: readonly object[] }).rows.length).toBeGreaterThan(80);
  });

  it.each([
    [[], /expected --goal latency/],
    [['--goal', 'fame'], /--goal: expected one of latency/],
    [['--goal', 'cost', '--hardware', 'abacus'], /--hardware: expected this, or one of H100 SXM/],
    [['--goal', 'cost', '--hardware', 'H100 x0'], /expected at least 1 of H100, got 0/],
    [['--goal', 'cost', '--memory=-4', '--hardware', 'H100'], /--memory: expected a number from 0.01/],
    [['--goal', 'cost', '--requests-per-day=-4'], /--requests-per-day: expected a number from 0/],
    [['--goal', 'cost', '--platform', 'toaster'], /--platform: expected one of server/],
    [['--goal', 'cost', '--privacy', 'x'], /--privacy: expected one of any, own, device/],
    [['--goal', 'cost', '--tasks', 'cooking'], /--tasks: expected classification/],
    [['--goal', 'cost', '--tasks', 'code=0.4'], /sum of 1, got 0.4/],
    [['--goal', 'cost', '--least-quality', '120'], /--least-quality: expected none, basic/],
    [['--goal', 'cost', '--model', 'gpt-9'], /--model: expected one of SmolLM2 135M/],
    [['--goal', 'cost', '--format', 'Q99'], /--format: expected FP16/],
    [['--goal', 'cost', '--engine', 'steam'], /--engine: expected one of nearfar/],
    [['--goal', 'cost', '--budget', 'much'], /--budget: expected a number/],
    [['memory', '70B', '--family', 'nobody'], /of a family: phi/],
  ])('refuses %j', async (words, message) => {
    await expect(run(...words)).rejects.toThrow(message);
  });
});

describe('a model as the hub has it', () => {
  const config = {
    ...{
      model_type: 'llama',
      num_hidden_layers: 2,
      hidden_size: 64,
      num_attention_heads: 4,
      num_key_value_heads: 2,
    },
    ...{ intermediate_size: 128, vocab_size: 1000, max_position_embeddings: 2048 },
  };
  const place = (name: string): string => path.join(folder, name);

  function safetensors(count: number): Buffer {
    const header = Buffer.from(
      JSON.stringify({ w: { dtype: 'BF16', shape: [count], data_offsets: [0, 2 * count] } }),
    );
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, header, Buffer.alloc(2 * count)]);
  }

  beforeAll(() => {
    for (const name of ['config-only', 'whole', 'cut']) mkdirSync(place(name));
    writeFileSync(path.join(place('config-only'), 'config.json'), JSON.stringify(config));
    for (const name of ['whole', 'cut'])
      writeFileSync(path.join(place(name), 'config.json'), JSON.stringify(config));
    writeFileSync(path.join(place('whole'), 'a.safetensors'), safetensors(500));
    writeFileSync(path.join(place('whole'), 'b.safetensors'), safetensors(300));
    writeFileSync(path.join(place('cut'), 'a.safetensors'), safetensors(500).subarray(0, 600));
  });

  it('has its cache from config.json and its weights from safetensors, to the byte', async () => {
    expect(await run('memory', place('config-only'), '--json')).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({ kv: { bytesPerToken: 2 * 2 * 2 * 16 * 2 } });
    expect(await run('memory', path.join(place('whole'), 'a.safetensors'), '--json')).toBe(0);
    const report = JSON.parse(printed) as {
      parameterCount: number;
      formats: { format: string; basis: string; byteCount: number }[];
    };
    expect(report).toMatchObject({ parameterCount: 800, formats: [{ format: 'BF16', basis: 'exact' }] });
    expect(report.formats[0]?.byteCount).toBe(safetensors(500).length + safetensors(300).length);
  });

  it('is refused where it is cut off or made up, with the file and the field', async () => {
    await expect(run('memory', place('cut'))).rejects.toThrow(/a\.safetensors.*cut off/);
    writeFileSync(
      path.join(place('config-only'), 'config.json'),
      JSON.stringify({ ...config, num_hidden_layers: 1e9 }),
    );
    await expect(run('memory', place('config-only'))).rejects.toThrow(
      /config\.json: num_hidden_layers: expected a whole number/,
    );
    writeFileSync(path.join(place('config-only'), 'config.json'), '{"num_hidden');
    await expect(run('memory', place('config-only'))).rejects.toThrow(/config\.json: it is no JSON/);
  });
});

describe('a set-up that runs here', () => {
  it('is started, and its prediction set beside the measurement', async () => {
    await testModel('smollm2');
    const out = path.join(folder, 'tried.yaml');
    const words = [
      ...[
        '--goal',
        'latency',
        '--privacy',
        'device',
        '--hardware',
        'this',
        '--model',
        'smollm2-135m',
        '--engine',
        'nearfar',
      ],
      ...[
        '--least-quality',
        'none',
        '--tasks',
        'simple_qa',
        '--can-wait',
        '--prompt',
        '100',
        '--answer',
        '32',
      ],
      // Measuring this machine takes a minute; bench -- roofline does it.
      ...['--apply', '--no-measure', '--out', out, '--json'],
    ];
    printed = '';
    expect(await plan.run(readArguments(plan, [...words, '--home', testCachePath()]))).toBe(0);
    const { applied } = JSON.parse(printed) as {
      applied: {
        lines: string[];
        trial: { isStarted: boolean; figures: { name: string; predicted: number; measured: number }[] };
      };
    };
    expect(applied.trial.isStarted).toBe(true);
    expect(applied.lines.join('\n')).toMatch(
      /Times are predicted (by a rough roofline: this machine was not measured\..* --measure measures|from what this machine's kernels take)/,
    );
    const figures = new Map(applied.trial.figures.map((one) => [one.name, one]));
    for (const name of ['memory', 'first token', 'each token']) {
      expect(figures.get(name)?.predicted).toBeGreaterThan(0);
      expect(figures.get(name)?.measured).toBeGreaterThan(
        process.platform === 'linux' || name !== 'memory' ? 0 : -1,
      );
    }
    if (process.platform === 'linux') {
      const memory = figures.get('memory');
      expect((memory?.predicted ?? NaN) / (memory?.measured ?? NaN)).toBeGreaterThan(0.85);
      expect((memory?.predicted ?? NaN) / (memory?.measured ?? NaN)).toBeLessThan(1.15);
    }
  }, 180_000);

  it('says why it was not, where it cannot be', async () => {
    const out = path.join(folder, 'elsewhere.yaml');
    expect(
      await run(
        '--goal',
        'cost',
        '--hardware',
        'RTX 4090',
        '--no-api',
        '--engine',
        'vllm',
        '--apply',
        '--out',
        out,
      ),
    ).toBe(0);
    expect(printed).toMatch(/Nothing was started: vLLM is not part of nearfar/);
  });
});
