import { z } from 'zod';

const dollars = z.number().min(0).max(1_000_000_000).nullable();

/** How it is proved that what routing saves costs no quality. */
export const qualityFields = {
  shadow: z
    .strictObject({
      /** Of the requests that may be compared, the share that is. */
      share: z.number().min(0).max(1).default(0.01),
      /** A model by any name that clients may use: of this machine or of an upstream. */
      judge: z.string().min(1).max(200),
      /** US dollars for alternatives and judge together; null: no bound. */
      budget: z.strictObject({ perDay: dollars.default(1), perMonth: dollars.default(null) }).prefault({}),
    })
    .nullable()
    .default(null)
    .describe(
      'Whether a sample of requests is answered by another tier too, after its answer went out, and a model judges both: ' +
        '{judge: MODEL, share: 0.01, budget: {perDay: 1, perMonth: null}}. Never what is marked local_only. null: no. See ' +
        'docs/quality.md.',
    ),
};
