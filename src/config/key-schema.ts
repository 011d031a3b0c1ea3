import { z } from 'zod';
import { keyModes } from '../privacy/verdict.ts';

const name = z.string().min(1).max(200);
const count = z.number().int().min(1).max(1_000_000_000_000).nullable().default(null);
const dollars = z.number().min(0).max(1_000_000_000).nullable().default(null);

/** What a key may ask for; null and absent: no bound. The same as `nearfar keys create` takes. */
const limitFields = {
  models: z
    .array(name)
    .min(1)
    .nullable()
    .default(null)
    .describe('Names or ids of models that it may ask, `*` standing for anything, e.g. [near, "openai/*"].'),
  requestsPerMinute: count.describe('Requests in any 60 seconds.'),
  tokensPerMinute: count.describe('Tokens of prompts and answers in any 60 seconds.'),
  budgetPerDay: dollars.describe('US dollars a day.'),
  budgetPerMonth: dollars.describe('US dollars a month.'),
  localOnly: z.boolean().default(false).describe('Nothing of its requests leaves your boundary.'),
  privacy: z
    .enum(keyModes)
    .nullable()
    .default(null)
    .describe(
      'In place of privacy.mode: open (what detectors find may leave), auto, local, redact or block.',
    ),
};

export const keySchema = z
  .strictObject({
    name: name.describe(
      'How the key is called in logs and in the ledger. Also its tenant: caches are not shared.',
    ),
    env: name.describe('Environment variable that holds the secret.').optional(),
    file: name.describe('File that holds the secret, readable by its owner only.').optional(),
    scopes: z
      .array(z.enum(['use', 'admin', 'voice']))
      .min(1)
      .default(['use'])
      .describe(
        '`use` asks models; `admin` may also pull and delete models; `voice` may ask in the class voice.',
      ),
    ...limitFields,
  })
  .refine((key) => (key.env === undefined) !== (key.file === undefined), {
    message: 'expected exactly one of `env` and `file` (the secret itself never stands in this file)',
  });

export type KeySetting = z.infer<typeof keySchema>;

/** The members of an entry, for hints at misspelt ones. */
export const keyFields: readonly string[] = ['name', 'env', 'file', 'scopes', ...Object.keys(limitFields)];

export const budgetsSchema = z.strictObject({
  timeZone: z
    .string()
    .min(1)
    .refine(isTimeZone, { message: 'expected the name of a time zone, e.g. UTC or Europe/Oslo' })
    .default('UTC')
    .describe('Time zone whose days and months budgets are for, e.g. UTC or Europe/Oslo.'),
  unknownPrice: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe(
      'What a key with a budget may do with models whose price is not known: refuse (403), or allow, which counts nothing.',
    ),
});

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
