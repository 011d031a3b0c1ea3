import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { PrivacyVerdict } from '../chat/verdict.ts';
import type { Boundary } from '../privacy/clear.ts';
import { confine, refusal, why } from '../privacy/confine.ts';
import type { RouteDecision } from '../route/resolve-model-name.ts';
import type { Route } from '../route/route.ts';

export type BoundaryOf = (modelId: string) => Boundary;

/** The models that answer, once it is known what may reach them. */
export interface Placement {
  readonly decision: RouteDecision;
  /** True: those outside may be asked with a redacted copy, and with nothing else. */
  readonly redacts: boolean;
}

export interface PlaceDependencies {
  readonly route: Pick<Route, 'decide'>;
  readonly boundaryOf: BoundaryOf;
  /** False: what would be redacted is refused. */
  readonly canRedact: boolean;
  /** False where another model's answer is no answer, as with vectors. */
  readonly mayMove: boolean;
}

/**
 * Takes a decision of the route to what the request's verdict allows.
 * @throws NearfarError `forbidden` where nothing that was chosen may be asked; `unavailable` where the near model is to answer
 * and is not there
 */
export async function place(
  dependencies: PlaceDependencies,
  decision: RouteDecision,
  request: PlacedRequest,
): Promise<Placement> {
  const { verdict } = request;
  // Nobody has judged it: the last gate (`clear`) says what its label allows.
  if (verdict === undefined) return { decision, redacts: false };
  const { boundaryOf, canRedact, mayMove } = dependencies;
  const ids = [decision.modelId, ...(decision.fallbackIds ?? [])];
  const confined = confine(verdict, ids, boundaryOf);
  switch (confined.kind) {
    case 'go':
      return { decision: narrowed(decision, confined.ids), redacts: false };
    case 'redact':
      if (!canRedact) throw refusal(verdict, decision.modelId);
      return {
        decision: withReason(decision, `privacy: ${why(verdict.detectors, [])}; redacted`),
        redacts: true,
      };
    case 'near':
      if (!mayMove) throw refusal(verdict, decision.modelId);
      return { decision: await nearInstead(dependencies, decision, request, verdict), redacts: false };
    case 'refuse':
      throw confined.error;
  }
}

type PlacedRequest = Parameters<Route['decide']>[0] & Pick<ChatRequest, 'verdict'>;

function narrowed(decision: RouteDecision, ids: readonly string[]): RouteDecision {
  const [modelId = decision.modelId, ...fallbackIds] = ids;
  if (ids.length === 1 + (decision.fallbackIds ?? []).length) return decision;
  const { fallbackIds: _left, ...rest } = decision;
  return withReason(
    { ...rest, modelId, ...(fallbackIds.length === 0 ? {} : { fallbackIds }) },
    'privacy: those outside were left out',
  );
}

async function nearInstead(
  { route, boundaryOf }: PlaceDependencies,
  decision: RouteDecision,
  request: PlacedRequest,
  verdict: PrivacyVerdict,
): Promise<RouteDecision> {
  const reason = `privacy: ${why(verdict.detectors, verdict.reasons)}; ${decision.modelId} is outside`;
  let near: RouteDecision;
  try {
    near = await route.decide({ ...request, requestedModel: 'near' });
  } catch (thrown) {
    throw nothingInside(toNearfarError(thrown), verdict);
  }
  const ids = [near.modelId, ...(near.fallbackIds ?? [])].filter((id) => boundaryOf(id) !== 'outside');
  if (ids.length === 0) {
    throw nothingInside(new NearfarError('model_not_found', 'The near model is outside.'), verdict);
  }
  return withReason(narrowed(near, ids), reason);
}

/** What is down inside is 503, whatever it died of: asking again later may help, and no model outside is asked in its place. */
export function nothingInside(error: NearfarError, { detectors, reasons }: PrivacyVerdict): NearfarError {
  return new NearfarError(
    'unavailable',
    `No model inside can answer now, and this request may not leave (${why(detectors, reasons)}). ${error.message}`,
    { retryAfterSeconds: error.retryAfterSeconds ?? 5, cause: error },
  );
}

function withReason(decision: RouteDecision, reason: string): RouteDecision {
  return { ...decision, reasons: [reason, ...decision.reasons] };
}
