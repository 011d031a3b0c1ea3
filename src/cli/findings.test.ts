import { describe, expect, it } from 'vitest';
import type { ModelFacts } from '../chat/model.ts';
import type { LoadedModel } from '../engine/protocol.ts';
import { findingsOf, isRepacked, type DoctorFacts } from './findings.ts';

const facts: ModelFacts = {
  id: 'm',
  grade: 'ungraded',
  license: null,
  contextTokenCount: 8192,
  parameterCount: 1,
  format: 'Q4_0',
  family: null,
  sizeBytes: 1e9,
  createdAt: new Date(0),
  sha256: null,
  verified: false,
};
const loaded: LoadedModel = {
  contextTokenCount: 8192,
  trainedContextTokenCount: 8192,
  vocabTokenCount: 1,
  parameterCount: 1,
  sizeBytes: 1e9,
  description: '',
  hasChatTemplate: true,
  hasFillInMiddle: false,
  prefixGranularity: 'token',
  libraryVersion: '0.5.0',
  backend: 'cpu',
  deviceNames: [],
  gpuLayerCount: 0,
  threadCount: 3,
  systemInfo: '',
  kernels: 'shipped',
  stepCost: [
    { tokenCount: 1, milliseconds: 5 },
    { tokenCount: 2, milliseconds: 8 },
  ],
  loadMs: 100,
};
const healthy: DoctorFacts = {
  machine: {
    platform: 'linux-x64',
    cpuModel: 'test',
    processorCount: 4,
    cpuFeatures: ['avx2', 'fma'],
    memoryTotal: 16e9,
    memoryFree: 8e9,
    diskFree: 100e9,
    load: 0.1,
  },
  bandwidthBytesPerSecond: 1e10,
  rejectedBackends: [],
  facts,
  loaded,
  wasRequantized: false,
  kernels: { areWanting: true, problem: null },
};
const texts = (more: Partial<DoctorFacts>) =>
  findingsOf({ ...healthy, ...more })
    .map((finding) => finding.text)
    .join('\n');

describe('findingsOf', () => {
  it('finds nothing on an idle machine with the right format', () => {
    expect(findingsOf(healthy)).toEqual([]);
  });

  it.each<[string, Partial<DoctorFacts>, RegExp]>([
    [
      'a format without repacked kernels',
      { facts: { ...facts, format: 'Q4_1' } },
      /Q4_1 has no repacked kernel/,
    ],
    ['other busy processes', { machine: { ...healthy.machine, load: 3 } }, /Other processes are busy/],
    ['as many threads as processors', { loaded: { ...loaded, threadCount: 4 } }, /All 4 processors compute/],
    [
      'more threads than processors',
      { loaded: { ...loaded, threadCount: 8 } },
      /8 threads compute on 4 processors/,
    ],
    ['an old processor', { machine: { ...healthy.machine, cpuFeatures: ['avx'] } }, /neither AVX2/],
    ['too little memory', { machine: { ...healthy.machine, memoryFree: 1e9 } }, /Free memory hardly holds/],
    [
      'a GPU that cannot be used',
      { rejectedBackends: ['cuda: no driver'] },
      /No GPU is used: cuda: no driver/,
    ],
    [
      'kernels that were shipped slow',
      { facts: { ...facts, format: 'F16' } },
      /read prompts in F16 at about half .* nearfar kernels build/,
    ],
    [
      'kernels that were built and cannot be loaded',
      { kernels: { areWanting: false, problem: 'The CPU kernels that were built here have changed since.' } },
      /have changed since/,
    ],
    [
      'batches that do not pay',
      {
        loaded: {
          ...loaded,
          stepCost: [1, 2].map((tokenCount) => ({ tokenCount, milliseconds: tokenCount ** 2 * 5 })),
        },
      },
      /more than twice a step of 1/,
    ],
  ])('names %s', (_, more, expected) => {
    expect(texts(more)).toMatch(expected);
  });
});

it('advises nobody to build kernels that are here, and were measured or refused', () => {
  expect(texts({ facts: { ...facts, format: 'F16' }, kernels: { areWanting: false, problem: null } })).toBe(
    '',
  );
});

describe('isRepacked', () => {
  it('follows the pinned build', () => {
    expect(isRepacked('Q4_0', ['avx2'])).toBe(true);
    expect(isRepacked('Q4_K_M', ['avx2'])).toBe(true);
    expect(isRepacked('Q8_0', ['avx2'])).toBe(false);
    expect(isRepacked('Q8_0', ['asimddp'])).toBe(true);
    expect(isRepacked('Q4_1', ['avx2', 'asimddp'])).toBe(false);
  });
});
