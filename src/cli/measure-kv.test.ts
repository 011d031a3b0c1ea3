import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { testWeights } from '../../test/weights.ts';
import { kvShareOfF16 } from '../engine/kv-type.ts';
import { measureKvTypes } from '../measure/kv-types-job.ts';
import { measuringText } from '../measure/text.ts';
import { createFractionPrinter } from './fraction-printer.ts';
import { renderKv } from './measure-kv.ts';

const request = {
  backend: 'cpu' as const,
  threadCount: 1,
  cellCount: 4096,
  text: measuringText.slice(0, 4000),
  windowTokenCount: 256,
};

describe('measuring the types of the KV cache', () => {
  it('gives memory as predicted, perplexities with errors, and speeds, for every type', async () => {
    const fractions: number[] = [];
    const path = await testWeights('smollm2');
    const measured = await measureKvTypes(
      { ...request, path },
      { onProgress: (fraction) => fractions.push(fraction) },
    );
    expect(measured.types.map((one) => one.kvType)).toEqual(['f16', 'q8_0', 'q4_0']);
    expect(measured.refused).toEqual([]);
    for (const one of measured.types) {
      expect(one.measuredBytesPerToken / one.predictedBytesPerToken).toBeCloseTo(1, 1);
      expect(one.predictedContextBytes).toBeCloseTo(23_040 * kvShareOfF16(one.kvType) * 4096, 0);
      expect(one.measuredContextBytes).toBeGreaterThan(0.5 * one.predictedContextBytes);
      expect(one.perplexity).toBeGreaterThan(5);
      expect(one.perplexity).toBeLessThan(100);
      expect(one.perplexityError).toBeGreaterThan(0);
      expect(one.prefillTokensPerSecond).toBeGreaterThan(0);
      expect(one.decodeTokensPerSecond).toBeGreaterThan(0);
    }
    const [f16, q8, q4] = measured.types;
    expect(f16).toMatchObject({ perplexityRatio: 1, perplexityRatioError: 0 });
    // One loses next to nothing, the other visibly more; both far from nonsense.
    expect(Math.abs(q8!.perplexityRatio - 1)).toBeLessThan(0.05);
    expect(q4!.perplexityRatio).toBeGreaterThan(q8!.perplexityRatio);
    expect(fractions.length).toBeGreaterThan(3);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const table = renderKv('some-model', measured);
    for (const word of ['f16', 'q8_0', 'q4_0', '±', 'tokens/s', 'engine.kvType'])
      expect(table).toContain(word);
  }, 300_000);

  it('can be stopped, and says what is wrong with a text', async () => {
    const path = await testWeights('smollm2');
    await expect(measureKvTypes({ ...request, path, text: 'Too short.' })).rejects.toMatchObject({
      kind: 'invalid_request',
      message: expect.stringMatching(/The text has \d+ tokens/) as string,
    });
    const stop = new AbortController();
    const running = measureKvTypes({ ...request, path }, { signal: stop.signal });
    setTimeout(() => {
      stop.abort();
    }, 300);
    await expect(running).rejects.toMatchObject({ kind: 'aborted' });
  }, 60_000);
});

describe('the progress of a job', () => {
  const print = (isTTY: boolean) => {
    let text = '';
    const out = Object.assign(
      new Writable({
        write: (chunk: Buffer, _, done) => {
          text += chunk.toString();
          done();
        },
      }),
      { isTTY, columns: 60 },
    );
    const printer = createFractionPrinter('measuring', out);
    for (let step = 0; step <= 100; step++) printer.update(step / 100);
    printer.end();
    return text;
  };

  it('is plain lines in a log', () => {
    expect(print(false).trimEnd().split('\n')).toHaveLength(11);
    expect(print(false)).not.toContain('\x1b');
  });

  it('is one line on a terminal', () => {
    expect(print(true)).not.toContain('\n');
    expect(print(true)).toContain('[##############################] 100%');
  });
});
