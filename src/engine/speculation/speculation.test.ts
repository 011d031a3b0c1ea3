import { describe, expect, it } from 'vitest';
import { neutralSampling } from '../../chat/sampling.ts';
import { command, createHarness, type Harness, type HarnessOptions } from '../testing/harness.ts';
import type { GenerateCommand, WirePart } from '../protocol.ts';
import { nextToken } from '../testing/fake-decoder.ts';
import { createFakeDraftModel } from '../testing/fake-draft-model.ts';

function drain(harness: Harness): void {
  for (let step = 0; harness.engine.step(); step++) if (step > 5000) throw new Error('no rest');
}

async function answer(
  options: HarnessOptions,
  more: Partial<GenerateCommand> = {},
): Promise<{ harness: Harness; parts: readonly WirePart[] }> {
  const harness = createHarness({ cellCount: 1000, repetitive: true, flatCost: true, ...options });
  await harness.engine.submit(
    command('one', repeated, { maxTokenCount: 200, ignoreEndOfGeneration: true, ...more }),
  );
  drain(harness);
  return { harness, parts: harness.parts.get('one') ?? [] };
}

const repeated = Array.from({ length: 30 }, (_, index) => 1 + (index % 10));
/** Parts of text joined, since a step with accepted drafts brings the same parts in one message. */
const answered = (parts: readonly WirePart[]) =>
  parts.filter((part) => part.type === 'text-delta' || part.type === 'choice-end');

describe('speculation in the step loop', () => {
  it('gives the same parts in fewer steps, and counts what it did', async () => {
    const plain = await answer({});
    for (const speculation of ['auto', 1, 4, 16] as const) {
      const { harness, parts } = await answer({ speculation });
      expect(answered(parts)).toEqual(answered(plain.parts));
      const stats = harness.engine.stats();
      expect(stats.acceptedTokenCount).toBeGreaterThan(10);
      expect(stats.draftedTokenCount).toBeGreaterThanOrEqual(stats.acceptedTokenCount);
      expect(stats.stepCount + stats.acceptedTokenCount).toBe(plain.harness.engine.stats().stepCount);
      const { draftedTokenCount, acceptedTokenCount } = stats;
      expect(parts.at(-1)).toMatchObject({
        type: 'finish',
        timings: { draftedTokenCount, acceptedTokenCount },
      });
    }
  });

  it('changes nothing with seeds, filters, penalties, stop strings, logprobs, choices and short limits', async () => {
    const sampling = { ...neutralSampling, temperature: 6, seed: 5, topP: 0.9, repetitionPenalty: 1.2 };
    const cases: Partial<GenerateCommand>[] = [
      { sampling },
      { sampling, choiceCount: 3, maxTokenCount: 50 },
      { stop: ['AB', '!', 'x'] },
      { topLogprobCount: 3 },
      { ignoreEndOfGeneration: false },
      ...[1, 2, 3, 5, 7].map((maxTokenCount) => ({ maxTokenCount })),
    ];
    for (const more of cases) {
      const plain = await answer({}, more);
      const { parts } = await answer({ speculation: 5 }, more);
      const byChoice = (all: readonly WirePart[]) =>
        [0, 1, 2].map((choice) => answered(all).filter((part) => 'choice' in part && part.choice === choice));
      expect(byChoice(parts)).toEqual(byChoice(plain.parts));
    }
  });

  it('does not draft where it does not pay, nor where the memory has no ranges', async () => {
    const dear = await answer({ speculation: 'auto', flatCost: false });
    const stats = dear.harness.engine.stats();
    // A trial now and then, and no more.
    expect(stats.draftedTokenCount).toBeLessThanOrEqual(4 * 16);
    const whole = await answer({ speculation: 4, prefixGranularity: 'sequence' });
    expect(whole.harness.engine.stats().draftedTokenCount).toBe(0);
    const free = await answer({ speculation: 'auto', repetitive: false });
    expect(free.harness.engine.stats().draftedTokenCount).toBeLessThan(40);
  });

  it('keeps what was accepted for the next prompt, and nothing that was rejected', async () => {
    const { harness, parts } = await answer({ speculation: 4 });
    const text = parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
    const generated = Array.from(text, (letter) => letter.charCodeAt(0) - 32);
    expect(harness.engine.stats().usedCellCount).toBe(harness.decoder.usedCellCount);
    await harness.engine.submit(command('next', [...repeated, ...generated, 9]));
    drain(harness);
    expect(harness.parts.get('next')?.[0]).toMatchObject({ cachedTokenCount: 30 + 199 });
  });
});

/**
 * The fake model's likeliest token has a known probability p and the others share the rest evenly, so how far each drawn
 * token lies from the likeliest one is distributed alike at every position, independently of the positions before.
 */
it.each(['lookup', 'model'])(
  'keeps the distribution of the sampler with drafts by %s (chi-squared over pairs of draws)',
  async (drafter) => {
    const vocabTokenCount = 6;
    const temperature = 10;
    const weight = Math.exp(20 / temperature);
    const probability = (distance: number) => (distance === 0 ? weight : 1) / (weight + vocabTokenCount - 1);
    const counts = new Float64Array(vocabTokenCount ** 2);
    let pairCount = 0;
    let acceptedCount = 0;
    for (let seed = 0; seed < 40; seed++) {
      const clock = { ms: 0, slowdown: 1 };
      const draftModel = createFakeDraftModel({
        msOf: () => 0.05,
        clock,
        vocabTokenCount,
        cellCount: 1000,
        repetitive: true,
        wrongEvery: 4,
      });
      const { harness, parts } = await answer(
        { speculation: 4, vocabTokenCount, clock, ...(drafter === 'model' && { draftModel }) },
        {
          input: { kind: 'tokens', tokens: [1, 2, 3, 1, 2, 3] },
          sampling: { ...neutralSampling, temperature, seed },
        },
      );
      acceptedCount += harness.engine.stats().acceptedTokenCount;
      const tokens = [1, 2, 3, 1, 2, 3];
      let before: number | null = null;
      for (const letter of parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')) {
        const token = letter.charCodeAt(0) - 32;
        const likeliest = nextToken(tokens, vocabTokenCount, true);
        const distance = (token - likeliest + vocabTokenCount) % vocabTokenCount;
        if (before !== null) {
          const pair = before * vocabTokenCount + distance;
          counts[pair] = (counts[pair] as number) + 1;
          pairCount++;
        }
        // Pairs do not overlap, so that they are independent.
        before = before === null ? distance : null;
        tokens.push(token);
      }
    }
    let chiSquared = 0;
    counts.forEach((count, pair) => {
      const [first, second] = [Math.floor(pair / vocabTokenCount), pair % vocabTokenCount];
      const mean = pairCount * probability(first) * probability(second);
      chiSquared += (count - mean) ** 2 / mean;
    });
    expect(pairCount).toBe(40 * 100);
    expect(acceptedCount).toBeGreaterThan(1000);
    // The 99.9% quantile of chi-squared with 35 degrees of freedom.
    expect(chiSquared).toBeLessThan(66.6);
  },
);
