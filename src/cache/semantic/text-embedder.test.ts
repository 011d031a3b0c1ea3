import { expect, test, vi } from 'vitest';
import type { ChatModel } from '../../chat/model.ts';
import { createTextEmbedder } from './text-embedder.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const vector = Float32Array.from([1, 0]);

function setUp(embed: ChatModel['embed'], patienceMs = 20) {
  let time = 0;
  const warn = vi.fn();
  const read = createTextEmbedder({
    model: () => Promise.resolve({ embed }),
    modelId: 'minilm',
    warn,
    now: () => time,
    patienceMs,
  });
  return { read, warn, pass: (milliseconds: number) => (time += milliseconds) };
}

const good: ChatModel['embed'] = ({ task }) =>
  Promise.resolve({
    model: 'minilm',
    grade: 'ungraded',
    pooling: 'mean',
    output: {
      kind: 'vectors',
      vectors: task.kind === 'embed' ? task.inputs.map(() => vector) : [],
      truncatedCount: 0,
    },
    promptTokenCount: 1,
    timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
  });

test('no question waits for the weights', async () => {
  const { read } = setUp(good);
  expect(await read(['one'])).toBeNull();
  await settled();
  expect(await read(['one', 'two'])).toEqual([vector, vector]);
});

test('a model that is not there is named, and tried again later', async () => {
  let isThere = false;
  const embed = vi.fn<ChatModel['embed']>((...asked) =>
    isThere ? good(...asked) : Promise.reject(new Error('not here')),
  );
  const { read, warn, pass } = setUp(embed);
  await settled();
  expect(await read(['one'])).toBeNull();
  expect(warn).toHaveBeenCalledOnce();
  isThere = true;
  await read(['one']);
  expect(embed).toHaveBeenCalledOnce();
  pass(10_000);
  await read(['one']);
  await settled();
  expect(await read(['one'])).toEqual([vector]);
});

test('a late vector is none', async () => {
  let isSlow = false;
  const { read } = setUp((request, signal) =>
    isSlow
      ? new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new Error('aborted'));
          });
        })
      : good(request, signal),
  );
  await settled();
  isSlow = true;
  expect(await read(['one'])).toBeNull();
});
