import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testWeights } from '../../test/weights.ts';
import { writeTinyModel } from '../engine/llama/testing/tiny-model.ts';
import { decodeBound, measureBandwidth } from './bandwidth.ts';
import { measureModel } from './measure-job.ts';
import { measuringText } from './text.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-measure-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('measuring a model', () => {
  it('gives speeds and a perplexity that a working model has', async () => {
    const path = await testWeights('smollm2');
    const measured = await measureModel({
      path,
      backend: 'cpu',
      threadCount: 1,
      text: measuringText.slice(0, 2400),
      windowTokenCount: 256,
    });
    expect(measured.perplexity).toBeGreaterThan(5);
    expect(measured.perplexity).toBeLessThan(100);
    expect(measured.scoredTokenCount).toBeGreaterThan(100);
    expect(measured.prefillTokensPerSecond).toBeGreaterThan(0);
    expect(measured.decodeTokensPerSecond).toBeGreaterThan(0);
    expect(measured).toMatchObject({ format: 'Q4_1', threadCount: 1 });
  }, 300_000);

  it('gives one that a model without sense has', async () => {
    const path = join(folder, 'tiny.gguf');
    writeTinyModel(path, 'dense');
    const measured = await measureModel({ path, backend: 'cpu', threadCount: 1 });
    // 300 words, random weights: worse than guessing.
    expect(measured.perplexity).toBeGreaterThan(250);
  }, 60_000);

  it('says why it cannot, and can be stopped', async () => {
    const path = join(folder, 'damaged.gguf');
    writeFileSync(path, 'no model');
    await expect(measureModel({ path, backend: 'cpu' })).rejects.toMatchObject({ kind: 'invalid_request' });
    await expect(measureModel({ path, signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'aborted',
    });
    const stop = new AbortController();
    const stopped = measureModel({ path: await testWeights('smollm2'), threadCount: 1, signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 300);
    await expect(stopped).rejects.toMatchObject({ kind: 'aborted' });
  }, 300_000);
});

describe('memory bandwidth', () => {
  it('is measured in every round by all threads', async () => {
    const measured = await measureBandwidth({
      threadCount: 2,
      bytesPerThread: 32 * 1024 ** 2,
      roundMs: 20,
      roundCount: 3,
    });
    expect(measured.threadCount).toBe(2);
    expect(measured.rounds).toHaveLength(3);
    expect(measured.bytesPerSecond).toBeGreaterThan(1e8);
    expect(measured.rounds).toContain(measured.bytesPerSecond);
  });

  it('bounds tokens per second by the bytes of the weights', () => {
    expect(decodeBound(20e9, 5e9)).toBe(4);
  });
});
