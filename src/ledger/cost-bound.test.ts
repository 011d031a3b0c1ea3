import fc from 'fast-check';
import { expect, test } from 'vitest';
import { costBoundMicros, isFree } from './cost-bound.ts';
import { costMicros, localPrice, type TokenPrice, type TokenRates } from './cost.ts';
import { tokenBound } from './token-bound.ts';

const rate = fc.integer({ min: 0, max: 100_000_000 });
const rates: fc.Arbitrary<TokenRates> = fc.record(
  {
    promptMicrosPerMillion: rate,
    cachedMicrosPerMillion: rate,
    completionMicrosPerMillion: rate,
    cacheWriteMicrosPerMillion: rate,
    longCacheWriteMicrosPerMillion: rate,
  },
  { requiredKeys: ['promptMicrosPerMillion', 'cachedMicrosPerMillion', 'completionMicrosPerMillion'] },
);
const price: fc.Arbitrary<TokenPrice> = fc
  .tuple(rates, fc.option(fc.record({ aboveTokenCount: fc.nat(5000), rates: fc.option(rates) })))
  .map(([base, long]) => ({ currency: 'USD', ...base, ...(long === null ? {} : { longPrompt: long }) }));

test('no request costs more than its bound, however its tokens are billed', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      price,
      fc.nat(10_000),
      fc.nat(10_000),
      share,
      share,
      share,
      share,
      share,
      (of, prompt, written, ...shares) => {
        const bound = costBoundMicros({ promptTokenCount: prompt, completionTokenCount: written }, of);
        const [read, cached, stored, long, used] = shares;
        const promptTokenCount = Math.floor(prompt * read);
        const cost = costMicros(
          {
            promptTokenCount,
            cachedTokenCount: Math.floor(promptTokenCount * cached),
            cacheWriteTokenCount: Math.floor(promptTokenCount * stored),
            longCacheWriteTokenCount: Math.floor(promptTokenCount * long),
            completionTokenCount: Math.floor(written * used),
          },
          of,
        );
        if (bound !== null) expect(cost).toBeLessThanOrEqual(bound);
        if (cost === null) expect(bound).toBeNull();
      },
    ),
  );
});

test('free is what has no rate above nothing', () => {
  expect(isFree(localPrice)).toBe(true);
  expect(isFree({ ...localPrice, cacheWriteMicrosPerMillion: 1 })).toBe(false);
  expect(isFree({ ...localPrice, longPrompt: { aboveTokenCount: 5, rates: null } })).toBe(false);
});

test('a prompt has no more tokens than bytes, whatever its form', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (texts) => {
      const messages = texts.map((content) => ({ role: 'user', content }));
      const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      expect(tokenBound({ messages })).toBeGreaterThanOrEqual(bytes);
      expect(tokenBound({ messages })).toBeLessThanOrEqual(bytes + 40 * texts.length + 40);
    }),
  );
});

test('images count by themselves, and what is kept elsewhere has no bound', () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(1_000_000)}` } };
  expect(tokenBound([image])).toBeLessThan(30_000);
  expect(tokenBound({ role: 'user', images: ['A'.repeat(1_000_000)] })).toBeLessThan(30_000);
  expect(tokenBound([{ type: 'file', file: { file_id: 'file-1' } }])).toBe(Infinity);
  expect(tokenBound({ type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } })).toBe(
    Infinity,
  );
  expect(tokenBound({ type: 'file', source: { kind: 'url', url: 'https://example.com/a.pdf' } })).toBe(
    Infinity,
  );
  // A tool may well have a parameter of that name.
  expect(tokenBound({ properties: { file_id: { type: 'string' } } })).toBeLessThan(100);
});
