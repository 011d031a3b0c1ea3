import { z } from 'zod';

/** What is kept of /v1/responses. */
export const responsesSchema = z.strictObject({
  store: z
    .boolean()
    .default(true)
    .describe(
      'Whether responses of /v1/responses are kept where the client does not say store: false, as OpenAI does. ' +
        'What is local_only never is.',
    ),
  maxAgeSeconds: z
    .number()
    .int()
    .min(1)
    .max(315_360_000)
    .default(30 * 24 * 3600)
    .describe('Seconds for which a response is kept since it was last gone on from.'),
  maxCount: z.number().int().min(1).default(10_000).describe('Most responses kept; the oldest go first.'),
  maxBytes: z
    .number()
    .int()
    .min(0)
    .default(1024 * 1024 * 1024)
    .describe('Bytes of all responses kept; the oldest go first.'),
});
