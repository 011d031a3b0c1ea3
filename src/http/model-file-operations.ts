import { z } from 'zod';
import { NearfarError } from '../chat/error.ts';
import type { OfferedFile } from '../models/offered-files.ts';
import type { InstalledModel } from '../models/store.ts';
import { isShown, resolveAllowed } from './allowed-model.ts';
import { askedRange, isKnown } from './byte-range.ts';
import type { AppDependencies, PageServing } from './dependencies.ts';
import { requestIdHeaders } from './error-response.ts';
import { fileStream } from './file-stream.ts';
import { isOriginAllowed } from './guard.ts';
import { jsonResponse } from './json-response.ts';
import { defineOperation, type Call, type Operation } from './operation.ts';

const fileSchema = z.strictObject({
  name: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
  /** Path on this server. */
  url: z.string(),
});

const listSchema = z.strictObject({
  object: z.literal('list'),
  data: z.array(
    z.strictObject({
      id: z.string(),
      format: z.string().nullable(),
      grade: z.string(),
      license: z.string().nullable(),
      context_length: z.number().nullable(),
      files: z.array(fileSchema),
    }),
  ),
});

/** The files of models, for pages that run them: what the owner offers, with ranges, so that a download can be resumed. */
export function modelFileOperations(dependencies: AppDependencies): readonly Operation[] {
  const { pages, store } = dependencies;
  if (pages === undefined) return [];
  return [
    defineOperation({
      method: 'GET',
      path: '/models/files',
      dialect: 'internal',
      summary:
        'The models whose files pages may load (pages.models), with the size and SHA-256 of each file.',
      scope: 'use',
      body: null,
      answers: { 'application/json': { description: 'The models.', schema: listSchema } },
      async handle(call) {
        const models = (await store.list()).filter(
          (model) => isOffered(pages, model) && isShown(call.caller, model.id, model.id),
        );
        const data = await Promise.all(models.map((model) => describe(pages, model)));
        return jsonResponse(
          { object: 'list', data: data.filter(({ files }) => files.length > 0) },
          call,
          'internal',
        );
      },
    }),
    defineOperation({
      method: 'GET',
      path: '/models/files/:model/:file',
      dialect: 'internal',
      summary: 'One file of a model. Takes Range and If-Range (206, 416), If-None-Match (304) and HEAD.',
      scope: 'use',
      body: null,
      answers: {
        'application/octet-stream': { description: 'The file, or the range of it that was asked for.' },
      },
      async handle(call) {
        const model = await offeredModel(dependencies, pages, call);
        const name = call.pathParameter('file');
        const file = await pages.files.find(model, name);
        if (file === null) {
          throw new NearfarError(
            'not_found',
            `${model.id} has no file of that name; GET /models/files lists them.`,
          );
        }
        return fileResponse(file, call, dependencies);
      },
    }),
  ];
}

function isOffered(pages: PageServing, model: InstalledModel): boolean {
  return model.owner === 'nearfar' && model.adapterOf === undefined && pages.offersModel(model.id);
}

/** @throws NearfarError `model_not_found`; `forbidden` where the key or the owner does not let it be loaded */
async function offeredModel(
  dependencies: AppDependencies,
  pages: PageServing,
  call: Call<unknown>,
): Promise<InstalledModel> {
  const id = await resolveAllowed(dependencies, call.caller, call.pathParameter('model'));
  const model = await dependencies.store.find(id);
  if (model === null) {
    throw new NearfarError('model_not_found', `The model ${id} is not on this machine.`, { field: 'model' });
  }
  if (isOffered(pages, model)) return model;
  throw new NearfarError(
    'forbidden',
    model.owner === 'nearfar' && model.adapterOf === undefined
      ? `Pages may not load ${model.id}: the owner lists what they may in the setting pages.models.`
      : `Pages may not load ${model.id}: only models that nearfar itself keeps are served, without adapters.`,
    { field: 'model' },
  );
}

async function describe(
  { files }: PageServing,
  model: InstalledModel,
): Promise<z.infer<typeof listSchema>['data'][number]> {
  const loaded = await files.loadedFiles(model);
  return {
    id: model.id,
    format: model.facts.format,
    grade: model.facts.grade,
    license: model.facts.license,
    context_length: model.facts.contextTokenCount,
    files: loaded.map(({ name, bytes, sha256 }) => ({
      name,
      bytes,
      sha256,
      url: `/models/files/${encodeURIComponent(model.id)}/${encodeURIComponent(name)}`,
    })),
  };
}

/** 200, 206, 304 or 416, as RFC 9110 has it. */
function fileResponse(file: OfferedFile, call: Call<unknown>, { hosts, limits }: AppDependencies): Response {
  const etag = `"${file.sha256}"`;
  const origin = call.headers.get('origin');
  const isForOthers = origin !== null && isOriginAllowed(origin, call.headers.get('host') ?? '', hosts);
  const headers = {
    'accept-ranges': 'bytes',
    // The page keeps the file itself; whoever does not may keep it after asking whether it is still the same.
    'cache-control': 'private, no-cache',
    'cross-origin-resource-policy': isForOthers ? 'cross-origin' : 'same-origin',
    etag,
    // Without Origin the answer has no CORS headers: a cache must not give it to a page of another origin.
    vary: 'Origin',
    'x-content-type-options': 'nosniff',
    ...requestIdHeaders('internal', call.requestId),
  };
  if (isKnown(call.headers, etag)) return new Response(null, { status: 304, headers });
  const range = askedRange(call.headers, file.bytes, etag);
  if (range.kind === 'unsatisfiable') {
    return new Response(null, {
      status: 416,
      headers: { ...headers, 'content-range': `bytes */${file.bytes}` },
    });
  }
  const { first, last } = range.kind === 'whole' ? { first: 0, last: file.bytes - 1 } : range;
  const body = fileStream({
    path: file.path,
    first,
    last,
    idleMs: limits.slowClientMs,
    disconnect: call.disconnect,
  });
  return new Response(body, {
    status: range.kind === 'whole' ? 200 : 206,
    headers: {
      ...headers,
      'content-type': 'application/octet-stream',
      'content-length': String(last - first + 1),
      ...(range.kind === 'whole' ? {} : { 'content-range': `bytes ${first}-${last}/${file.bytes}` }),
    },
  });
}
