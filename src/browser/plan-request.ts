import type { EmbedRequest } from '../chat/embedding.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatRequest } from '../chat/request.ts';
import { byteLength } from '../ledger/byte-length.ts';
import { tokenEstimate } from '../ledger/token-estimate.ts';
import { askedPrompt, type AskedPrompt } from '../route/asked-prompt.ts';
import { decide } from '../route/decide.ts';
import type { BackendPool, KnownBackend } from './backend-pool.ts';
import type { Environment, EnvironmentFacts } from './environment.ts';
import type { PageDecision, PolicyOptions } from './near.ts';
import { routeFacts, type PageFacts } from './page-facts.ts';
import type { PagePrivacy } from './page-privacy.ts';

/** A request that was judged, with who is asked in which order. */
export interface PlannedRequest<Request> {
  readonly request: Request;
  /** The first to be asked, and those that are asked where it fails. */
  readonly names: readonly string[];
  readonly decision: PageDecision;
  readonly backends: ReadonlyMap<string, KnownBackend>;
}

export interface PlanSetup {
  readonly pool: BackendPool;
  readonly environment: Environment;
  readonly privacy: PagePrivacy;
  readonly policy: PolicyOptions;
  /** 0-1; null where it cannot be told. */
  readonly difficultyOf: (text: string) => Promise<number | null>;
}

/**
 * Judges a request and decides who answers. Nothing has been sent anywhere yet.
 * @param backend the caller's: only this one
 * @throws NearfarError where nobody can answer, or nobody who may
 */
export async function planRequest<Request extends ChatRequest | EmbedRequest>(
  setup: PlanSetup,
  asked: Request,
  backend: string | undefined,
): Promise<PlannedRequest<Request>> {
  const { pool, environment, privacy, policy, difficultyOf } = setup;
  const isEmbedding = 'task' in asked;
  const prompt = isEmbedding ? embedPrompt(asked) : askedPrompt(asked);
  const [request, backends, device, difficulty] = await Promise.all([
    privacy.judge(asked),
    pool.look(),
    environment.read(),
    isEmbedding || prompt.text === null ? null : difficultyOf(prompt.text),
  ]);
  if (backend !== undefined && !backends.some(({ name }) => name === backend)) {
    await pool.open(backend);
  }
  const facts: EnvironmentFacts = { ...device, speeds: pool.speeds };
  const only = onlyThese(request, backends, backend);
  const pageFacts: PageFacts = {
    asked: prompt,
    label: request.privacy,
    isEmbedding,
    backends,
    environment: facts,
    restOf: (name) => pool.restOf(name),
    only,
    difficulty,
    policy,
  };
  const tier = decide(routeFacts(pageFacts));
  if (tier.type === 'refused') throw refusal(tier, request);
  const why = [
    ...(only?.told === undefined ? [] : [only.told]),
    ...(request.verdict?.detectors.includes('scan.failed') === true
      ? ['it could not be read for what is private, so it stays']
      : []),
  ];
  return {
    request,
    names: [tier.modelId, ...tier.fallbackIds],
    decision: {
      backend: tier.modelId,
      label: request.privacy,
      detectors: request.verdict?.detectors ?? [],
      reasons: [...why, ...tier.reasons],
      tier,
    },
    backends: new Map(backends.map((one) => [one.name, one])),
  };
}

/** Whom the name of a model means: nobody in particular, the page, one backend, or a model behind the gateway. */
function onlyThese(
  { requestedModel, privacy }: ChatRequest | EmbedRequest,
  backends: readonly KnownBackend[],
  backend: string | undefined,
): (NonNullable<PageFacts['only']> & { readonly told?: string }) | null {
  const near = backends.filter(({ boundary }) => boundary === 'machine').map(({ name }) => name);
  if (backend !== undefined) return { names: [backend], reason: `only ${backend} was asked for` };
  if (requestedModel === 'auto') return null;
  if (requestedModel === 'near') return { names: near, reason: 'only models of the page were asked for' };
  if (near.includes(requestedModel)) {
    return { names: [requestedModel], reason: `only ${requestedModel} was asked for` };
  }
  // As in the gateway's mode `local`: what must stay is answered here, whatever model was named.
  if (privacy !== 'open') return null;
  return {
    names: backends.filter(({ boundary }) => boundary !== 'machine').map(({ name }) => name),
    reason: 'a model of the gateway was asked for',
    told: 'a model of the gateway was asked for',
  };
}

function refusal(
  tier: Extract<ReturnType<typeof decide>, { type: 'refused' }>,
  { verdict, privacy }: ChatRequest | EmbedRequest,
): NearfarError {
  const found = verdict?.detectors ?? [];
  const because =
    privacy === 'open' || found.length === 0
      ? ''
      : ` It was found private by ${found.slice(0, 8).join(', ')}.`;
  // That nothing here can answer is no fault of the model's name.
  const kind = tier.kind === 'model_not_found' ? 'unavailable' : tier.kind;
  return new NearfarError(kind, `${tier.reason}${because}`, {
    retryable: kind === tier.kind && kind === 'unavailable',
    ...(tier.retryAfterSeconds === null ? {} : { retryAfterSeconds: tier.retryAfterSeconds }),
  });
}

function embedPrompt({ task, deadlineAt }: EmbedRequest): AskedPrompt {
  const texts =
    task.kind === 'rank'
      ? [task.query, ...task.documents]
      : task.inputs.map((input) => (input.kind === 'text' ? input.text : ''));
  return {
    text: null,
    opening: '',
    needs: { tools: false, media: false, schema: false, tokens: false },
    // The longest text is what must fit.
    promptTokenCount: Math.max(0, ...texts.map((text) => tokenEstimate(byteLength(text)))),
    maxTokenCount: null,
    choiceCount: 1,
    fitsAnyContext: true,
    priority: 'interactive',
    deadlineAt,
  };
}
