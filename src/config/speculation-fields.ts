import { z } from 'zod';

const name = z.string().min(1).max(200);

/** The settings of `engine` about drafting ahead. */
export const speculationFields = {
  speculation: z
    .union([z.enum(['auto', 'off']), z.number().int().min(1).max(16)])
    .nullable()
    .default(null)
    .describe(
      'Tokens drafted ahead, from prompt and answer (prompt lookup) and by a draft model. They change no odds; where two ' +
        'tokens are all but equal, rounding may tip it, so that the same seed can give another text. off: none, but for ' +
        'requests that ask for them. auto: as many as are expected to pay. 1-16: always so many. null: auto for models ' +
        'that have a draft model, off for others.',
    ),
  draft: name
    .nullable()
    .default(null)
    .describe(
      'A smaller model with the same vocabulary that drafts for `near`: its id, or the reference that it is pulled by. ' +
        'Its memory counts towards the budget. null: none.',
    ),
  drafts: z
    .record(name, name)
    .default({})
    .describe('Draft models of single models, by id, e.g. {qwen2.5-7b-instruct: qwen2.5-0.5b-instruct}.'),
};
