import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  chooseKernels,
  comparisonFor,
  findBuiltKernels,
  gainOf,
  kernelFolder,
  kernelRecordPath,
  type KernelComparison,
  type KernelRecord,
} from './built-kernels.ts';

const machine = { library: '@node-llama-cpp/linux-x64 3.22.1', cpu: 'Some CPU (x64)' };
const code = Buffer.from('not really a library');

const twice: KernelComparison = {
  ...{ format: 'F16', difference: 1e-4, isClear: true },
  ...{ shipped: { prefill: 500, decode: 100 }, built: { prefill: 1000, decode: 100 } },
};
const slower: KernelComparison = {
  ...{ format: 'Q8_0', difference: 0, isClear: false },
  ...{ shipped: { prefill: 1000, decode: 150 }, built: { prefill: 900, decode: 150 } },
};

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-kernels-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

function keep(changes: Partial<KernelRecord> = {}, bytes: Buffer = code): void {
  mkdirSync(kernelFolder(home));
  const record: KernelRecord = {
    ...{ fileName: 'libggml-cpu-zen4.so', variant: 'zen4', compiler: 'GNU 12.2.0', builtAt: '2026-11-30' },
    sha256: createHash('sha256').update(code).digest('hex'),
    ...machine,
    comparisons: [twice, slower],
    ...changes,
  };
  writeFileSync(kernelRecordPath(home), JSON.stringify(record));
  writeFileSync(join(kernelFolder(home), 'libggml-cpu-zen4.so'), bytes);
}

describe('what was built here', () => {
  it('is found with its file', () => {
    keep();
    const { built, problem } = findBuiltKernels(home, machine);
    expect(built?.file).toBe(join(home, 'kernels', 'libggml-cpu-zen4.so'));
    expect(problem).toBeNull();
  });

  it('is nothing, and no problem, where nothing was built', () => {
    expect(findBuiltKernels(home, machine)).toEqual({ built: null, problem: null });
  });

  it.each<[string, () => void, RegExp]>([
    [
      'another library',
      () => {
        keep({ library: '@node-llama-cpp/linux-x64 3.23.0' });
      },
      /built for .*3\.23\.0/,
    ],
    [
      'another processor',
      () => {
        keep({ cpu: 'Another' });
      },
      /built for Another/,
    ],
    [
      'a file that was cut off',
      () => {
        keep({}, code.subarray(1));
      },
      /changed since/,
    ],
    [
      'a record that names a file elsewhere',
      () => {
        keep({ fileName: '../evil.so' });
      },
      /cannot be read/,
    ],
    [
      'a record that is none',
      () => {
        keep();
        writeFileSync(kernelRecordPath(home), '{');
      },
      /cannot be read/,
    ],
  ])('is not loaded where it is of %s', (_, prepare, said) => {
    prepare();
    const found = findBuiltKernels(home, machine);
    expect(found.built).toBeNull();
    expect(found.problem).toMatch(said);
    expect(() => chooseKernels('built', found, 'F16')).toThrow(said);
    expect(chooseKernels('auto', found, 'F16')).toBeNull();
  });
});

describe('the choice', () => {
  it('takes by itself what was measured to be faster in the format', () => {
    keep();
    const found = findBuiltKernels(home, machine);
    expect(chooseKernels('auto', found, 'F16')).toBe(found.built?.file);
    expect(chooseKernels('auto', found, 'Q8_0')).toBeNull();
    // Never compared, or not known.
    expect(chooseKernels('auto', found, 'Q2_K')).toBeNull();
    expect(chooseKernels('auto', found, null)).toBeNull();
  });

  it('stays with the shipped ones where the runs contradict each other', () => {
    keep({ comparisons: [{ ...twice, isClear: false }] });
    expect(chooseKernels('auto', findBuiltKernels(home, machine), 'F16')).toBeNull();
  });

  it('does as it is told', () => {
    keep();
    const found = findBuiltKernels(home, machine);
    expect(chooseKernels('built', found, 'Q8_0')).toBe(found.built?.file);
    expect(chooseKernels('shipped', found, 'F16')).toBeNull();
  });

  it('refuses to go on with others where built ones are demanded', () => {
    expect(() => chooseKernels('built', findBuiltKernels(home, machine), 'F16')).toThrow(
      /nearfar kernels build/,
    );
  });

  it('knows a mixed format by what it mostly is', () => {
    const named = (format: string): KernelComparison => ({ ...twice, format });
    const all = ['Q4_0', 'Q4_K', 'F16', 'BF16'].map(named);
    expect(comparisonFor(all, 'Q4_K_M')?.format).toBe('Q4_K');
    expect(comparisonFor(all, 'bf16')?.format).toBe('BF16');
    expect(comparisonFor(all, 'Q4_1')).toBeNull();
  });

  it('weighs a prompt and an answer', () => {
    // 512 / 500 + 128 / 100 = 2.304 s against 512 / 1000 + 1.28 = 1.792 s.
    expect(gainOf(twice)).toBeCloseTo(1 - 1.792 / 2.304, 6);
    expect(gainOf(slower)).toBeLessThan(0);
  });
});
