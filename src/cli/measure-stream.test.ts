import { expect, it } from 'vitest';
import { testWeights } from '../../test/weights.ts';
import { measureStream } from '../measure/stream-job.ts';
import { streamText } from '../measure/stream-text.ts';
import { renderStream } from './measure-stream.ts';

const request = {
  backend: 'cpu' as const,
  threadCount: 1,
  kvType: 'f16' as const,
  text: streamText.slice(0, 2_500),
  windowTokenCount: 128,
  windowCount: 3,
  strideTokenCount: 64,
  sinkTokenCount: 4,
};

it('measuring a stream shows what sinks keep and a plain window loses', async () => {
  const path = await testWeights('smollm2');
  const fractions: number[] = [];
  const measured = await measureStream(
    { ...request, path },
    { onProgress: (fraction) => fractions.push(fraction) },
  );
  const [sinks, sliding, recomputed] = measured.methods;
  expect(measured.methods.map(({ name }) => name)).toEqual(['sinks', 'sliding', 'recomputed']);
  expect(measured).toMatchObject({ streamTokenCount: 384, scoredTokenCount: 256 });
  expect(recomputed).toMatchObject({ ratio: 1, ratioError: 0 });
  // A window this short holds little, so the bound is looser than that of the target.
  expect(sinks!.ratio).toBeLessThan(1.3);
  expect(sliding!.ratio).toBeGreaterThan(sinks!.ratio);
  expect(sinks!.computedPerToken).toBeLessThan(1.01);
  expect(recomputed!.computedPerToken).toBeGreaterThan(1.9);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  const table = renderStream('some-model', measured);
  for (const word of ['sinks (the first 4 stay)', 'sliding window', 'recomputed every 64', '±', 'Target'])
    expect(table).toContain(word);

  await expect(measureStream({ ...request, path, text: 'Too short.' })).rejects.toMatchObject({
    kind: 'invalid_request',
    message: expect.stringMatching(/The text has \d+ tokens; a stream of 3 windows takes 384/) as string,
  });
  const stop = new AbortController();
  const running = measureStream({ ...request, path }, { signal: stop.signal });
  setTimeout(() => {
    stop.abort();
  }, 300);
  await expect(running).rejects.toMatchObject({ kind: 'aborted' });
}, 300_000);
