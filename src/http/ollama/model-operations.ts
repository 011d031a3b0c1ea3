import { z } from 'zod';
import { NearfarError } from '../../chat/error.ts';
import { isShown, resolveAllowed } from '../allowed-model.ts';
import { isReaderFile } from '../../models/reader-file.ts';
import type { InstalledModel } from '../../models/store.ts';
import type { AppDependencies } from '../dependencies.ts';
import { requestIdHeaders } from '../error-response.ts';
import { streamResponse } from '../stream-response.ts';
import { jsonResponse } from '../json-response.ts';
import { type Call, defineOperation, type Operation } from '../operation.ts';
import { ollamaPsSchema, ollamaPullSchema, ollamaShowSchema, ollamaTagsSchema } from './answer-schema.ts';
import { deleteSchema, pullSchema, showSchema } from './model-schema.ts';
import { ollamaRunning, ollamaShow, ollamaTag } from './models.ts';
import { createPullReader, pullReference } from './pull.ts';
import { unloadIfRunning } from './unload.ts';

/** What Ollama's API says and does about the models on this machine. */
export function ollamaModelOperations(dependencies: AppDependencies): readonly Operation[] {
  const { store, localModels, naming } = dependencies;
  return [
    defineOperation({
      method: 'GET',
      path: '/api/version',
      dialect: 'ollama',
      summary: "nearfar's version.",
      scope: null,
      body: null,
      answers: {
        'application/json': { description: 'The version.', schema: z.strictObject({ version: z.string() }) },
      },
      handle: (call) => jsonResponse({ version: dependencies.version }, call, 'ollama'),
    }),
    defineOperation({
      method: 'GET',
      path: '/api/tags',
      dialect: 'ollama',
      summary: 'The models on this machine.',
      scope: 'use',
      body: null,
      answers: { 'application/json': { description: 'The models.', schema: ollamaTagsSchema } },
      async handle(call) {
        const models = (await store.list()).filter(({ id }) => isShown(call.caller, id, id));
        return jsonResponse({ models: models.map(ollamaTag) }, call, 'ollama');
      },
    }),
    defineOperation({
      method: 'GET',
      path: '/api/ps',
      dialect: 'ollama',
      summary: 'The models in memory.',
      scope: 'use',
      body: null,
      answers: { 'application/json': { description: 'The models.', schema: ollamaPsSchema } },
      async handle(call) {
        const models = await Promise.all(
          localModels
            .running()
            .filter(({ id }) => isShown(call.caller, id, id))
            .map(async (model) => ollamaRunning(model, (await store.find(model.id))?.facts ?? null)),
        );
        return jsonResponse({ models }, call, 'ollama');
      },
    }),
    defineOperation({
      method: 'POST',
      path: '/api/show',
      dialect: 'ollama',
      summary: 'What is known about one model.',
      scope: 'use',
      body: showSchema,
      answers: { 'application/json': { description: 'The model.', schema: ollamaShowSchema } },
      async handle(call) {
        const model = await installed(
          dependencies,
          await resolveAllowed(dependencies, call.caller, modelOf(call.body)),
        );
        const readsOnly = model.adapterOf === undefined && (await isReaderFile(model.path));
        return jsonResponse(ollamaShow(model, readsOnly), call, 'ollama');
      },
    }),
    defineOperation({
      method: 'DELETE',
      path: '/api/delete',
      dialect: 'ollama',
      summary: 'Remove a model from this machine. Takes ids only, no aliases.',
      scope: 'admin',
      body: deleteSchema,
      answers: { 'application/json': { description: 'Nothing more to say.', schema: z.strictObject({}) } },
      async handle(call) {
        const { id } = await installed(dependencies, modelOf(call.body).replace(/:latest$/, ''));
        await unloadIfRunning(dependencies, id);
        await store.remove(id);
        return jsonResponse({}, call, 'ollama');
      },
    }),
    defineOperation({
      method: 'POST',
      path: '/api/pull',
      dialect: 'ollama',
      summary: 'Download a model of the catalog, or any GGUF of the hub as hf:owner/repository/file.gguf.',
      scope: 'admin',
      body: pullSchema,
      answers: {
        'application/x-ndjson': { description: 'Progress, one object a line.', schema: ollamaPullSchema },
        'application/json': { description: 'The end, with "stream": false.', schema: ollamaPullSchema },
      },
      async handle(call) {
        const reference = pullReference(modelOf(call.body), naming);
        if (call.body.stream ?? true) return pullStream(dependencies, call, reference);
        await store.pull(reference, { signal: call.signal });
        return jsonResponse({ status: 'success' }, call, 'ollama');
      },
    }),
  ];
}

function pullStream({ store, limits }: AppDependencies, call: Call<unknown>, reference: string): Response {
  const stop = new AbortController();
  const giveUp = (): void => {
    stop.abort(call.signal.reason);
  };
  call.signal.addEventListener('abort', giveUp, { once: true });
  return streamResponse(
    {
      reader: createPullReader(store, reference, stop.signal),
      encode: (line) => `${JSON.stringify(line)}\n`,
      keepAliveText: null,
      limits,
      onAbandoned: (reason) => {
        stop.abort(reason);
      },
      disconnect: call.disconnect,
    },
    { 'content-type': 'application/x-ndjson', ...requestIdHeaders('ollama', call.requestId) },
  );
}

/** @throws NearfarError `model_not_found` */
async function installed({ store }: AppDependencies, id: string): Promise<InstalledModel> {
  const model = await store.find(id);
  if (model !== null) return model;
  const ids = (await store.list()).map((other) => other.id);
  const here = ids.length === 0 ? 'There are none.' : `There are: ${ids.join(', ')}.`;
  throw new NearfarError('model_not_found', `There is no model of that id on this machine. ${here}`, {
    field: 'model',
  });
}

/** @throws NearfarError `invalid_request` where the model is not named */
function modelOf(body: { model?: string | null | undefined; name?: string | null | undefined }): string {
  const name = body.model ?? body.name;
  if (typeof name === 'string') return name;
  throw new NearfarError('invalid_request', 'model: expected the name of a model.', { field: 'model' });
}
