import { z } from 'zod';
import { priorities, type Dialect } from '../chat/request.ts';
import { anthropicErrorSchema } from './anthropic/answer-schema.ts';
import { ollamaErrorSchema } from './ollama/answer-schema.ts';
import { openaiErrorSchema } from './openai/answer-schema.ts';
import type { Operation } from './operation.ts';

/** An OpenAPI 3.1 document made from the operations themselves and the schemas that check their bodies. */
export function openapiDocument(operations: readonly Operation[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const path = (paths[openapiPath(operation.path)] ??= {});
    path[operation.method.toLowerCase()] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'nearfar',
      version,
      description:
        'One gateway for the OpenAI, Anthropic and Ollama APIs with an inference engine of its own inside it.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(tagOfDialect).map(([, name]) => ({ name })),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
    paths,
  };
}

const tagOfDialect: Readonly<Record<Dialect, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  ollama: 'Ollama',
  internal: 'Server',
};

const errorSchemas: Readonly<Record<Dialect, z.ZodType>> = {
  openai: openaiErrorSchema,
  anthropic: anthropicErrorSchema,
  ollama: ollamaErrorSchema,
  internal: openaiErrorSchema,
};

function describe(operation: Operation): object {
  const names = [...operation.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...(operation.isAnswer === true ? answerHeaders : []),
  ];
  return {
    tags: [tagOfDialect[operation.dialect]],
    summary: operation.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === null
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(operation.body, 'input') } },
          },
        }),
    responses: {
      200: {
        description: Object.values(operation.answers)
          .map((answer) => answer.description)
          .join(' Or: '),
        content: Object.fromEntries(
          Object.entries(operation.answers).map(([type, { schema }]) => [
            type,
            schema === undefined ? {} : { schema: jsonSchema(schema, 'output') },
          ]),
        ),
      },
      default: {
        description: 'An error, in the shape of the dialect.',
        content: { 'application/json': { schema: jsonSchema(errorSchemas[operation.dialect], 'output') } },
      },
    },
    // Keys are only asked for where the settings hold some, hence the empty alternative.
    security: operation.scope === null ? [] : [{ bearer: [] }, { apiKey: [] }, {}],
    ...(operation.scope === null ? {} : { 'x-nearfar-scope': operation.scope }),
  };
}

/** Request headers of nearfar's own that every prompt may carry. */
const answerHeaders = [
  {
    name: 'x-nearfar-privacy',
    in: 'header',
    required: false,
    description: 'local_only: this machine answers or nobody does.',
    schema: { type: 'string', enum: ['open', 'local_only'] },
  },
  {
    name: 'x-nearfar-session',
    in: 'header',
    required: false,
    description:
      'A name of the session, the same for all its turns: what was tainted once stays inside. Where absent it is told by how ' +
      'the conversation begins.',
    schema: { type: 'string', maxLength: 200 },
  },
  {
    name: 'x-nearfar-priority',
    in: 'header',
    required: false,
    description:
      'Who waits for the answer; goes before service_tier. default where absent. voice: answered within its target or refused.',
    schema: { type: 'string', enum: priorities },
  },
  {
    name: 'x-nearfar-cache',
    in: 'header',
    required: false,
    description:
      'Whether an answer to the same request may be given again: auto (as the settings have it), use (drawn answers and ' +
      'such that may call tools too), refresh (a new one, kept in its place) or off.',
    schema: { type: 'string', enum: ['auto', 'use', 'refresh', 'off'] },
  },
  {
    name: 'x-nearfar-timeout-ms',
    in: 'header',
    required: false,
    description: 'The answer is given up after this many milliseconds.',
    schema: { type: 'integer', minimum: 1 },
  },
] as const;

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  // OpenAPI 3.1 speaks JSON Schema 2020-12, which is zod's default. Checks made by functions have no JSON form.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any', io });
  return rest;
}

/** `/v1/models/:model{.+}` -> `/v1/models/{model}` */
export function openapiPath(path: string): string {
  return path.replace(/:(\w+)(?:\{[^}]*\})?/g, '{$1}');
}
