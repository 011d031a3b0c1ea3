import { describe, expect, it } from 'vitest';
import type { Decoder } from '../engine/decoder.ts';
import { measureSpeed } from './speed.ts';
import { bestThreadCount, chooseThreads, threadCandidates } from './threads.ts';

/** A decoder on a clock of its own: a step takes as long as `cost` says. */
function createTimed(cost: (tokenCount: number, threadCount: number) => number) {
  let time = 0;
  let pending = 0;
  let threads = 1;
  let cells = 0;
  const decoder: Decoder & { setThreads(count: number): void } = {
    cellCount: 1024,
    batchTokenCount: 512,
    sequenceCount: 2,
    vocabTokenCount: 4,
    prefixGranularity: 'token',
    useAdapter: () => undefined,
    clearBatch: () => {
      pending = 0;
    },
    addToken: () => pending++,
    decode: () => {
      time += cost(pending, threads);
      cells += pending;
      pending = 0;
      return 'ok';
    },
    logits: () => new Float32Array(4),
    copySequence: () => undefined,
    removeSequence: () => {
      cells = 0;
      return true;
    },
    saveSequence: () => new Uint8Array(),
    restoreSequence: () => true,
    clearCells: () => {
      cells = 0;
      pending = 0;
    },
    setThreads: (count) => {
      threads = count;
    },
  };
  return { decoder, now: () => time, cells: () => cells, threads: () => threads };
}

const tokens = new Int32Array(600);

describe('speed', () => {
  it('is tokens over time, apart for reading and generating', () => {
    const timed = createTimed((count) => (count === 1 ? 5 : count * 0.5));
    const speed = measureSpeed(timed.decoder, tokens, { now: timed.now });
    expect(speed.prefillTokensPerSecond).toBeCloseTo(2000, 6);
    expect(speed.decodeTokensPerSecond).toBeCloseTo(200, 6);
    expect(timed.cells()).toBe(0);
  });

  it('does not count what others took from a round', () => {
    let step = 0;
    const timed = createTimed((count) => (count === 1 ? 5 : 100) * (step++ % 7 === 3 ? 10 : 1));
    const speed = measureSpeed(timed.decoder, tokens, { now: timed.now, prefillTokenCount: 100 });
    expect(speed.decodeTokensPerSecond).toBeCloseTo(200, 6);
    expect(speed.prefillTokensPerSecond).toBeCloseTo(1000, 6);
  });

  it('takes the prefill that fits', () => {
    const timed = createTimed((count) => count);
    const speed = measureSpeed(timed.decoder, tokens.subarray(0, 50), { now: timed.now });
    expect(speed.prefillTokensPerSecond).toBeCloseTo(1000, 6);
    expect(() => measureSpeed(timed.decoder, tokens.subarray(0, 0))).toThrow(RangeError);
  });
});

describe('the thread count', () => {
  it('is the fastest, measured, and the most of those that are about as fast', () => {
    const scaling = createTimed((_, threads) => 12 / threads);
    expect(chooseThreads(scaling.decoder, { candidates: [1, 2, 4], now: scaling.now }).threadCount).toBe(4);
    expect(scaling.threads()).toBe(4);
    const crowded = createTimed((_, threads) => (threads === 4 ? 50 : 12 / threads));
    expect(chooseThreads(crowded.decoder, { candidates: [1, 2, 4], now: crowded.now }).threadCount).toBe(2);
    const narrow = createTimed((_, threads) => 10 + (threads === 4 ? 5 : threads));
    expect(chooseThreads(narrow.decoder, { candidates: [1, 2, 4], now: narrow.now }).threadCount).toBe(2);
    expect(narrow.cells()).toBe(0);
  });

  it('is tried within what the machine has, keeping one processor where there are more than two', () => {
    expect(threadCandidates(1)).toEqual([1]);
    expect(threadCandidates(2)).toEqual([1, 2]);
    for (let processors = 3; processors < 200; processors++) {
      const candidates = threadCandidates(processors);
      expect(candidates.at(-1)).toBe(processors - 1);
      expect(candidates).toEqual([...new Set(candidates)].sort((a, b) => a - b));
      expect(candidates[0]).toBeGreaterThan(0);
    }
    expect(bestThreadCount([])).toBe(1);
  });
});
