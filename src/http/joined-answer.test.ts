import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { collectAnswer } from './collected-answer.ts';
import { joinAnswers } from './joined-answer.ts';

const timings = { queueMs: 1, prefillMs: 2, decodeMs: 3, totalMs: 6 };

interface Script {
  readonly texts: readonly string[];
  readonly pauses: readonly number[];
  readonly fails: boolean;
}

async function* play(script: Script): AsyncGenerator<ChatPart> {
  yield { type: 'start', model: 'm', grade: 'basic', promptTokenCount: 2, cachedTokenCount: 1 };
  for (const [index, text] of script.texts.entries()) {
    for (let turn = 0; turn < (script.pauses[index] ?? 0); turn++) await Promise.resolve();
    yield { type: 'text-delta', choice: 0, text };
  }
  if (script.fails) {
    yield { type: 'error', error: new NearfarError('model_crashed', 'Died.') };
    return;
  }
  yield { type: 'choice-end', choice: 0, reason: 'stop' };
  const usage = { promptTokenCount: 2, cachedTokenCount: 1, completionTokenCount: script.texts.length };
  yield { type: 'finish', usage, timings };
}

const scripts = fc.array(
  fc.record({
    texts: fc.array(fc.string(), { maxLength: 5 }),
    pauses: fc.array(fc.nat(4), { maxLength: 5 }),
    fails: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);

describe('joinAnswers', () => {
  it('keeps each answer whole and ends exactly once, however they interleave', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (answers) => {
        const abortAll = vi.fn();
        const parts: ChatPart[] = [];
        for await (const part of joinAnswers(answers.map(play), 1, abortAll)) parts.push(part);
        const ends = parts.filter((part) => part.type === 'finish' || part.type === 'error');
        expect(ends).toEqual([parts.at(-1)]);
        expect(parts.filter((part) => part.type === 'start').length).toBeLessThanOrEqual(1);
        const fails = answers.some((answer) => answer.fails);
        expect(parts.at(-1)?.type).toBe(fails ? 'error' : 'finish');
        expect(abortAll).toHaveBeenCalledTimes(fails ? 1 : 0);
        if (fails) return;
        const { choices, usage } = collectAnswer(parts, answers.length);
        expect(choices.map((choice) => choice.text)).toEqual(answers.map((answer) => answer.texts.join('')));
        expect(usage.promptTokenCount).toBe(2 * answers.length);
        expect(usage.completionTokenCount).toBe(answers.reduce((sum, { texts }) => sum + texts.length, 0));
      }),
    );
  });
});
