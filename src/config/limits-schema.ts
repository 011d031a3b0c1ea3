import { z } from 'zod';

const milliseconds = z.number().int().min(1).max(86_400_000);

/** `limits`: what a client may ask of the gateway. */
export const limitsSchema = z.strictObject({
  bodyBytes: z
    .number()
    .int()
    .min(1024)
    .default(16 * 1024 * 1024)
    .describe('Largest request body, in bytes; beyond it 413.'),
  bodyTimeoutMs: milliseconds
    .default(30_000)
    .describe('Longest time a client may take to send a body; beyond it 408.'),
  headerTimeoutMs: milliseconds
    .default(15_000)
    .describe('Longest time a client may take to send its headers.'),
  slowClientMs: milliseconds
    .default(30_000)
    .describe('A reader that takes nothing off a full stream for this long is dropped.'),
  keepAliveCommentMs: milliseconds
    .default(10_000)
    .describe('A waiting stream carries a comment this often, so that proxies keep it open.'),
});
