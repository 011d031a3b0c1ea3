import { z } from 'zod';
import { defaultCascadeRules } from '../route/cascade/judge.ts';

const count = (least: number, most: number) => z.number().int().min(least).max(most);

/** `route.cascadeRules`: by what the near model's beginning is judged. */
export const cascadeSchema = z
  .strictObject({
    tokenCount: count(1, 1000).default(defaultCascadeRules.tokenCount),
    holdMs: count(10, 600_000).default(defaultCascadeRules.holdMs),
    leastMeanLogprob: z.number().max(0).default(defaultCascadeRules.leastMeanLogprob),
    mostMeanEntropy: z.number().min(0).nullable().default(defaultCascadeRules.mostMeanEntropy),
    sampleCount: count(0, 8)
      .refine((samples) => samples !== 1, 'expected 0 or 2 to 8: one sample agrees with itself')
      .default(defaultCascadeRules.sampleCount),
    sampleTokenCount: count(1, 200).default(defaultCascadeRules.sampleTokenCount),
    leastAgreement: z.number().min(0).max(1).default(defaultCascadeRules.leastAgreement),
  })
  .prefault({})
  .describe(
    'With cascade: the near model is judged after tokenCount tokens, at its end or after holdMs milliseconds; unsure below ' +
      'leastMeanLogprob a token, above mostMeanEntropy nats (null: not asked), or where sampleCount short answers of ' +
      'sampleTokenCount tokens agree less than leastAgreement (0 samples: not asked). See docs/evaluation.md.',
  );
