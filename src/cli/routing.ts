import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FindBilling } from '../answer/billing.ts';
import { NearfarError } from '../chat/error.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import type { LocalModels } from '../engine/local-models.ts';
import type { PriceTable } from '../ledger/prices.ts';
import { createAnswerFigures } from '../route/answer-figures.ts';
import { createOrderGroup } from '../route/group-choice.ts';
import { createFindWord } from '../route/heuristic-words.ts';
import { createDifficulty } from '../route/difficulty/create-difficulty.ts';
import { createModelDifficulty, type DifficultyReading } from '../route/model-difficulty.ts';
import type { Routing } from '../route/route.ts';
import { createRouter, type ModelOutlook, type RoutePolicy, type RouterSetup } from '../route/router.ts';
import { createSessionMemory } from '../route/session-memory.ts';
import { taskOf } from '../route/task/task-of.ts';
import type { NamedTier } from '../route/tier-names.ts';
import type { UpstreamModels } from '../upstream/upstream-models.ts';
import type { ModelIndex } from './model-index.ts';
import { profileProblem } from './profile-problem.ts';
import { tierModels } from './tier-models.ts';
import { boundsOf, farModelId } from './upstreams.ts';

type RoutingSettings = Pick<Settings, 'route' | 'far' | 'mid' | 'upstreams' | 'engine'>;

/** The policy that holds: the owner's, else the classifier where he named tiers or observes; null: `auto` is near. */
export function policyOf({ route }: Pick<Settings, 'route'>): string | null {
  return route.policy ?? (route.tiers !== null || route.observe ? 'classifier' : null);
}

/** The tiers by the settings: what each is called, and the name of its model. */
export function tiersOf(settings: RoutingSettings): Routing['tiers'] {
  const { route, mid } = settings;
  const named = route.tiers ?? [
    { name: 'near', model: 'near' },
    ...(mid === null ? [] : [{ name: 'mid', model: 'mid' }]),
    ...(farModelId(settings) === null ? [] : [{ name: 'far', model: 'far' }]),
  ];
  return named.map(({ name, model }) => ({ tier: name, model: name === 'mid' ? (mid ?? model) : model }));
}

/** For listings: names of tiers that may be asked as models, beside near and far. */
export function tierAliases(settings: RoutingSettings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    tiersOf(settings).flatMap(({ tier, model }) =>
      tier === 'near' || tier === 'far' ? [] : [[tier, model]],
    ),
  );
}

/** For the banner: what `auto` is; null where there is nothing to choose among. */
export function autoLine(settings: RoutingSettings): string | null {
  const policy = policyOf(settings);
  const tiers = tiersOf(settings).map(({ tier }) => tier);
  if (policy === null) {
    if (tiers.length < 2) return null;
    return 'near; for hard prompts to go far: --set route.policy=classifier (docs/routing.md)';
  }
  if (settings.route.observe)
    return `near, while route.observe is on; ${policy} over ${tiers.join(', ')} is only written down`;
  return `${policy} over ${tiers.join(', ')}`;
}

/** What reads a prompt: difficulty, task, and what else a policy goes by. */
export type PromptReading = Pick<RouterSetup, 'policy' | 'difficultyOf' | 'taskOf'>;

/**
 * By the settings, without a gateway, a model or a network.
 * @throws NearfarError `invalid_request` where there is no such profile, or it is none, or it knows none of the tiers
 */
export async function promptReading(
  loaded: LoadedSettings,
  policy: string,
  tiers: readonly NamedTier[],
): Promise<PromptReading> {
  return {
    policy: await readPolicy(loaded, policy, tiers),
    difficultyOf: shippedDifficulty,
    taskOf: (text) => taskOf(text).task,
  };
}

const difficultyOf = createDifficulty();

function shippedDifficulty(text: string): DifficultyReading {
  return { value: difficultyOf(text), source: 'by the shipped model' };
}

async function readPolicy(
  loaded: LoadedSettings,
  policy: string,
  tiers: readonly NamedTier[],
): Promise<RoutePolicy> {
  const { heuristic, thresholds, profile } = loaded.settings.route;
  switch (policy) {
    case 'heuristic':
      return {
        kind: 'heuristic',
        shortBelow: heuristic.shortBelow,
        findComplexWord: createFindWord(heuristic.complexWords),
        findPrivacyWord: createFindWord(heuristic.privacyWords),
      };
    case 'classifier':
      return { kind: 'classifier', thresholds };
    case 'calibrated':
      return calibratedPolicy(loaded.home, profile ?? '', tiers);
    default:
      return { kind: 'fixed', tier: policy };
  }
}

async function calibratedPolicy(
  home: string,
  name: string,
  tiers: readonly NamedTier[],
): Promise<RoutePolicy> {
  const { readProfile } = await import('../route/calibration/profile.ts');
  const { createOutcomePredictor } = await import('../route/calibration/predict-outcomes.ts');
  const file = path.join(home, 'profiles', `${name}.json`);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const message = `route.profile: there is no profile "${name}" (${file}). Make it with: nearfar calibrate`;
    throw new NearfarError('invalid_request', message, { field: 'route.profile', cause });
  }
  const profile = readProfile(text, file);
  // Else every prompt would go to the last tier, which costs the most, and nobody would be told.
  const problem = profileProblem(name, profile.models, tiers);
  if (problem !== null)
    throw new NearfarError('invalid_request', `route.profile: ${problem}`, { field: 'route.profile' });
  return {
    kind: 'calibrated',
    profile: name,
    scoresOf: createOutcomePredictor(profile),
    costs: Object.fromEntries(profile.models.map((model) => [model.name, model.cost])),
    worth: profile.worth,
  };
}

export interface RoutingDependencies {
  readonly loaded: LoadedSettings;
  readonly upstreams: Pick<UpstreamModels, 'upstreamOf' | 'pauseMs'>;
  readonly localModels: Pick<LocalModels, 'running' | 'model'>;
  readonly index: Pick<ModelIndex, 'find'>;
  readonly billing: FindBilling;
  readonly prices: PriceTable;
  readonly warn: (message: string, cause?: unknown) => void;
  /** What judged answers say of a tier of late. */
  readonly healthOf: NonNullable<RouterSetup['healthOf']>;
}

/** Tiers and router of a gateway. */
export async function openRouting(dependencies: RoutingDependencies): Promise<Routing> {
  const { loaded, localModels, warn } = dependencies;
  const { settings } = loaded;
  const named = settings.route.classifier === 'near' ? settings.near : settings.route.classifier;
  const policy = policyOf(settings);
  // For other policies difficulty is told and decides nothing: no model is asked for it.
  const classifier = policy === 'classifier' ? named : null;
  const figures = createAnswerFigures();
  const sessions = createSessionMemory();
  const tiers = tiersOf(settings);
  const outlookOf = createOutlook(dependencies);
  const router =
    policy === null
      ? null
      : createRouter({
          ...(await promptReading(loaded, policy, tierModels(loaded, tiers))),
          ...(classifier === null
            ? {}
            : {
                difficultyOf: createModelDifficulty({
                  modelId: classifier,
                  model: () => localModels.model(classifier),
                  otherwise: shippedDifficulty,
                  warn,
                }),
              }),
          cascade: settings.route.cascade,
          outlookOf,
          figures,
          sessions,
          healthOf: dependencies.healthOf,
          voiceFirstTokenMs: settings.engine.classes.voice.firstTokenMs,
        });
  const orderGroup = createOrderGroup({ outlookOf, figures, sessions });
  return { tiers, router, observes: settings.route.observe, figures, sessions, orderGroup };
}

/** Clients choose their names. */
const keptModels = 1000;

/** What is known of a model now. */
function createOutlook(dependencies: RoutingDependencies): (modelId: string) => Promise<ModelOutlook> {
  const { upstreams, localModels, index, billing, prices } = dependencies;
  const { settings } = dependencies.loaded;
  /** Asked with each request, of the same few models. */
  const contexts = new Map<string, number | null>();
  const contextOf = (modelId: string): number | null => {
    let context = contexts.get(modelId);
    if (context === undefined) {
      context = boundsOf(modelId, settings.upstreams, prices).contextTokenCount;
      if (contexts.size < keptModels) contexts.set(modelId, context);
    }
    return context;
  };
  return async (modelId) => {
    const { price } = billing(modelId);
    const upstream = upstreams.upstreamOf(modelId);
    if (upstream !== null) {
      const pauseMs = upstreams.pauseMs(modelId);
      return {
        boundary: upstream.boundary,
        rest: pauseMs === 0 ? null : { reason: 'it failed of late and is left alone for a while', pauseMs },
        can: {
          contextTokenCount: contextOf(modelId),
          tools: true,
          media: true,
          schema: true,
          tokens: false,
        },
        // Costs of two currencies cannot be compared.
        price: price?.currency === 'USD' ? price : null,
      };
    }
    const running = localModels.running().find(({ id }) => id === modelId);
    const { engine } = settings;
    const overflow = engine.contextOverflows[modelId] ?? engine.contextOverflow;
    const trained = (await index.find(modelId))?.facts.contextTokenCount ?? null;
    const context = Math.min(trained ?? Infinity, engine.contextTokenCount ?? Infinity);
    return {
      boundary: 'machine',
      rest: running?.state === 'restarting' ? { reason: 'its engine restarts', pauseMs: null } : null,
      can: {
        contextTokenCount: overflow !== 'error' || context === Infinity ? null : context,
        tools: true,
        media: false,
        schema: true,
        tokens: true,
      },
      price,
    };
  };
}
