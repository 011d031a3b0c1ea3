import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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

  it('never bills more than was told, whatever a server says', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (odd, fields) => {
        for (const wire of [
          odd,
          fields,
          { prompt_tokens: odd, input_tokens: odd, cache_creation: odd, ...fields },
        ]) {
          for (const read of [openaiUsage, anthropicUsage, ollamaUsage]) {
            const usage = read(wire);
            expect(usage.cachedTokenCount).toBeLessThanOrEqual(usage.promptTokenCount);
            expect(costMicros(usage, perToken)).toBe(usage.promptTokenCount + usage.completionTokenCount);
          }
        }
      }),
    );
  });
});
