// Over 300 lines: the whole way from a name to a decision, with and without a policy, is read in one place.
import type { KeyLimits } from '../access/limits.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { LedgerRow } from '../ledger/row.ts';
import type { AnswerFigures } from './answer-figures.ts';
import type { AskedPrompt } from './asked-prompt.ts';
import { chainOf } from './fallback-chain.ts';
import { groupNamed, type OrderGroup } from './group-choice.ts';
import { followAliases, resolveModelName } from './resolve-model-name.ts';
import type { KnownNames, RemoteNames, RouteDecision } from './resolve-model-name.ts';
import { requireTier, type ResolvedTier, type Router, type RoutedRequest } from './router.ts';
import type { SessionMemory } from './session-memory.ts';

export interface RouteSettings {
  readonly aliases: Readonly<Record<string, string>>;
  /** The id that `near` stands for, asked anew for each request; null = the first model there is. */
  readonly near: () => string | null;
  /** Ids of the models on this machine, asked anew for each request: models come and go. */
  readonly listModelIds: () => Promise<readonly string[]>;
  /** Models elsewhere; absent: none. */
  readonly remote?: RemoteNames;
  /** Name of a model -> the names of those that are asked in its place where it fails. */
  readonly fallbacks?: Readonly<Record<string, readonly string[]>>;
  /** Absent: names alone decide. */
  readonly routing?: Routing;
  /** Name -> the names of models of which any will do; which of them, what it is expected to cost decides. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

/** What decides by difficulty. */
export interface Routing {
  /** From the nearest to the farthest: what each is called, and the name of its model. */
  readonly tiers: readonly { readonly tier: string; readonly model: string }[];
  /** Null: there are tiers, but `auto` is near. */
  readonly router: Router | null;
  /** Everything goes where it would without the router, and its decision is only told. */
  readonly observes: boolean;
  readonly figures: Pick<AnswerFigures, 'see'>;
  readonly sessions: Pick<SessionMemory, 'remember'>;
  /** Absent: a group's models are asked in their order. */
  readonly orderGroup?: OrderGroup;
}

/** What a decision by difficulty needs to know beside the name; only looked at where one is made. */
export interface RouteQuestion {
  readonly prompt: () => AskedPrompt;
  readonly limits?: KeyLimits | undefined;
  /** The model whose tool calls this request brings the results of. */
  readonly boundModelId?: string | null;
  /** What the key has left, where that is known. */
  readonly budgetLeftMicros?: number | null;
}

export type RouteRequest = Pick<ChatRequest, 'requestedModel' | 'privacy'> &
  Partial<Pick<ChatRequest, 'tenant'>> & { readonly isRedacted?: boolean };

export interface Route {
  /** By its name alone: `auto` is the nearest tier. @throws NearfarError `model_not_found` */
  resolve(name: string): Promise<RouteDecision>;
  /** The tiers that are there, from the nearest to the farthest. @param name of a group: its models instead */
  tiers(name?: string): Promise<readonly { readonly tier: string; readonly modelId: string }[]>;
  /**
   * A name is what the client means, whatever the label: an upstream outside accepts only a `Cleared` request, which a
   * `local_only` one can never become. `auto` is what the policy says.
   * @param question absent: what is asked is not known, and names alone decide
   * @throws NearfarError `model_not_found`; where no tier can answer also `unavailable` and the like
   */
  decide(request: RouteRequest, question?: RouteQuestion): Promise<RouteDecision>;
  /** Whether what a name leads to is decided prompt by prompt: by the router, or by cost within a group. */
  isRouted(name: string): boolean;
  /** Whether its decisions are only written down. */
  readonly observes: boolean;
  /** A model that the router chose could not answer: it is left alone for some seconds. */
  failed(modelId: string): void;
  /** A request has ended: what its model did is remembered, nothing of what it said. */
  settled(decision: RouteDecision, row: LedgerRow): void;
}

export function createRoute(settings: RouteSettings): Route {
  const { aliases, near, listModelIds, remote, fallbacks = {}, routing, groups = {} } = settings;
  const tierModels = Object.fromEntries(
    (routing?.tiers ?? [])
      .filter(({ tier }) => tier !== 'near' && tier !== 'far')
      .map(({ tier, model }) => [tier, model]),
  );
  const failedAt = new Map<string, number>();
  const knownNames = async (): Promise<KnownNames> => ({
    aliases,
    near: near(),
    modelIds: await listModelIds(),
    ...(remote === undefined ? {} : { remote }),
    tiers: tierModels,
  });
  const resolve = async (name: string): Promise<RouteDecision> => resolveModelName(name, await knownNames());

  function chainFrom(modelId: string, requestedModel: string): Promise<readonly string[]> {
    const { steps } = followAliases(requestedModel, { aliases, tiers: tierModels });
    return chainOf(modelId, steps, fallbacks, resolve);
  }

  /** Milliseconds for which it is left alone. */
  function pauseOf(modelId: string): number {
    return Math.max(0, failurePauseMs - (performance.now() - (failedAt.get(modelId) ?? -Infinity)));
  }

  /** What the tiers' names led to, and by which models that was: it is asked for with each request, and seldom changes. */
  let kept: { readonly of: string; readonly tiers: readonly Omit<ResolvedTier, 'pauseMs'>[] } | null = null;

  async function resolvedTiers(): Promise<readonly ResolvedTier[]> {
    const known = await knownNames();
    const of = `${String(known.near)}\n${known.modelIds.join('\n')}`;
    if (kept?.of !== of) kept = { of, tiers: (routing?.tiers ?? []).map((one) => tierOf(one, known)) };
    return kept.tiers.map((tier) => ({ ...tier, pauseMs: pauseOf(tier.modelId) }));
  }

  async function chained(name: string): Promise<RouteDecision> {
    const resolved = await resolve(name);
    const chain = await chainFrom(resolved.modelId, name);
    return chain.length === 0 ? resolved : withChain(resolved, chain);
  }

  /** What names led to among these models: most requests name one of a few. */
  let named = { ids: [] as readonly string[], near: near(), decisions: new Map<string, RouteDecision>() };

  /** As without a policy. */
  async function byName(request: RouteRequest): Promise<RouteDecision> {
    const ids = await listModelIds();
    if (named.ids !== ids || named.near !== near()) named = { ids, near: near(), decisions: new Map() };
    const { decisions } = named;
    const decision = decisions.get(request.requestedModel) ?? (await chained(request.requestedModel));
    if (decisions.size < keptNames) decisions.set(request.requestedModel, decision);
    return request.privacy === 'local_only'
      ? { ...decision, reasons: ['local_only: inside only', ...decision.reasons] }
      : decision;
  }

  async function byPolicy(
    request: RouteRequest,
    question: RouteQuestion,
    router: Router,
    nameReasons: readonly string[],
  ): Promise<RouteDecision> {
    const { decision, sessionKey } = await router.decide(routedOf(request, question), await resolvedTiers());
    const routed = requireTier(decision);
    const { tier, modelId, fallbackIds, healthyTier } = routed;
    const made: RouteDecision = {
      modelId,
      ...(fallbackIds.length === 0 ? {} : { fallbackIds }),
      reasons: [...nameReasons, ...routed.reasons],
      tier,
      ...(healthyTier === undefined ? {} : { healthyTier }),
      routed,
      ...(sessionKey === null ? {} : { sessionKey }),
    };
    // The owner's own list for `auto` goes before the order of the tiers, within what may be asked.
    const own = await chainFrom(modelId, request.requestedModel);
    const allowed = own.filter((id) => fallbackIds.includes(id));
    return allowed.length === 0 ? made : { ...made, fallbackIds: allowed };
  }

  /** What the router would have done; null where it would have refused. */
  async function observed(
    request: RouteRequest,
    question: RouteQuestion,
    router: Router,
    made: RouteDecision,
  ): Promise<RouteDecision> {
    const tiers = await resolvedTiers();
    const { decision, sessionKey } = await router.decide(routedOf(request, question), tiers);
    const own = tiers.find(({ modelId }) => modelId === made.modelId);
    return {
      ...made,
      ...(own === undefined ? {} : { tier: own.tier }),
      observed: decision.type === 'chosen' ? decision : null,
      ...(sessionKey === null ? {} : { sessionKey }),
    };
  }

  const groupOf = (name: string): readonly string[] | null => groupNamed(name, groups, aliases);

  /** By what each of the group's models is expected to cost. */
  async function byCost(
    request: RouteRequest,
    question: RouteQuestion,
    names: readonly string[],
    orderGroup: OrderGroup,
  ): Promise<RouteDecision> {
    const { modelId: first, reasons } = await resolve(request.requestedModel);
    const ids = [...new Set(await Promise.all(names.map(async (name) => (await resolve(name)).modelId)))];
    const {
      ids: [modelId, ...others],
      reason,
      sessionKey,
    } = await orderGroup([ids[0] ?? first, ...ids.slice(1)], {
      requestedModel: request.requestedModel,
      tenant: request.tenant ?? '',
      prompt: question.prompt(),
      limits: question.limits,
      boundModelId: question.boundModelId ?? null,
      failedIds: new Set(ids.filter((id) => pauseOf(id) > 0)),
    });
    // Behind the group's own come those that the owner lists for its name.
    const further = await chainFrom(modelId, request.requestedModel);
    const fallbackIds = [...new Set([...others, ...further])];
    return {
      modelId,
      fallbackIds,
      reasons: [
        ...(request.privacy === 'local_only' ? ['local_only: inside only'] : []),
        ...reasons.filter((one) => one.startsWith('alias ')).slice(0, -1),
        reason,
        ...(fallbackIds.length === 0 ? [] : [`where it fails: ${fallbackIds.join(', then ')}`]),
      ],
      ...(sessionKey === null ? {} : { sessionKey }),
    };
  }

  function isRouted(name: string): boolean {
    if (groupOf(name) !== null) return routing?.orderGroup !== undefined;
    if (routing === undefined || routing.router === null || routing.observes) return false;
    try {
      return followAliases(name, { aliases, tiers: tierModels }).name === 'auto';
    } catch {
      // Whoever resolves it says what is wrong.
      return false;
    }
  }

  return {
    resolve,
    isRouted,
    observes: routing?.observes === true && routing.router !== null,
    failed(modelId) {
      if (failedAt.size >= keptFailures) failedAt.clear();
      failedAt.set(modelId, performance.now());
    },
    async tiers(name) {
      const group = name === undefined ? null : groupOf(name);
      if (group !== null) {
        const known = await knownNames();
        return group.map((tier) => ({ tier, modelId: resolveModelName(tier, known).modelId }));
      }
      return (await resolvedTiers()).flatMap(({ tier, modelId, absence }) =>
        absence === null ? [{ tier, modelId }] : [],
      );
    },
    async decide(request, question) {
      const group = groupOf(request.requestedModel);
      if (group !== null && question !== undefined && routing?.orderGroup !== undefined) {
        return byCost(request, question, group, routing.orderGroup);
      }
      const router = routing?.router ?? null;
      if (router === null || routing === undefined || question === undefined) return byName(request);
      if (routing.observes) return observed(request, question, router, await byName(request));
      if (!isRouted(request.requestedModel)) return byName(request);
      const { reasons } = followAliases(request.requestedModel, { aliases, tiers: tierModels });
      return byPolicy(request, question, router, reasons);
    },
    settled(decision, row) {
      if (routing === undefined) return;
      routing.figures.see(row);
      const { answeringModel, status, answerSource } = row;
      const { sessionKey } = decision;
      if (sessionKey === undefined || answeringModel === null || status !== 200 || answerSource !== 'model')
        return;
      routing.sessions.remember(sessionKey, answeringModel, row);
    },
  };
}

/** Milliseconds for which a model that failed the router is left alone, where others can answer. */
const failurePauseMs = 3_000;
const keptFailures = 100;
/** Clients choose them. */
const keptNames = 500;

function tierOf({ tier, model }: Routing['tiers'][number], known: KnownNames): Omit<ResolvedTier, 'pauseMs'> {
  try {
    return { tier, modelId: resolveModelName(model, known).modelId, absence: null };
  } catch {
    const meant = model === 'near' ? (known.near ?? 'a model') : model;
    return { tier, modelId: meant, absence: `${meant} is not here` };
  }
}

function routedOf(request: RouteRequest, question: RouteQuestion): RoutedRequest {
  const { limits, boundModelId = null, budgetLeftMicros = null } = question;
  return {
    requestedModel: request.requestedModel,
    privacy: request.privacy,
    isRedacted: request.isRedacted === true,
    tenant: request.tenant ?? '',
    prompt: question.prompt(),
    limits,
    boundModelId,
    budgetLeftMicros,
  };
}

function withChain(resolved: RouteDecision, chain: readonly string[]): RouteDecision {
  return {
    ...resolved,
    fallbackIds: chain,
    reasons: [...resolved.reasons, `where it fails: ${chain.join(', then ')}`],
  };
}
