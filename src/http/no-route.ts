import { NearfarError } from '../chat/error.ts';

/** Parts of the three APIs that clients may look for and that nearfar does not serve yet. */
const absent: readonly { readonly path: RegExp; readonly what: string }[] = [
  { path: /^\/v1\/conversations/, what: 'conversations; send previous_response_id to /v1/responses' },
  { path: /^\/v1\/(messages\/batches|batches)/, what: 'batches' },
  { path: /^\/v1\/(files|uploads)/, what: 'files' },
  { path: /^\/v1\/(audio|images|videos)/, what: 'sound and images' },
  { path: /^\/v1\/moderations/, what: 'moderation' },
  { path: /^\/api\/(create|copy|push|blobs)/, what: 'making or publishing models; use "nearfar pull"' },
];

/** Where a base address has a /v1 too few or too many. */
const misplaced: readonly { readonly path: RegExp; readonly hint: string }[] = [
  {
    path: /^\/(chat\/completions|completions|responses|models|embeddings|rerank)$/,
    hint: 'the base address of OpenAI clients ends in /v1',
  },
  { path: /^\/v1\/v1\//, hint: 'the base address of Anthropic clients ends without /v1' },
  { path: /^\/v1\/api\//, hint: 'the address of Ollama clients ends without /v1' },
];

/** 404 that says whether the path is only missing here or nothing at all. */
export function noRouteError(method: string, path: string): NearfarError {
  const misplacing = misplaced.find((entry) => entry.path.test(path));
  if (misplacing !== undefined) {
    return new NearfarError(
      'not_found',
      `There is no ${method} ${path.slice(0, 200)} here; ${misplacing.hint}.`,
    );
  }
  const known = absent.find((entry) => entry.path.test(path));
  return new NearfarError(
    'not_found',
    known === undefined
      ? `There is no ${method} ${path.slice(0, 200)} here; /openapi.json lists what there is.`
      : `nearfar does not serve ${known.what} yet (${path.slice(0, 200)}).`,
  );
}
