import { expect, it } from 'vitest';
import { fakeGateway } from '../../test/fake-gateway.ts';
import { NearfarError } from '../chat/error.ts';
import { allOperations } from './all-operations.ts';
import { anthropicErrorSchema } from './anthropic/answer-schema.ts';
import { ollamaErrorSchema } from './ollama/answer-schema.ts';
import { openaiErrorSchema } from './openai/answer-schema.ts';

const messages = [{ role: 'user', content: 'x' }];

/** A body for every route that takes one, with as much in the answer as can be. */
const bodies: Readonly<Record<string, readonly object[]>> = {
  '/v1/chat/completions': [
    { model: 'auto', messages, n: 2, logprobs: true, top_logprobs: 1 },
    { model: 'auto', messages, stream: true, stream_options: { include_usage: true }, logprobs: true },
  ],
  '/v1/responses': [
    { model: 'auto', input: 'x', top_logprobs: 1 },
    { model: 'auto', input: 'x', stream: true, top_logprobs: 1 },
  ],
  '/v1/completions': [
    { model: 'auto', prompt: ['x', 'y'], logprobs: 1 },
    { model: 'auto', prompt: 'x', stream: true, stream_options: { include_usage: true }, logprobs: 1 },
  ],
  '/v1/embeddings': [
    { model: 'auto', input: ['x', 'y'] },
    { model: 'auto', input: [[1, 2]], encoding_format: 'base64' },
  ],
  '/v1/rerank': [{ model: 'auto', query: 'x', documents: ['y', { text: 'z' }], return_documents: true }],
  '/api/embed': [{ model: 'auto', input: ['x', 'y'] }, { model: 'auto' }],
  '/api/embeddings': [{ model: 'auto', prompt: 'x' }, { model: 'auto' }],
  '/v1/messages': [
    { model: 'auto', messages, max_tokens: 5, stop_sequences: ['z'] },
    { model: 'auto', messages, max_tokens: 5, stream: true },
  ],
  '/v1/messages/count_tokens': [{ model: 'auto', messages }],
  '/api/chat': [
    { model: 'auto', messages, stream: false, logprobs: true },
    { model: 'auto', messages, logprobs: true, top_logprobs: 1 },
    { model: 'auto' },
  ],
  '/api/generate': [
    { model: 'auto', prompt: 'x', stream: false },
    { model: 'auto', prompt: 'x' },
    { model: 'auto' },
  ],
  '/api/show': [{ model: 'auto' }],
  '/api/pull': [{ model: 'tiny' }, { model: 'tiny', stream: false }, { model: 'other' }],
  '/api/delete': [{ model: 'tiny' }],
};

/** The JSON values that a response of this type is made of. */
function valuesOf(contentType: string, text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line !== '');
  if (contentType === 'application/json') return [JSON.parse(text)];
  if (contentType === 'application/x-ndjson') return lines.map((line) => JSON.parse(line) as unknown);
  return lines
    .filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]')
    .map((line) => JSON.parse(line.slice(6)) as unknown);
}

/** Of a response to ask for again, made for this. */
async function storedId(app: ReturnType<typeof fakeGateway>['app']): Promise<string> {
  const response = await app.request('/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'auto', input: 'x' }),
  });
  return ((await response.json()) as { id: string }).id;
}

it('every route answers as it is described', async () => {
  const { app, dependencies } = fakeGateway();
  for (const operation of allOperations(dependencies)) {
    const path = operation.path.replace(/:model.*/, 'tiny').replace(':response_id', await storedId(app));
    for (const body of operation.body === null ? [null] : (bodies[path] ?? [])) {
      const response = await app.request(path, {
        method: operation.method,
        headers: { 'content-type': 'application/json' },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      });
      expect(response.status, path).toBe(200);
      const contentType = response.headers.get('content-type')?.split(';')[0] ?? '';
      const described = operation.answers[contentType];
      expect(described, `${path} ${contentType}`).toBeDefined();
      if (described?.schema === undefined) continue;
      const values = valuesOf(contentType, await response.text());
      expect(values.length).toBeGreaterThan(0);
      for (const value of values) described.schema.parse(value);
    }
    if (operation.body !== null) expect(bodies[path], path).toBeDefined();
  }
});

it("Anthropic's shape of the model list is described, too", async () => {
  const { app, dependencies } = fakeGateway();
  const list = allOperations(dependencies).find((operation) => operation.path === '/v1/models');
  const response = await app.request('/v1/models', { headers: { 'anthropic-version': '2023-06-01' } });
  expect(await response.json()).toMatchObject({ has_more: false, first_id: 'tiny' });
  expect(list?.answers['application/json']?.schema).toBeDefined();
});

it('every kind of error has the shape of its dialect, before and in a stream', async () => {
  const schemas = {
    '/v1/chat/completions': openaiErrorSchema,
    '/v1/messages': anthropicErrorSchema,
    '/api/chat': ollamaErrorSchema,
  };
  const kinds = [
    'context_overflow',
    'queue_full',
    'model_crashed',
    'unavailable',
    'timeout',
    'internal',
  ] as const;
  for (const [path, schema] of Object.entries(schemas)) {
    for (const kind of kinds) {
      for (const isLate of [false, true]) {
        const { app } = fakeGateway(async function* () {
          if (isLate)
            yield { type: 'start', model: 'm', grade: 'basic', promptTokenCount: 1, cachedTokenCount: 0 };
          yield { type: 'error', error: new NearfarError(kind, 'It failed.', { retryAfterSeconds: 2 }) };
        });
        const response = await app.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'auto',
            messages,
            max_tokens: 5,
            stream: true,
            ...(path === '/v1/messages' ? {} : { max_tokens: undefined }),
          }),
        });
        expect(response.status).toBe(isLate ? 200 : new NearfarError(kind, '').status);
        if (!isLate) expect(response.headers.get('retry-after')).toBe('2');
        const contentType = response.headers.get('content-type')?.split(';')[0] ?? '';
        const last = valuesOf(contentType, await response.text()).at(-1);
        expect(JSON.stringify(schema.parse(last))).toContain('It failed.');
      }
    }
  }
});
