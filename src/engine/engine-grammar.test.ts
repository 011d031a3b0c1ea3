import { describe, expect, test } from 'vitest';
import { command, createHarness } from './testing/harness.ts';
import type { AnswerGrammar } from './text/answer-grammar.ts';

const grammar = { text: 'root ::= "x"', triggers: null };

/** Allows what `isAllowed` says, is complete after `length` tokens, and knows whether it was freed. */
function countingGrammars(length: number, isAllowed: (token: number) => boolean = () => true) {
  const counts = { opened: 0, freed: 0 };
  const create = (): AnswerGrammar => {
    counts.opened += 1;
    let accepted = 0;
    let isFreed = false;
    const live = (): void => {
      if (isFreed) throw new Error('used after it was freed');
    };
    return {
      allows: (token) => {
        live();
        return isAllowed(token);
      },
      mayAllow: () => true,
      check: (ids, count, flags) => {
        live();
        for (let index = 0; index < count; index++) flags[index] = isAllowed(ids[index] as number) ? 1 : 0;
      },
      accept: () => {
        live();
        accepted += 1;
      },
      isActive: () => true,
      isComplete: () => accepted >= length,
      forced: () => null,
      free: () => {
        if (!isFreed) counts.freed += 1;
        isFreed = true;
      },
    };
  };
  return { counts, create };
}

function run(harness: ReturnType<typeof createHarness>): void {
  for (let step = 0; step < 500 && harness.engine.step(); step++);
}

describe('a grammar in the step loop', () => {
  test('ends an answer where it is complete, and before the bound', async () => {
    const { counts, create } = countingGrammars(5);
    const harness = createHarness({ createGrammar: create });
    const more = { grammar, ignoreEndOfGeneration: true, choiceCount: 2 };
    await harness.engine.submit(command('a', [1, 2, 3], more));
    run(harness);
    const parts = harness.parts.get('a') ?? [];
    expect(parts.filter((part) => part.type === 'choice-end').map((part) => part.reason)).toEqual([
      'stop',
      'stop',
    ]);
    expect(parts.at(-1)).toMatchObject({ type: 'finish', usage: { completionTokenCount: 10 } });
    expect(counts).toEqual({ opened: 2, freed: 2 });
  });

  test('is freed at the token bound, at an abort, at a deadline and at an error', async () => {
    for (const [more, end] of [
      [{ maxTokenCount: 3 }, 'finish'],
      [{}, 'aborted'],
      [{ deadlineAt: 20 }, 'timeout'],
    ] as const) {
      const { counts, create } = countingGrammars(1_000);
      const harness = createHarness({ createGrammar: create });
      const base = { grammar, ignoreEndOfGeneration: true, maxTokenCount: 100 };
      await harness.engine.submit(command('a', [1, 2, 3], { ...base, ...more }));
      for (let step = 0; step < 5; step++) harness.engine.step();
      if (end === 'aborted') harness.engine.abort('a');
      run(harness);
      const last = harness.parts.get('a')?.at(-1);
      expect(last?.type === 'error' ? last.error.kind : last?.type).toBe(end);
      expect(counts).toEqual({ opened: 1, freed: 1 });
    }
    const { counts, create } = countingGrammars(1_000, () => false);
    const harness = createHarness({ createGrammar: create });
    await harness.engine.submit(command('a', [1, 2, 3], { grammar }));
    run(harness);
    expect(harness.parts.get('a')?.at(-1)).toMatchObject({ type: 'error', error: { kind: 'internal' } });
    expect(counts).toEqual({ opened: 1, freed: 1 });
  });

  test('keeps its place while its sequence is preempted', async () => {
    const { counts, create } = countingGrammars(30);
    const harness = createHarness({ createGrammar: create, cellCount: 64, hostCacheBytes: 0 });
    for (const id of ['a', 'b', 'c']) {
      const prompt = [id.charCodeAt(0) % 64, 2, 3];
      await harness.engine.submit(
        command(id, prompt, { grammar, ignoreEndOfGeneration: true, maxTokenCount: 40 }),
      );
    }
    run(harness);
    expect(harness.engine.stats().preemptionCount).toBeGreaterThan(0);
    for (const id of ['a', 'b', 'c']) {
      expect(harness.parts.get(id)?.at(-1)).toMatchObject({
        type: 'finish',
        usage: { completionTokenCount: 30 },
      });
    }
    expect(counts).toEqual({ opened: 3, freed: 3 });
  });
});
