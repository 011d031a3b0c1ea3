import { z } from 'zod';
import { cascadeSchema } from './cascade-schema.ts';

const name = z.string().min(1).max(200);

/** Names of tiers are asked for as models too, so they have no slash. */
const tierName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, 'expected 1 to 64 letters, digits, dots, dashes or underscores')
  .refine((text) => text !== 'auto', 'auto is the router itself');

/** Policies by name; any other word is the name of a tier that everything goes to. */
export const policyNames = ['heuristic', 'classifier', 'calibrated'] as const;

/** `route`: which tier answers what is asked of `auto`. */
export const routeSchema = z.strictObject({
  policy: name
    .nullable()
    .default(null)
    .describe(
      'How `auto` chooses a tier: heuristic (length and words), classifier (difficulty 0-1 against `thresholds`), calibrated ' +
        '(your own outcomes, `profile`) or the name of a tier, for always that one. null: auto is near, and nothing is spent, ' +
        'unless `tiers` are named: then classifier.',
    ),
  tiers: z
    .array(
      // A name alone stands for a tier whose model has that name.
      z.preprocess(
        (value) => (typeof value === 'string' ? { name: value } : value),
        z
          .strictObject({ name: tierName, model: name.optional() })
          .transform((tier) => ({ name: tier.name, model: tier.model ?? tier.name })),
      ),
    )
    .max(16)
    .nullable()
    .default(null)
    .describe(
      'Tiers from the nearest and least able to the farthest, e.g. [near, {name: mid, model: openai/gpt-5.4-mini}, far]. ' +
        'null: near, mid and far, as far as they are there.',
    ),
  thresholds: z
    .array(z.number().min(0).max(1))
    .max(15)
    .default([0.3, 0.7])
    .describe(
      'With the policy classifier: below the first the first tier, below the second the second, and so on; beyond, the last.',
    ),
  classifier: name
    .nullable()
    .default(null)
    .describe(
      "What tells a prompt's difficulty, with the policy classifier: null (the model that nearfar ships) or a chat model of this " +
        'machine (near, or its id) that is asked for a digit. See docs/routing.md.',
    ),
  profile: z
    .string()
    .regex(
      /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/,
      'expected 1 to 64 letters, digits, dots, dashes or underscores',
    )
    .nullable()
    .default(null)
    .describe('With the policy calibrated: the profile that `nearfar calibrate` wrote, by its name.'),
  heuristic: z
    .strictObject({
      shortBelow: z.number().int().min(0).max(1_000_000).default(50),
      complexWords: z
        .array(name)
        .default([
          'analyz*',
          'analys*',
          'architect*',
          'compare',
          'complex',
          'debug*',
          'derive',
          'design',
          'essay',
          'evaluat*',
          'explain why',
          'implement*',
          'optimi*',
          'plan',
          'proof',
          'prove',
          'reason*',
          'refactor*',
          'step by step',
          'strateg*',
          'trade-off*',
          'write code',
        ]),
      privacyWords: z.array(name).default(['medical', 'password', 'ssn']),
    })
    .prefault({})
    .describe(
      'With the policy heuristic: prompts with fewer characters than shortBelow (50) and none of complexWords go near; with ' +
        'one of privacyWords near, and never outside; others far. A star stands for any ending.',
    ),
  cascade: z
    .boolean()
    .default(false)
    .describe('Whether the near model starts, and hands over before a token is shown where it is unsure.'),
  cascadeRules: cascadeSchema,
  observe: z
    .boolean()
    .default(false)
    .describe(
      'Whether everything goes where it would without routing, and the ledger has what routing would have done: see nearfar costs.',
    ),
});

/** Beside `near` and `far` at the top. */
export const midField = {
  mid: name
    .nullable()
    .default(null)
    .describe('A model between near and far, that `mid` stands for, e.g. openai/gpt-5.4-mini. null: none.'),
};
