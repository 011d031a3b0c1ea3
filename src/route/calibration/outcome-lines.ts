import { z } from 'zod';
import { NearfarError } from '../../chat/error.ts';
import type { ModelOutcome, Outcome } from './outcome.ts';

const scoreText = 'expected a score from 0 to 1, or [score, cost in US dollars]';
const score = z.number(scoreText).min(0, scoreText).max(1, scoreText);
const cost = z.number().min(0).max(1e6);
const model = z
  .union([score, z.tuple([score, cost]), z.tuple([score])], {
    error: scoreText,
  })
  .transform((value): ModelOutcome =>
    typeof value === 'number' ? { score: value, cost: null } : { score: value[0], cost: value[1] ?? null },
  );
const line = z
  .looseObject({
    prompt: z.string().min(1).max(1_000_000),
    group: z.union([z.string(), z.number()]).optional(),
    models: z.record(z.string().min(1).max(300), model).optional(),
    // Pairs as the public files have them.
    strong: score.optional(),
    weak: score.optional(),
  })
  .refine(
    ({ models, strong, weak }) => models !== undefined || (strong !== undefined && weak !== undefined),
    {
      path: ['models'],
      message: 'expected {"NAME": score from 0 to 1 or [score, cost], ...}',
    },
  );

/**
 * One outcome of a line of JSON: `{prompt, models: {name: score}}`, scores 0-1, `[score, cost]` where the cost in US dollars is known;
 * or `{prompt, strong, weak}`.
 * @param where named in errors, e.g. `outcomes.jsonl line 3`
 * @throws NearfarError `invalid_request` naming the field and what was expected
 */
export function readOutcomeLine(text: string, where: string): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NearfarError('invalid_request', `${where}: expected a JSON object.`);
  }
  const read = line.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new NearfarError(
      'invalid_request',
      `${where}: ${field === '' ? '' : `${field}: `}${issue?.message ?? 'expected {"prompt", "models"}'}.`,
      { field },
    );
  }
  const { prompt, group, models, strong, weak } = read.data;
  return {
    prompt,
    ...(group === undefined ? {} : { group: String(group) }),
    models: models ?? {
      weak: { score: weak ?? 0, cost: null },
      strong: { score: strong ?? 0, cost: null },
    },
  };
}
