import { z } from 'zod';

export const upstreamAnswersField = z
  .boolean()
  .default(true)
  .describe(
    "Whether upstreams' answers are given again by the same rules (docs/caching.md): what states a temperature of at most " +
      'exactMaxTemperature or a seed, shows text only and calls nothing.',
  );
