import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { comparedFormats, compareKernels, differenceOf, type ComparingTools } from './compare-kernels.ts';
import type { KernelRun, KernelRunRequest } from './kernel-run.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-compare-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function compare(run: (request: KernelRunRequest) => KernelRun) {
  const tools: ComparingTools = {
    writeModel: (path) => {
      writeFileSync(path, '');
    },
    quantize: ({ output }) => {
      writeFileSync(output ?? '', '');
      return Promise.resolve();
    },
    run: (request) => Promise.resolve(run(request)),
  };
  return compareKernels(
    {
      ...{ file: '/built.so', threadCount: 2, folder, signal: new AbortController().signal },
      onProgress: () => undefined,
    },
    tools,
  );
}

const honest = ({ builtKernels }: KernelRunRequest): KernelRun => ({
  kernels: builtKernels === null ? 'shipped' : 'built',
  cpuVariant: 'zen4',
  prefill: builtKernels === null ? 500 : 1000,
  decode: 100,
  logits: [1, -2, 3],
});

describe('comparing kernels', () => {
  it('gives the speeds of both in each format, and leaves no files', async () => {
    const { variant, comparisons } = await compare(honest);
    expect(variant).toBe('zen4');
    expect(comparisons.map(({ format }) => format)).toEqual(comparedFormats);
    expect(comparisons[0]).toMatchObject({
      ...{ shipped: { prefill: 500 }, built: { prefill: 1000 }, difference: 0 },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says where the runs of both overlap', async () => {
    let count = 0;
    // The second run of the built ones was disturbed.
    const disturbed = (request: KernelRunRequest): KernelRun => ({
      ...honest(request),
      ...(++count % 4 === 3 ? { prefill: 400 } : {}),
    });
    const { comparisons } = await compare(disturbed);
    expect(comparisons[0]).toMatchObject({ isClear: false, built: { prefill: 1000 } });
    expect((await compare(honest)).comparisons[0]?.isClear).toBe(true);
  });

  it('refuses kernels that compute something else', async () => {
    const wrong = (request: KernelRunRequest): KernelRun => ({
      ...honest(request),
      ...(request.builtKernels === null ? {} : { logits: [1, -2, 2.5] }),
    });
    await expect(compare(wrong)).rejects.toThrow(/compute something else in F16/);
  });

  it('refuses kernels that compute no numbers', async () => {
    const broken = (request: KernelRunRequest): KernelRun => ({
      ...honest(request),
      ...(request.builtKernels === null ? {} : { logits: [1, NaN, 3] }),
    });
    await expect(compare(broken)).rejects.toThrow(/compute something else/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not take the shipped ones for those that were built', async () => {
    const fallen = (request: KernelRunRequest): KernelRun => ({ ...honest(request), kernels: 'shipped' });
    await expect(compare(fallen)).rejects.toThrow(/cannot be loaded/);
  });
});

describe('the difference', () => {
  it('is a share of the logits', () => {
    expect(differenceOf([3, 4], [3, 4])).toBe(0);
    expect(differenceOf([3, 4], [3, 4.5])).toBeCloseTo(0.1, 9);
    expect(differenceOf([3, 4], [3])).toBeNaN();
    expect(differenceOf([], [])).toBeNaN();
  });
});
