import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/models-fixtures.ts';
import { renderWeights } from '../cli/measure-weights.ts';
import { quantizeFile } from '../engine/llama/quantize-job.ts';
import { writeTinyModel } from '../engine/llama/testing/tiny-model.ts';
import { simulateFormat } from '../models/formats/simulate-format.ts';
import { sourceOfFile } from '../models/quantize-model.ts';
import { measureWeights, type WeightsRequest, type WeightsTools } from './measure-weights.ts';
import { measuringText } from './text.ts';
import { measureWeightsFile } from './weights-job.ts';
import type { WeightsFileMeasurement } from './weights.ts';

const job = { signal: new AbortController().signal, onProgress: () => undefined };

async function requestFor(folder: string, formats: readonly string[]): Promise<WeightsRequest> {
  const path = join(folder, 'tiny.gguf');
  writeTinyModel(path, 'dense');
  return {
    source: await sourceOfFile(path),
    formats,
    imatrix: null,
    folder: join(folder, 'measured'),
    backend: 'cpu',
    threadCount: 1,
    text: measuringText.slice(0, 700),
    windowTokenCount: 64,
    windowCount: 3,
    cpu: 'test',
    again: false,
  };
}

const tools: WeightsTools = {
  quantize: quantizeFile,
  simulate: simulateFormat,
  measureFile: measureWeightsFile,
};

describe('measuring weight formats', () => {
  it('measures what is made against what it was made of, and leaves no weights behind', async () => {
    await using folder = await temporaryFolder();
    const request = await requestFor(folder.path, ['F16', 'Q5_0', 'IQ4_NL', 'NF4', 'FP8_E4M3', 'NVFP4']);
    const fractions: number[] = [];
    const report = await measureWeights(request, tools, {
      ...job,
      onProgress: (fraction) => fractions.push(fraction),
    });
    expect(report).toMatchObject({ baseFormat: 'F32', sourceLoss: null, scoredTokenCount: 93 });
    const row = (format: string) => report.rows.find((one) => one.format === format)!;
    expect(row('F32')).toMatchObject({ against: null, bitsPerWeight: 32, origin: 'source' });
    expect(row('F16').against!.divergence.mean).toBeLessThan(0.001);
    expect(row('Q5_0').against!.divergence.mean).toBeLessThan(row('IQ4_NL').against!.divergence.mean);
    expect(row('Q5_0').speeds.map(({ batchSize }) => batchSize)).toEqual([1, 8]);
    expect(row('Q5_0').residentBytes).toBeGreaterThan(0);
    expect(row('NF4')).toMatchObject({ origin: 'simulated', speeds: [], residentBytes: null });
    expect(row('FP8_E4M3').against!.divergence.mean).toBeGreaterThan(0);
    expect(row('FP8_E4M3').bitsPerWeight).toBeLessThan(16);
    // Rows of 32 weights do not hold NVFP4's blocks: said, and the others measured all the same.
    expect(report.failed).toEqual([
      { format: 'NVFP4', reason: expect.stringContaining('cannot be written as NVFP4') as string },
    ]);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    const names = await readdir(request.folder, { recursive: true });
    expect(names.filter((name) => /gguf|logits/.test(name))).toEqual([]);
    const text = renderWeights(report);
    for (const word of ['tiny.gguf', 'NF4, Transformers', 'vllm serve', 'For edge: ', 'bits per weight', '±'])
      expect(text).toContain(word);
  }, 120_000);

  it('goes on where it was stopped, says what the base is, and measures anew where asked to', async () => {
    await using folder = await temporaryFolder();
    const first = await requestFor(folder.path, []);
    const q4 = join(folder.path, 'q4.gguf');
    await quantizeFile({ input: first.source.files[0]!, output: q4, format: 'Q4_0', allowRequantize: false });
    const request = { ...first, source: await sourceOfFile(q4), formats: ['Q8_0', 'NF4'] };
    const asked: string[] = [];
    const stop = new AbortController();
    const counting: WeightsTools = {
      ...tools,
      measureFile: async (file, options) => {
        asked.push(file.path.split('/').at(-1)!);
        if (asked.length === 3) stop.abort();
        options.signal.throwIfAborted();
        await writeFile(file.basePath, 'probabilities');
        return measured(file.isBase);
      },
    };
    await expect(measureWeights(request, counting, { ...job, signal: stop.signal })).rejects.toThrow();
    expect(asked).toEqual(['base-f16.gguf', 'q4.gguf', 'Q8_0.gguf']);
    asked.length = 0;
    const report = await measureWeights(request, counting, job);
    // The base's probabilities are made again; the source's row stands on record.
    expect(asked).toEqual(['base-f16.gguf', 'Q8_0.gguf', 'NF4.gguf']);
    expect(report).toMatchObject({ baseFormat: 'F16', sourceLoss: 'Q4_0' });
    expect(renderWeights(report)).toContain(
      'the best there is of it here: what Q4_0 itself lost is not counted',
    );
    asked.length = 0;
    await measureWeights(request, counting, job);
    expect(asked).toEqual([]);
    await measureWeights({ ...request, again: true }, counting, job);
    expect(asked).toHaveLength(4);
    asked.length = 0;
    await measureWeights({ ...request, text: 'another text' }, counting, job);
    expect(asked).toHaveLength(4);
  }, 120_000);
});

function measured(isBase: boolean): WeightsFileMeasurement {
  const estimate = { mean: 1, margin: 0.1 };
  return {
    tensorBytes: 100,
    parameterCount: 100,
    residentBytes: 1000,
    kernels: 'shipped',
    threadCount: 1,
    speeds: [1, 8].map((batchSize) => ({
      batchSize,
      prefillTokensPerSecond: estimate,
      decodeTokensPerSecond: estimate,
    })),
    windowTokenCount: 64,
    scoredTokenCount: 93,
    perplexity: estimate,
    against: isBase ? null : { perplexityRatio: estimate, divergence: estimate, topAgreement: estimate },
  };
}
