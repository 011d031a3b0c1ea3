import { z } from 'zod';
import { requestIdOf } from '../chat/answer-id.ts';
import { NearfarError } from '../chat/error.ts';
import type { AppDependencies } from './dependencies.ts';
import { jsonResponse } from './json-response.ts';
import { defineOperation, type Operation } from './operation.ts';

const id = z.string().min(1).max(200);

const feedbackSchema = z.strictObject({
  request_id: id.optional().describe('The x-request-id of an answer.'),
  id: id.optional().describe("The answer's own id, where nearfar made it: chatcmpl-..., msg_..., resp_..."),
  score: z.number().min(-1).max(1).optional().describe('-1 (useless) to 1 (just right).'),
  thumbs: z.enum(['up', 'down']).optional().describe('In place of a score: 1 or -1.'),
  comment: z.string().min(1).max(10_000).nullish().describe('Kept only where the answer itself is captured.'),
});

/** What callers say of answers that they got. */
export function feedbackOperations({ feedback }: AppDependencies): readonly Operation[] {
  if (feedback === undefined) return [];
  return [
    defineOperation({
      method: 'POST',
      path: '/v1/feedback',
      dialect: 'openai',
      summary: 'Say how good an answer was that this key got. Said again, it replaces what was said before.',
      scope: 'use',
      body: feedbackSchema,
      answers: {
        'application/json': {
          description: 'What was taken.',
          schema: z.strictObject({
            object: z.literal('feedback'),
            request_id: z.string(),
            score: z.number(),
            replaced: z.boolean(),
            comment_kept: z.boolean(),
          }),
        },
      },
      async handle(call) {
        const { body, caller } = call;
        const requestId = requestIdOf(oneOf({ request_id: body.request_id, id: body.id }));
        const score = scoreOf(oneOf({ score: body.score, thumbs: body.thumbs }));
        const taken = await feedback.give({ requestId, score, comment: body.comment ?? null }, caller);
        return jsonResponse(
          {
            object: 'feedback',
            request_id: taken.requestId,
            score: taken.score,
            replaced: taken.isReplaced,
            comment_kept: taken.isCommentKept,
          },
          call,
          'openai',
        );
      },
    }),
  ];
}

/** @throws NearfarError `invalid_request` where not exactly one of them is given */
function oneOf<Value>(given: Readonly<Record<string, Value | undefined>>): Value {
  const names = Object.keys(given);
  const [value, ...others] = Object.values(given).filter((one) => one !== undefined);
  if (value !== undefined && others.length === 0) return value;
  const field = names[0] ?? '';
  throw new NearfarError('invalid_request', `${field}: expected exactly one of ${names.join(' and ')}.`, {
    field,
  });
}

function scoreOf(given: number | 'up' | 'down'): number {
  if (typeof given === 'number') return given;
  return given === 'up' ? 1 : -1;
}
