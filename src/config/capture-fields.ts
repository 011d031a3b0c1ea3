import { z } from 'zod';

const name = z.string().min(1).max(200);
const bytes = z.number().int().min(0);

/** What is kept of prompts and answers. */
export const captureFields = {
  capture: z
    .enum(['off', 'sample', 'all'])
    .default('off')
    .describe(
      'Whether prompts and answers are kept, for you to read: off, sample (captureSampleRate of them) or all. Never ' +
        'those marked local_only, never secrets. See docs/capture.md.',
    ),
  captureSampleRate: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe('With capture: sample, the share of requests whose prompt and answer are kept, 0-1.'),
  captureMaxAgeDays: z
    .number()
    .min(0.01)
    .max(3650)
    .default(30)
    .describe('Days after which a kept prompt and answer are removed.'),
  captureMaxBytes: bytes
    .default(1024 * 1024 * 1024)
    .describe('Bytes of prompts and answers that are kept together; beyond it the oldest are removed.'),
  capturePath: name
    .nullable()
    .default(null)
    .describe(
      'SQLite file with kept prompts and answers, readable by you only. null: captured.sqlite in the nearfar home.',
    ),
};
