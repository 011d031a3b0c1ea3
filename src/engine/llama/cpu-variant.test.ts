import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Bindings } from './bindings.ts';
import { replaceAmxVariant } from './cpu-variant.ts';
import { enums } from './structs.ts';

const { GGML_BACKEND_DEVICE_TYPE_CPU: cpu, GGML_BACKEND_DEVICE_TYPE_GPU: gpu } = enums.ggml_backend_dev_type;

/** A GPU and a CPU; says in which order what was called. */
function fakeBindings(canLoad: boolean) {
  const calls: string[] = [];
  const bindings = {
    deviceCount: () => 2,
    device: (index: number) => index,
    deviceType: (device: number) => (device === 1 ? cpu : gpu),
    deviceRegistry: (device: number) => `registry ${device}`,
    unloadBackend: (registry: string) => calls.push(`unload ${registry}`),
    loadBackend: (file: string) => {
      calls.push(`load ${path.basename(file).replace(/^lib|\.\w+$/g, '')}`);
      return canLoad ? 1n : null;
    },
    loadBackends: () => calls.push('load all'),
  };
  return { calls, bindings: bindings as unknown as Bindings };
}

function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'nearfar-variant-'));
  for (const name of names) writeFileSync(path.join(folder, name), '');
  return folder;
}

const full = folderWith('libggml-cpu-zen4.so', 'ggml-cpu-zen4.dll');

it('takes the variant without AMX in the place of the one with it, and nothing else', () => {
  const { calls, bindings } = fakeBindings(true);
  expect(replaceAmxVariant(bindings, full, 'sapphirerapids')).toBe('zen4');
  expect(calls).toEqual(['unload registry 1', 'load ggml-cpu-zen4']);
});

it('touches nothing where there is no AMX, or no other variant', () => {
  const { calls, bindings } = fakeBindings(true);
  expect(replaceAmxVariant(bindings, full, 'haswell')).toBe('haswell');
  expect(replaceAmxVariant(bindings, full, null)).toBeNull();
  expect(replaceAmxVariant(bindings, folderWith(), 'sapphirerapids')).toBe('sapphirerapids');
  expect(calls).toEqual([]);
});

it('is not left without a CPU where the other one cannot be loaded', () => {
  const { calls, bindings } = fakeBindings(false);
  expect(replaceAmxVariant(bindings, full, 'sapphirerapids')).toBe('sapphirerapids');
  expect(calls.at(-1)).toBe('load all');
});
