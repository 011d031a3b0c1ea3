import { z } from 'zod';
import { isShown, resolveAllowed } from './allowed-model.ts';
import type { AppDependencies } from './dependencies.ts';
import { anthropicModelListSchema, anthropicModelSchema } from './anthropic/answer-schema.ts';
import { openaiModelListSchema, openaiModelSchema } from './openai/answer-schema.ts';
import { anthropicModel, anthropicModelPage } from './anthropic/models.ts';
import { dialectOf } from './error-response.ts';
import { jsonResponse } from './json-response.ts';
import { findListedModel, listedModels } from './listed-models.ts';
import { openaiModel } from './openai/models.ts';
import { defineOperation, type Operation } from './operation.ts';

/** /v1/models belongs to OpenAI and Anthropic alike; the header `anthropic-version` tells whose client asks. */
export function modelOperations(dependencies: AppDependencies): readonly Operation[] {
  return [
    defineOperation({
      method: 'GET',
      path: '/v1/models',
      dialect: 'openai',
      summary:
        "The names that may be asked. In Anthropic's shape where the header anthropic-version is sent.",
      scope: 'use',
      body: null,
      answers: {
        'application/json': {
          description: 'The list of models.',
          schema: z.union([openaiModelListSchema, anthropicModelListSchema]),
        },
      },
      async handle(call) {
        const models = (await listedModels(dependencies)).filter(({ name, facts }) =>
          isShown(call.caller, name, facts.id),
        );
        return dialectOf('/v1/models', call.headers) === 'anthropic'
          ? jsonResponse(anthropicModelPage(models, call.query), call, 'anthropic')
          : jsonResponse({ object: 'list', data: models.map(openaiModel) }, call, 'openai');
      },
    }),
    defineOperation({
      method: 'GET',
      path: '/v1/models/:model{.+}',
      dialect: 'openai',
      summary: 'One model, by any of its names.',
      scope: 'use',
      body: null,
      answers: {
        'application/json': {
          description: 'The model.',
          schema: z.union([openaiModelSchema, anthropicModelSchema]),
        },
      },
      async handle(call) {
        const name = call.pathParameter('model');
        await resolveAllowed(dependencies, call.caller, name);
        const model = await findListedModel(name, dependencies);
        return dialectOf('/v1/models', call.headers) === 'anthropic'
          ? jsonResponse(anthropicModel(model), call, 'anthropic')
          : jsonResponse(openaiModel(model), call, 'openai');
      },
    }),
  ];
}
