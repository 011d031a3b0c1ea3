import type { KeyLimits } from '../access/limits.ts';
import { allowsModel } from '../access/model-pattern.ts';
import { NearfarError } from '../chat/error.ts';
import type { PrivacyLabel } from '../chat/request.ts';
import type { AnswerFigures } from './answer-figures.ts';
import type { AskedPrompt } from './asked-prompt.ts';
import { decide } from './decide.ts';
import type { FindWord } from './heuristic-words.ts';
import type { ReadDifficulty } from './model-difficulty.ts';
import type {
  PolicyFacts,
  RouteFacts,
  TierDecision,
  TierFacts,
  TierHealth,
  TierRefusal,
} from './route-facts.ts';
import type { SessionMemory } from './session-memory.ts';
import type { TaskType } from './task/task-type.ts';
import { namesOfTier } from './tier-names.ts';

/** What is known of a model when a decision is to be made. */
export type ModelOutlook = Pick<TierFacts, 'boundary' | 'rest' | 'can' | 'price'>;

/** The owner's policy, with all that it needs to read a prompt. */
export type RoutePolicy =
  | { readonly kind: 'fixed'; readonly tier: string }
  | {
      readonly kind: 'heuristic';
      readonly shortBelow: number;
      readonly findComplexWord: FindWord;
      readonly findPrivacyWord: FindWord;
    }
  | { readonly kind: 'classifier'; readonly thresholds: readonly number[] }
  | {
      readonly kind: 'calibrated';
      readonly profile: string;
      /** Expected scores, 0-1, by the names of the profile: of tiers or of models. */
      readonly scoresOf: (text: string) => Readonly<Record<string, number>>;
      /** Mean costs of a prompt by the same names, in the profile's unit. */
      readonly costs: Readonly<Record<string, number>>;
      readonly worth: number;
    };

export interface RouterSetup {
  readonly policy: RoutePolicy;
  readonly cascade: boolean;
  /** A promise where a model is asked for it. */
  readonly difficultyOf: ReadDifficulty;
  readonly taskOf: (text: string) => TaskType;
  readonly outlookOf: (modelId: string) => ModelOutlook | Promise<ModelOutlook>;
  readonly figures: Pick<AnswerFigures, 'of'>;
  readonly sessions: Pick<SessionMemory, 'keyOf' | 'heldBy'>;
  /** What judged answers say of a tier of late. @default nothing */
  readonly healthOf?: (tier: string) => TierHealth;
  /** Milliseconds within which a listener waits for the first token. */
  readonly voiceFirstTokenMs: number;
}

/** What the router is told of a request. */
export interface RoutedRequest {
  readonly requestedModel: string;
  readonly privacy: PrivacyLabel;
  /** Whether what leaves is redacted, so that a `local_only` request may. */
  readonly isRedacted: boolean;
  readonly tenant: string;
  readonly prompt: AskedPrompt;
  readonly limits: KeyLimits | undefined;
  readonly boundModelId: string | null;
  readonly budgetLeftMicros: number | null;
}

/** A tier with the id of its model, or why there is none. */
export interface ResolvedTier {
  readonly tier: string;
  readonly modelId: string;
  readonly absence: string | null;
  /** Milliseconds for which it is left alone because it failed a moment ago; 0: it is not. */
  readonly pauseMs: number;
}

export interface Router {
  /** Gathers the facts and decides. Never throws for what a prompt says. */
  decide(
    request: RoutedRequest,
    tiers: readonly ResolvedTier[],
  ): Promise<{ readonly decision: TierDecision | TierRefusal; readonly sessionKey: string | null }>;
  /** The facts alone, for whoever explains. */
  facts(request: RoutedRequest, tiers: readonly ResolvedTier[]): Promise<RouteFacts>;
}

/** Longer texts are judged by their beginning. */
const readCharacters = 20_000;
const fine: TierHealth = { penalty: 0, reason: null };

export function createRouter(setup: RouterSetup): Router {
  const { policy, taskOf, outlookOf, figures, sessions, healthOf = () => fine } = setup;

  async function factsOf(
    request: RoutedRequest,
    tiers: readonly ResolvedTier[],
    sessionKey: string | null,
  ): Promise<RouteFacts> {
    const { prompt, privacy, isRedacted, limits, requestedModel } = request;
    const text = prompt.text?.slice(0, readCharacters) ?? null;
    const difficulty = text === null ? null : await setup.difficultyOf(text, request.tenant);
    const facts = tiers.map(async ({ tier, modelId, absence, pauseMs }): Promise<TierFacts> => {
      const known = { tier, modelId, health: healthOf(tier), held: sessions.heldBy(sessionKey, modelId) };
      const allowed = { isAllowed: allowsModel(limits?.models ?? null, requestedModel, modelId) };
      if (absence !== null) return { ...known, ...allowed, ...absent, absence };
      const outlook = await outlookOf(modelId);
      const rest = outlook.rest ?? (pauseMs > 0 ? { reason: 'it failed a moment ago', pauseMs } : null);
      return { ...known, ...allowed, ...outlook, rest, ...figures.of(modelId), absence };
    });
    return {
      request: {
        promptTokenCount: prompt.promptTokenCount,
        maxTokenCount: prompt.maxTokenCount,
        choiceCount: prompt.choiceCount,
        needs: prompt.needs,
        fitsAnyContext: prompt.fitsAnyContext,
        priority: prompt.priority,
        firstTokenMs: prompt.priority === 'voice' ? setup.voiceFirstTokenMs : null,
        leftMs: prompt.deadlineAt === null ? null : prompt.deadlineAt - Date.now(),
      },
      label: privacy,
      mayLeave: privacy === 'open' || isRedacted,
      difficulty: difficulty?.value ?? null,
      task: text === null ? null : taskOf(text),
      tiers: await Promise.all(facts),
      policy: policyFacts(policy, text ?? '', difficulty?.source ?? '', tiers),
      budgetLeftMicros: request.budgetLeftMicros,
      boundModelId: request.boundModelId,
      cascade: setup.cascade,
    };
  }

  const keyOf = ({ tenant, prompt }: RoutedRequest): string | null => sessions.keyOf(tenant, prompt.opening);
  return {
    async decide(request, tiers) {
      const sessionKey = keyOf(request);
      return { decision: decide(await factsOf(request, tiers, sessionKey)), sessionKey };
    },
    facts: (request, tiers) => factsOf(request, tiers, keyOf(request)),
  };
}

/** Of a tier that is not there nothing else is looked at. */
const absent: Omit<TierFacts, 'tier' | 'modelId' | 'health' | 'held' | 'isAllowed' | 'absence'> = {
  boundary: 'machine',
  rest: null,
  can: { contextTokenCount: null, tools: true, media: true, schema: true, tokens: true },
  price: null,
  answers: null,
  speed: null,
};

function policyFacts(
  policy: RoutePolicy,
  text: string,
  source: string,
  tiers: readonly ResolvedTier[],
): PolicyFacts {
  switch (policy.kind) {
    case 'fixed':
      return policy;
    case 'classifier':
      return { ...policy, source };
    case 'heuristic':
      return {
        kind: 'heuristic',
        characterCount: text.length,
        shortBelow: policy.shortBelow,
        complexWord: policy.findComplexWord(text),
        privacyWord: policy.findPrivacyWord(text),
      };
    case 'calibrated': {
      const { profile, worth, scoresOf } = policy;
      const byTier = (figures: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
        Object.fromEntries(
          tiers.flatMap((one) => {
            const name = namesOfTier(one).find((each) => Object.hasOwn(figures, each));
            return name === undefined ? [] : [[one.tier, figures[name] ?? 0]];
          }),
        );
      return {
        kind: 'calibrated',
        profile,
        scores: byTier(scoresOf(text)),
        costs: byTier(policy.costs),
        worth,
      };
    }
  }
}

/** @throws NearfarError where no tier can answer */
export function requireTier(decision: TierDecision | TierRefusal): TierDecision {
  if (decision.type === 'chosen') return decision;
  const { kind, reason, retryAfterSeconds } = decision;
  throw new NearfarError(kind, reason, {
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }),
    ...(kind === 'model_not_found' ? { field: 'model' } : {}),
  });
}
