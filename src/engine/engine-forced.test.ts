import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextToken } from './testing/fake-decoder.ts';
import { command, createHarness, type Harness } from './testing/harness.ts';
import { forcedTokenLimit, type ForcedTokens } from './text/forced-tokens.ts';

/** Of an answer so far: tokens that must follow it, none after most, now and then as many as a step takes. */
type Forcing = (answer: readonly number[]) => readonly number[];

/** Depends on the last tokens alone, so that repetitive answers repeat their forced runs, too. */
const forcing =
  (salt: number): Forcing =>
  (answer) => {
    let hash = salt;
    for (const token of answer.slice(-2)) hash = Math.imul(hash ^ token, 16777619) >>> 0;
    if (hash % 3 !== 0) return [];
    const length = hash % 15 === 0 ? forcedTokenLimit : 1 + ((hash >>> 8) % 6);
    return Array.from({ length }, (_, index) => 1 + (((hash >>> 3) + index * 7) % 63));
  };

function forcedTokensOf(forced: Forcing): ForcedTokens {
  const answer: number[] = [];
  return {
    next: () => forced(answer),
    accept: (token) => answer.push(token),
  };
}

/** The answer of a lone run: forced runs at the beginning, behind each drawn token, and behind a run of full length. */
function expectedAnswer(
  prompt: readonly number[],
  maxTokenCount: number,
  forced: Forcing,
  isRepetitive: boolean,
): string {
  const answer: number[] = [];
  for (let mayBeForced = true; answer.length < maxTokenCount;) {
    const run: readonly number[] = mayBeForced ? forced(answer) : [];
    answer.push(...run);
    mayBeForced = run.length === forcedTokenLimit;
    if (run.length > 0 || answer.length >= maxTokenCount) continue;
    const token = nextToken([...prompt, ...answer], 64, isRepetitive);
    if (token === 0) break;
    answer.push(token);
    mayBeForced = true;
  }
  const text = answer.slice(0, maxTokenCount).map((token) => String.fromCharCode(32 + token));
  return text.join('');
}

function drain(harness: Harness): void {
  for (let steps = 0; harness.engine.step(); steps++) {
    if (steps > 5000) throw new Error('the engine does not come to rest');
  }
}

describe('forced tokens in the step loop', () => {
  it('come without steps of their own, in a few parts, and count', async () => {
    const run = [5, 6, 7, 8, 9, 10];
    const harness = createHarness({
      createForcedTokens: () => forcedTokensOf((answer) => (answer.length % 8 === 0 ? run : [])),
    });
    await harness.engine.submit(command('a', [1, 2, 3], { maxTokenCount: 16, ignoreEndOfGeneration: true }));
    drain(harness);
    expect(harness.textOf('a')).toMatch(/^%&'\(\)\*..%&'\(\)\*..$/s);
    expect(harness.parts.get('a')?.at(-1)).toMatchObject({
      type: 'finish',
      usage: { completionTokenCount: 16 },
    });
    // The prompt; the first run; a drawn token; the next with the second run behind it, and what it brings; the last.
    expect(harness.decoder.batches).toEqual([3, 6, 1, 7, 1]);
    expect(harness.engine.stats()).toMatchObject({ completionTokenCount: 16, forcedTokenCount: 12 });
    expect(harness.parts.get('a')?.filter((part) => part.type === 'text-delta')).toHaveLength(5);
  });

  it('end at a stop string and at the bound, in the middle of a run', async () => {
    const createForcedTokens = () => forcedTokensOf((answer) => (answer.length === 0 ? [5, 6, 7, 8, 9] : []));
    const harness = createHarness({ createForcedTokens });
    await harness.engine.submit(command('stop', [1, 2, 3], { stop: ["'("] }));
    await harness.engine.submit(command('bound', [1, 2, 4], { maxTokenCount: 3 }));
    drain(harness);
    expect(harness.textOf('stop')).toBe('%&');
    expect(harness.textOf('bound')).toBe("%&'");
    const ends = ['stop', 'bound'].map((id) =>
      harness.parts.get(id)?.find(({ type }) => type === 'choice-end'),
    );
    expect(ends).toMatchObject([{ reason: 'stop_sequence', stopSequence: "'(" }, { reason: 'length' }]);
    expect(harness.parts.get('bound')?.at(-1)).toMatchObject({ usage: { completionTokenCount: 3 } });
    expect(harness.parts.get('stop')?.at(-1)).toMatchObject({ usage: { completionTokenCount: 4 } });
  });

  it('are drawn where logprobs are asked for', async () => {
    const createForcedTokens = () => forcedTokensOf(() => [5, 6, 7]);
    const harness = createHarness({ createForcedTokens });
    await harness.engine.submit(
      command('a', [1, 2, 3], { topLogprobCount: 1, maxTokenCount: 5, ignoreEndOfGeneration: true }),
    );
    drain(harness);
    const logprobs = (harness.parts.get('a') ?? []).flatMap((part) =>
      part.type === 'text-delta' ? (part.logprobs ?? []) : [],
    );
    expect(logprobs).toHaveLength(5);
    expect(harness.engine.stats().forcedTokenCount).toBe(0);
  });

  it('property: every answer is that of a lone run, whatever arrives, ends, is preempted or drafted', async () => {
    const requests = fc.array(
      fc.record({
        prompt: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 40 }),
        maxTokenCount: fc.integer({ min: 1, max: 70 }),
        choiceCount: fc.integer({ min: 1, max: 2 }),
        priority: fc.constantFrom('interactive', 'default', 'bulk'),
        stepsBefore: fc.integer({ min: 0, max: 6 }),
        isAborted: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const setup = fc.record({
      salt: fc.nat(1_000),
      cellCount: fc.constantFrom(160, 240, 1_000),
      batchTokenCount: fc.constantFrom(8, 32, 64),
      hostCacheBytes: fc.constantFrom(0, 100_000),
      speculation: fc.constantFrom('off' as const, 'auto' as const, 3),
      prefixGranularity: fc.constantFrom('token' as const, 'sequence' as const),
      repetitive: fc.boolean(),
      readersApart: fc.boolean(),
    });
    let forcedTokenCount = 0;
    let preemptionCount = 0;
    await fc.assert(
      fc.asyncProperty(requests, setup, async (all, { salt, ...options }) => {
        const forced = forcing(salt);
        const harness = createHarness({
          ...options,
          flatCost: true,
          createForcedTokens: () => forcedTokensOf(forced),
        });
        for (const [index, { stepsBefore, isAborted, prompt, ...more }] of all.entries()) {
          for (let step = 0; step < stepsBefore; step++) harness.engine.step();
          await harness.engine.submit(command(`r${index}`, prompt, more));
          if (isAborted && index > 0) harness.engine.abort(`r${index - 1}`);
        }
        drain(harness);
        for (const [index, { prompt, maxTokenCount, choiceCount }] of all.entries()) {
          const last = harness.parts.get(`r${index}`)?.at(-1);
          if (all[index + 1]?.isAborted === true && last?.type === 'error') continue;
          expect(last?.type).toBe('finish');
          const text = expectedAnswer(prompt, maxTokenCount, forced, options.repetitive);
          for (let choice = 0; choice < choiceCount; choice++) {
            const parts = harness.parts.get(`r${index}`) ?? [];
            const own = parts.map((part) =>
              part.type === 'text-delta' && part.choice === choice ? part.text : '',
            );
            expect(own.join('')).toBe(text);
          }
        }
        expect(harness.decoder.widestBatch).toBeLessThanOrEqual(options.batchTokenCount);
        const { idleCellCount, usedCellCount } = harness.engine.stats();
        expect(usedCellCount).toBe(idleCellCount);
        forcedTokenCount += harness.engine.stats().forcedTokenCount;
        preemptionCount += harness.engine.stats().preemptionCount;
      }),
      { numRuns: 200 },
    );
    expect(forcedTokenCount).toBeGreaterThan(1_000);
    expect(preemptionCount).toBeGreaterThan(0);
  });
});
