import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { billed } from '../answer/billing.ts';
import { costMicros } from '../ledger/cost.ts';
import { anthropicUsage, ollamaUsage, openaiUsage } from './usage.ts';

const count = fc.nat(1_000_000);
/** One millionth a token of each class: the cost is the number of tokens that were billed. */
const each = { promptMicrosPerMillion: 1e6, cachedMicrosPerMillion: 1e6, completionMicrosPerMillion: 1e6 };
const perToken = {
  currency: 'USD',
  ...each,
  cacheWriteMicrosPerMillion: 1e6,
  longCacheWriteMicrosPerMillion: 1e6,
};

describe('usage', () => {
  it('bills each of OpenAI’s tokens once, reasoning within the completion', () => {
    fc.assert(
      fc.property(count, count, count, count, (prompt, cached, written, reasoning) => {
        const usage = openaiUsage({
          prompt_tokens: prompt + cached,
          completion_tokens: written + reasoning,
          total_tokens: prompt + cached + written + reasoning,
          prompt_tokens_details: { cached_tokens: cached },
          completion_tokens_details: { reasoning_tokens: reasoning },
        });
        expect(usage).toEqual({
          promptTokenCount: prompt + cached,
          cachedTokenCount: cached,
          completionTokenCount: written + reasoning,
          reasoningTokenCount: reasoning,
        });
        expect(costMicros(usage, perToken)).toBe(prompt + cached + written + reasoning);
      }),
    );
  });

  it('counts reasoning that stands beside the completion into it, as the total tells', () => {
    fc.assert(
      fc.property(count, count, fc.integer({ min: 1, max: 9999 }), (prompt, written, reasoning) => {
        const usage = openaiUsage({
          prompt_tokens: prompt,
          completion_tokens: written,
          total_tokens: prompt + written + reasoning,
          completion_tokens_details: { reasoning_tokens: reasoning },
        });
        expect(usage.completionTokenCount).toBe(written + reasoning);
        expect(usage.reasoningTokenCount).toBe(reasoning);
      }),
    );
  });

  it('bills each of Anthropic’s tokens once, in its own class', () => {
    fc.assert(
      fc.property(count, count, count, count, count, (fresh, read, short, long, output) => {
        const usage = anthropicUsage({
          input_tokens: fresh,
          cache_read_input_tokens: read,
          cache_creation_input_tokens: short + long,
          cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
          output_tokens: output,
        });
        expect(usage.promptTokenCount).toBe(fresh + read + short + long);
        const price = {
          currency: 'USD',
          promptMicrosPerMillion: 1e6,
          cachedMicrosPerMillion: 2e6,
          completionMicrosPerMillion: 3e6,
          cacheWriteMicrosPerMillion: 5e6,
          longCacheWriteMicrosPerMillion: 7e6,
        };
        expect(costMicros(usage, price)).toBe(fresh + 2 * read + 5 * short + 7 * long + 3 * output);
      }),
    );
  });

  it('counts what was reasoned without a word of it, and what was cached beside the prompt, as the total tells', () => {
    fc.assert(
      fc.property(count, count, fc.integer({ min: 1, max: 9999 }), (prompt, written, more) => {
        const told = {
          prompt_tokens: prompt,
          completion_tokens: written,
          total_tokens: prompt + written + more,
        };
        expect(openaiUsage(told)).toMatchObject({
          promptTokenCount: prompt,
          completionTokenCount: written + more,
        });
        expect(openaiUsage({ ...told, prompt_tokens_details: { cached_tokens: more } })).toMatchObject({
          promptTokenCount: prompt + more,
          cachedTokenCount: more,
          completionTokenCount: written,
        });
      }),
    );
  });

  it.each([
    ['DeepSeek', { prompt_cache_hit_tokens: 30, prompt_cache_miss_tokens: 70 }, 30, 0],
    ['Moonshot', { cached_tokens: 30 }, 30, 0],
    ['OpenAI', { prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 50 } }, 30, 50],
    ['vLLM without its option', { prompt_tokens_details: null }, 0, 0],
    ['a server that errs', { prompt_tokens_details: { cached_tokens: 300, cache_write_tokens: 50 } }, 100, 0],
  ])('reads the cache of %s', (_, fields, cached, written) => {
    const wire = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, ...fields };
    const usage = openaiUsage(wire);
    expect([usage.promptTokenCount, usage.cachedTokenCount, usage.cacheWriteTokenCount ?? 0]).toEqual([
      100,
      cached,
      written,
    ]);
    expect(usage.completionTokenCount).toBe(10);
  });

  it('reads the names of responses like those of chat', () => {
    fc.assert(
      fc.property(count, count, count, (prompt, cached, written) => {
        const counts = { cached: Math.min(cached, prompt), total: prompt + written };
        expect(
          openaiUsage({
            input_tokens: prompt,
            input_tokens_details: { cached_tokens: counts.cached },
            output_tokens: written,
            output_tokens_details: { reasoning_tokens: written },
            total_tokens: counts.total,
          }),
        ).toEqual(
          openaiUsage({
            prompt_tokens: prompt,
            prompt_tokens_details: { cached_tokens: counts.cached },
            completion_tokens: written,
            completion_tokens_details: { reasoning_tokens: written },
            total_tokens: counts.total,
          }),
        );
      }),
    );
  });

  it('that does not tell what was read has an unknown cost, not none', () => {
    for (const usage of [
      openaiUsage({}),
      openaiUsage({ completion_tokens: 5, total_tokens: 5 }),
      openaiUsage({ prompt_tokens: -1, completion_tokens: 0 }),
      anthropicUsage({ output_tokens: 3 }),
      ollamaUsage({ eval_count: 3 }),
    ]) {
      expect(usage.isMeasured).toBe(false);
      const billing = { upstream: 'up', price: perToken };
      expect(billed(usage, usage.isMeasured !== false, billing).costMicros).toBeNull();
    }
    expect(ollamaUsage({ prompt_eval_count: 0, eval_count: 3 }).isMeasured).toBeUndefined();
  });

  it('is whole, in its bounds and bills each token once, whatever a server says', () => {
    const names = [
      'prompt_tokens',
      'completion_tokens',
      'total_tokens',
      'input_tokens',
      'output_tokens',
      'cached_tokens',
      'prompt_cache_hit_tokens',
      'cache_read_input_tokens',
      'cache_creation_input_tokens',
      'prompt_eval_count',
      'eval_count',
    ];
    const inner = [
      'cached_tokens',
      'cache_write_tokens',
      'reasoning_tokens',
      'thinking_tokens',
      'ephemeral_5m_input_tokens',
      'ephemeral_1h_input_tokens',
    ];
    const odd = fc.oneof(fc.nat(100_000), fc.integer(), fc.double(), fc.jsonValue());
    const groups = fc.dictionary(fc.constantFrom(...inner), odd);
    const wires = fc
      .tuple(
        fc.dictionary(fc.constantFrom(...names), odd),
        fc.dictionary(
          fc.constantFrom(
            'prompt_tokens_details',
            'completion_tokens_details',
            'output_tokens_details',
            'cache_creation',
          ),
          fc.oneof(groups, odd),
        ),
      )
      .map(([flat, nested]) => ({ ...flat, ...nested }));
    fc.assert(
      fc.property(fc.oneof(wires, fc.jsonValue()), (wire) => {
        for (const read of [openaiUsage, anthropicUsage, ollamaUsage]) {
          const usage = read(wire);
          const written = (usage.cacheWriteTokenCount ?? 0) + (usage.longCacheWriteTokenCount ?? 0);
          for (const value of Object.values(usage)) {
            if (typeof value === 'boolean') continue;
            expect(Number.isSafeInteger(value)).toBe(true);
            expect(value).toBeGreaterThanOrEqual(0);
          }
          // Cached, written and new tokens are the prompt's; reasoning is the completion's.
          expect(usage.cachedTokenCount + written).toBeLessThanOrEqual(usage.promptTokenCount);
          expect(usage.reasoningTokenCount ?? 0).toBeLessThanOrEqual(usage.completionTokenCount);
          expect(costMicros(usage, perToken)).toBe(usage.promptTokenCount + usage.completionTokenCount);
        }
      }),
      { numRuns: 500 },
    );
  });
});
