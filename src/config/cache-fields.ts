import { z } from 'zod';

/** Of the answers in PostgreSQL, where `databaseEnv` names one. */
export const sharedAnswerFields = {
  shared: z
    .enum(['off', 'open', 'inside'])
    .default('open')
    .describe(
      'Where state is in PostgreSQL, whether its gateways share kept answers there. open: those of requests that are open; ' +
        'inside: those that are local_only too, because the owner says that the database is within his boundary; off: none.',
    ),
  sharedBytes: z
    .number()
    .int()
    .min(1024 * 1024)
    .max(1024 ** 4)
    .default(256 * 1024 * 1024)
    .describe('Bytes of answers in PostgreSQL; the oldest go first.'),
};

export const upstreamAnswersField = z
  .boolean()
  .default(true)
  .describe(
    "Whether upstreams' answers are given again by the same rules (docs/caching.md): what states a temperature of at most " +
      'exactMaxTemperature or a seed, shows text only and calls nothing.',
  );
