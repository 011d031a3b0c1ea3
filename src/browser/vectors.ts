import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import { clear } from '../privacy/clear.ts';
import { newId } from './chat-request.ts';
import type { CallOptions, Embedding, SearchHit } from './near.ts';
import { planRequest, type PlanSetup } from './plan-request.ts';

type EmbedCall = CallOptions & { readonly model?: string };

/** Vectors, of a backend that makes some: in the page first, whatever the policy prefers for answers. @throws NearfarError */
export async function embedTexts(
  plan: PlanSetup,
  texts: readonly string[],
  call: EmbedCall = {},
): Promise<Embedding> {
  if (texts.length === 0) {
    throw new NearfarError('invalid_request', 'texts: expected at least one.', { field: 'texts' });
  }
  const { result, backend } = await askForVectors(plan, texts, call);
  const { output, model, promptTokenCount } = result;
  if (output.kind !== 'vectors' || output.vectors.length !== texts.length) {
    throw new NearfarError('upstream_failed', `${backend} did not give one vector a text.`);
  }
  return { vectors: output.vectors, model, backend, promptTokenCount };
}

async function askForVectors(
  plan: PlanSetup,
  texts: readonly string[],
  call: EmbedCall,
): Promise<{ readonly result: EmbedResult; readonly backend: string }> {
  const { signal = new AbortController().signal } = call;
  const { pool } = plan;
  const planned = await planRequest(plan, embedRequest(texts, call), call.backend);
  let failure: unknown = null;
  for (const name of planned.names) {
    try {
      const backend = await pool.open(name);
      if (planned.backends.get(name)?.availability.state === 'downloadable') await pool.load(name, signal);
      const cleared = clear(planned.request, backend.boundary);
      if (backend.embed === undefined) throw new NearfarError('unsupported', `${name} makes no vectors.`);
      return { result: await backend.embed(cleared, signal), backend: name };
    } catch (thrown) {
      const error = signal.aborted
        ? new NearfarError('aborted', 'The request was aborted.')
        : toNearfarError(thrown);
      pool.sawFailure(name, error);
      if (error.kind === 'aborted' || error.kind === 'invalid_request') throw error;
      failure = error;
    }
  }
  throw toNearfarError(failure);
}

export async function searchTexts(
  plan: PlanSetup,
  query: string,
  texts: readonly string[],
  { limit = 10, ...call }: CallOptions & { readonly limit?: number } = {},
): Promise<readonly SearchHit[]> {
  if (texts.length === 0) return [];
  // One call, so that all vectors are of one model.
  const { vectors } = await embedTexts(plan, [query, ...texts], call);
  const [asked = new Float32Array(), ...others] = vectors;
  return others
    .map((vector, index) => ({ index, text: texts[index] ?? '', score: cosine(asked, vector) }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, limit);
}

function embedRequest(texts: readonly string[], { privacy, session, model }: EmbedCall): EmbedRequest {
  return {
    id: newId(),
    dialect: 'openai',
    requestedModel: model ?? 'auto',
    privacy: privacy ?? 'open',
    ...(session === undefined ? {} : { session: { ids: [`near ${session}`] } }),
    tenant: 'page',
    deadlineAt: null,
    keepAliveSeconds: null,
    task: {
      kind: 'embed',
      inputs: texts.map((text) => ({ kind: 'text', text })),
      truncates: false,
      dimensions: null,
      field: 'input',
    },
  };
}

/** Of vectors of length 1, -1 to 1 whatever rounding did. */
function cosine(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < other.length; index++) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return Math.max(-1, Math.min(1, sum));
}
