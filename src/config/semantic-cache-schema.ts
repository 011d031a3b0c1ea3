import { z } from 'zod';

const dollars = z.number().min(0).max(1_000_000_000).nullable();

/** `cache.semantic`: null, or how questions are compared and how often that may go wrong. */
export const semanticCacheSchema = z
  .strictObject({
    /** A model of this machine that makes vectors, by its id or by the reference that it was pulled by. */
    embedder: z.string().min(1).max(200),
    maxWrongHitRate: z.number().min(0).max(0.5).default(0.01),
    checkRate: z.number().min(0.001).max(1).default(0.05),
    sameAnswer: z.enum(['meaning', 'text']).default('meaning'),
    /** Answers of upstreams too, where `cache.upstreams` keeps those. */
    upstreams: z.boolean().default(true),
    /** US dollars for asking upstreams although a kept answer would do; null: no bound. */
    checkBudget: z.strictObject({ perDay: dollars.default(1), perMonth: dollars.default(null) }).prefault({}),
  })
  .nullable()
  .default(null)
  .describe(
    'Whether the same question in other words gets a kept answer too: {embedder, maxWrongHitRate: 0.01, checkRate: 0.05, ' +
      'sameAnswer: meaning, upstreams: true, checkBudget: {perDay: 1, perMonth: null}}. Needs cache.exact. null: no. See docs/caching.md.',
  );
