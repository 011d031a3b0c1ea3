import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedSettings } from '../config/load.ts';
import type { KernelSetting } from '../kernels/kernel-setting.ts';
import { kernelFolder, kernelRecordPath } from '../kernels/built-kernels.ts';
import { cpuName } from './faster-format.ts';
import { libraryOfKernels } from './found-kernels.ts';
import { keptCalibration } from './machine-speed.ts';

let home: string;
const code = Buffer.from('not really a library');
const sha256 = createHash('sha256').update(code).digest('hex');

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-speed-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const under = (kernels: KernelSetting): LoadedSettings =>
  ({ home, settings: { engine: { kernels, backend: 'cpu' } } }) as unknown as LoadedSettings;

function keepSpeed(kernels: string): void {
  mkdirSync(join(home, 'measured'));
  const kept = { methodVersion: 3, kernels, calibration: {}, measuredAt: '2026-11-30', cpu: cpuName() };
  writeFileSync(join(home, 'measured', 'speed.json'), JSON.stringify(kept));
}

function keepKernels(): void {
  mkdirSync(kernelFolder(home));
  const record = {
    ...{ fileName: 'libggml-cpu-x.so', variant: 'x', compiler: 'GNU 12', builtAt: '2026-11-30' },
    ...{ sha256, library: libraryOfKernels()?.name ?? 'none', cpu: cpuName(), comparisons: [] },
  };
  writeFileSync(kernelRecordPath(home), JSON.stringify(record));
  writeFileSync(join(kernelFolder(home), record.fileName), code);
}

describe('the speeds on record', () => {
  it('are of the kernels that the settings let compute', () => {
    keepSpeed('shipped');
    expect(keptCalibration(under('auto'))).not.toBeNull();
    keepKernels();
    expect(keptCalibration(under('auto'))).toBeNull();
    expect(keptCalibration(under('shipped'))).not.toBeNull();
  });

  it('with built ones count until those are gone, and for that setting only', () => {
    keepSpeed(`auto ${sha256}`);
    keepKernels();
    expect(keptCalibration(under('auto'))).not.toBeNull();
    expect(keptCalibration(under('built'))).toBeNull();
    expect(keptCalibration(under('shipped'))).toBeNull();
    rmSync(kernelFolder(home), { recursive: true });
    expect(keptCalibration(under('auto'))).toBeNull();
  });
});
