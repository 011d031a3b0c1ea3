import { describe, expect, it, vi } from 'vitest';
import type { LoadProgress } from '../backend.ts';
import { shareLoad, type LoadModel } from './shared-load.ts';
import { createTurns } from './turns.ts';

const forever = new AbortController().signal;
const progress: LoadProgress = {
  backend: 'x',
  phase: 'download',
  loadedBytes: 1,
  totalBytes: 2,
  fraction: 0.5,
};

function loading() {
  let finish = (): void => undefined;
  let fail = (_: Error): void => undefined;
  const load = vi.fn<LoadModel>((onProgress, signal) => {
    onProgress(progress);
    return new Promise((resolve, reject) => {
      finish = resolve;
      fail = reject;
      signal.addEventListener('abort', () => {
        reject(new Error('stopped'));
      });
    });
  });
  return {
    load,
    finish: () => {
      finish();
    },
    fail: (error: Error) => {
      fail(error);
    },
  };
}

describe('a shared load', () => {
  it('runs once, and tells those who come later how far it is', async () => {
    const { load, finish } = loading();
    const shared = shareLoad(load);
    const seen: number[] = [];
    const first = shared(() => undefined, forever);
    const second = shared(({ fraction }) => seen.push(fraction), forever);
    finish();
    await Promise.all([first, second]);
    await shared(() => undefined, forever);
    expect(load).toHaveBeenCalledTimes(1);
    expect(seen).toEqual([0.5]);
    expect(shared.isLoaded()).toBe(true);
  });

  it('goes on for the others when one gives up, and stops with the last', async () => {
    const { load } = loading();
    const shared = shareLoad(load);
    const [one, two] = [new AbortController(), new AbortController()];
    const waits = [shared(() => undefined, one.signal), shared(() => undefined, two.signal)];
    const signal = load.mock.calls[0]?.[1];
    one.abort();
    await expect(waits[0]).rejects.toMatchObject({ kind: 'aborted' });
    expect(signal?.aborted).toBe(false);
    two.abort();
    await expect(waits[1]).rejects.toMatchObject({ kind: 'aborted' });
    expect(signal?.aborted).toBe(true);
  });

  it('that failed is tried again', async () => {
    const { load, fail, finish } = loading();
    const shared = shareLoad(load);
    const failed = shared(() => undefined, forever);
    fail(new Error('no'));
    await expect(failed).rejects.toMatchObject({ kind: 'internal' });
    const again = shared(() => undefined, forever);
    finish();
    await again;
    expect(load).toHaveBeenCalledTimes(2);
  });
});

describe('turns', () => {
  it('come in order, and who gives up holds up nobody', async () => {
    const turns = createTurns();
    const order: string[] = [];
    const endFirst = await turns.take(forever);
    const stop = new AbortController();
    const given = turns.take(stop.signal);
    const third = turns.take(forever).then((end) => {
      order.push('third');
      end();
    });
    stop.abort();
    await expect(given).rejects.toMatchObject({ kind: 'aborted' });
    expect(order).toEqual([]);
    endFirst();
    await third;
    expect(order).toEqual(['third']);
  });
});
