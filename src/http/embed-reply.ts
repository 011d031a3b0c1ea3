import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';
import { NearfarError } from '../chat/error.ts';
import type { AppDependencies } from './dependencies.ts';
import { requestIdHeaders } from './error-response.ts';
import { modelHeaders } from './model-headers.ts';
import type { Call } from './operation.ts';

/**
 * Asks for vectors or scores and replies with what `bodyOf` makes of them.
 * @throws NearfarError
 */
export async function replyEmbedded(
  dependencies: AppDependencies,
  call: Call<unknown>,
  request: EmbedRequest,
  bodyOf: (result: EmbedResult) => object,
): Promise<Response> {
  const result = await dependencies.embed(request, call.caller, call.signal);
  const { output } = result;
  return new Response(JSON.stringify(bodyOf(result)), {
    headers: {
      'content-type': 'application/json',
      ...requestIdHeaders(request.dialect, call.requestId),
      ...modelHeaders(result.model, result.grade),
      // What was cut is said, also where the dialect's own answer has no place for it.
      ...(output.kind === 'vectors' && output.truncatedCount > 0
        ? { 'x-nearfar-truncated-inputs': String(output.truncatedCount) }
        : {}),
    },
  });
}

/** @throws NearfarError `internal` where the engine scored instead */
export function vectorsOf({ output }: EmbedResult): readonly Float32Array[] {
  if (output.kind === 'vectors') return output.vectors;
  throw new NearfarError('internal', 'The engine gave scores where vectors were asked for.');
}

/** @throws NearfarError `internal` where the engine gave vectors instead */
export function scoresOf({ output }: EmbedResult): readonly number[] {
  if (output.kind === 'scores') return output.scores;
  throw new NearfarError('internal', 'The engine gave vectors where scores were asked for.');
}
