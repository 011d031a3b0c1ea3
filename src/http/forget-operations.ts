import { z } from 'zod';
import { filterOf, forgetSchema } from '../capture/forget.ts';
import type { AppDependencies } from './dependencies.ts';
import { jsonResponse } from './json-response.ts';
import { defineOperation, type Operation } from './operation.ts';

/** What the owner's commands ask of a gateway that runs. */
export function forgetOperations({ forget }: AppDependencies): readonly Operation[] {
  if (forget === undefined) return [];
  return [
    defineOperation({
      method: 'POST',
      path: '/forget',
      dialect: 'internal',
      summary:
        'Forget answers that are kept in memory. `nearfar forget` does this and removes what is on disk.',
      scope: 'admin',
      body: forgetSchema,
      answers: {
        'application/json': {
          description: 'How many answers were forgotten.',
          schema: z.strictObject({ answers: z.number().int() }),
        },
      },
      async handle(call) {
        return jsonResponse({ answers: await forget(filterOf(call.body)) }, call, 'internal');
      },
    }),
  ];
}
