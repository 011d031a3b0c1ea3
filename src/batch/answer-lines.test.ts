import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { answerLines, type LineCounts } from './answer-lines.ts';
import type { Outcome } from './answer-row.ts';

const outcome = (status: number): Outcome => ({
  status,
  requestId: '',
  body: { usage: { prompt_tokens: 2, completion_tokens: 3 } },
});
const lines = Array.from({ length: 10 }, (_, index) => index);
const never = new AbortController().signal;

describe('answering lines', () => {
  it('asks so many at once and no more, and keeps every outcome once', async () => {
    let open = 0;
    let most = 0;
    const kept: number[] = [];
    const seen: LineCounts[] = [];
    const counts = await answerLines({
      lines,
      atOnce: 3,
      signal: never,
      ask: async (line) => {
        most = Math.max(most, ++open);
        await nextTurn();
        open--;
        return outcome(line === 4 ? 400 : 200);
      },
      keep: (line) => Promise.resolve(void kept.push(line)),
      onProgress: (now) => seen.push(now),
    });
    expect(most).toBe(3);
    expect(kept.toSorted((a, b) => a - b)).toEqual(lines);
    expect(counts).toEqual({ doneCount: 10, failedCount: 1, promptTokenCount: 20, completionTokenCount: 30 });
    expect(seen.at(-1)).toEqual(counts);
  });

  it('tries again where it was told "not now", and gives up after a few tries', async () => {
    const asked = new Map<number, number>();
    const kept = new Map<number, number>();
    await answerLines({
      lines: [1, 2],
      atOnce: 2,
      signal: never,
      retryMs: 1,
      ask: (line) => {
        const count = (asked.get(line) ?? 0) + 1;
        asked.set(line, count);
        return Promise.resolve(outcome(line === 1 && count === 3 ? 200 : 503));
      },
      keep: (line, { status }) => Promise.resolve(void kept.set(line, status)),
      onProgress: () => undefined,
    });
    expect([...kept]).toEqual([
      [1, 200],
      [2, 503],
    ]);
    expect(asked.get(2)).toBe(6);
  });

  it('stops at the signal: what is under way is dropped and nothing more is kept', async () => {
    const stop = new AbortController();
    const kept: number[] = [];
    const counts = await answerLines({
      lines,
      atOnce: 2,
      signal: stop.signal,
      ask: async (line, signal) => {
        if (line === 4) stop.abort();
        await nextTurn();
        signal.throwIfAborted();
        return outcome(200);
      },
      keep: (line) => Promise.resolve(void kept.push(line)),
      onProgress: () => undefined,
    });
    expect(kept.length).toBeLessThanOrEqual(5);
    expect(counts.doneCount).toBe(kept.length);
  });

  it('ends with the first row that cannot be kept', async () => {
    const run = answerLines({
      lines,
      atOnce: 2,
      signal: never,
      ask: async () => {
        await nextTurn();
        return outcome(200);
      },
      keep: (line) => (line === 3 ? Promise.reject(new Error('disk full')) : Promise.resolve()),
      onProgress: () => undefined,
    });
    await expect(run).rejects.toThrow('disk full');
  });
});
