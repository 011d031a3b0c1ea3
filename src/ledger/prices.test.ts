import { describe, expect, it } from 'vitest';
import { costMicros } from './cost.ts';
import { listedPrice, priceLists, tokenPrice } from './prices.ts';

describe('the price lists', () => {
  it('have a date and a source, and prices in a sane order', () => {
    for (const list of priceLists) {
      expect(list.date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(list.source).toContain('https://');
      for (const [name, price] of Object.entries(list.models)) {
        expect(price.output, name).toBeGreaterThan(price.input);
        expect(price.cacheRead ?? 0, name).toBeLessThan(price.input);
        expect(price.cacheWrite ?? price.input, name).toBeGreaterThanOrEqual(price.input);
        expect(price.cacheWriteLong ?? Infinity, name).toBeGreaterThan(price.cacheWrite ?? 0);
      }
    }
  });

  it('know a model with a date behind its name, and none that they do not list', () => {
    expect(listedPrice('api.anthropic.com', 'claude-haiku-4-5-20251001')?.price.promptMicrosPerMillion).toBe(
      1e6,
    );
    expect(listedPrice('api.openai.com', 'gpt-5.4-mini-2026-03-17')).not.toBeNull();
    expect(listedPrice('api.openai.com', 'gpt-5.4-mini-but-other')).toBeNull();
    expect(listedPrice('api.openai.com', 'constructor')).toBeNull();
    // Whoever resells a model has prices of his own.
    expect(listedPrice('openrouter.ai', 'gpt-5.4-mini')).toBeNull();
  });

  it('charge long prompts as listed, and call unknown what is not', () => {
    const haiku =
      listedPrice('api.anthropic.com', 'claude-haiku-5-5')?.price ?? tokenPrice({ input: 0, output: 0 });
    const tokens = { promptTokenCount: 100_000, cachedTokenCount: 0, completionTokenCount: 1000 };
    expect(costMicros(tokens, haiku)).toBe(10_000 + 500);
    expect(costMicros({ ...tokens, promptTokenCount: 100_001 }, haiku)).toBe(50_001 + 2_500);
    const older = listedPrice('api.openai.com', 'gpt-5.4')?.price ?? haiku;
    expect(costMicros({ ...tokens, promptTokenCount: 300_000 }, older)).toBeNull();
  });
});
