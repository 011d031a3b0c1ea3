import type { EngineName } from '../catalogue/engines.ts';
import { cacheTokens } from './cache-room.ts';
import type { NearPart } from './near-part.ts';
import type { PlanQuestion } from './question.ts';
import type { FarPart, SetUp } from './set-up.ts';

/** What stands in a settings file of nearfar: plain data, to be checked by its schema before it is written. */
export type SettingsData = Readonly<Record<string, unknown>>;

/** Addresses under which engines listen unless told otherwise. */
export const enginePorts: Readonly<Partial<Record<EngineName, number>>> = {
  Ollama: 11_434,
  'llama.cpp': 8080,
  vLLM: 8000,
  SGLang: 30_000,
  'TensorRT-LLM': 8000,
  TGI: 8080,
};

/** Name of the upstream that a near engine which is a server of its own becomes. */
const ownUpstream = 'own';

/** The model as its engine's server calls it. */
export function servedName({ engine, model, format }: NearPart): string {
  if (engine.name === 'Ollama') return ollamaTag(model.ollama ?? model.name, format.name);
  return model.hub;
}

/** Ollama has formats in its tags: q4_K_M is the default of most. */
export function ollamaTag(tag: string, format: string): string {
  return format === 'Q4_K_M'
    ? tag
    : `${tag}${tag.includes(':') ? '' : ':latest'}-instruct-${format.toLowerCase()}`;
}

/**
 * `nearfar.config` for a set-up. What answers in pages, on phones or in programs of their own is no part of it: there the file is
 * of the gateway that stands behind it.
 */
export function settingsFor(question: PlanQuestion, setUp: SetUp): SettingsData {
  const { near, far } = setUp;
  const isOwnEngine = near?.engine.name === 'nearfar';
  const isServer = near !== null && near.engine.preset !== null && !isInHand(near);
  const upstreams = [
    ...(near !== null && isServer ? [serverUpstream(near)] : []),
    ...(far === null ? [] : [providerUpstream(far)]),
  ];
  const farName = far === null ? null : `${providerName(far)}/${far.api.model}`;
  const serverModel = near !== null && isServer ? `${ownUpstream}/${servedName(near)}` : null;
  return {
    ...(isOwnEngine && near.model.nearfar !== null ? { near: nearId(near) } : {}),
    ...(farName !== null ? { far: farName } : serverModel !== null ? { far: serverModel } : {}),
    ...(upstreams.length === 0 ? {} : { upstreams }),
    ...routeFor(setUp, isOwnEngine, serverModel),
    ...(isOwnEngine
      ? {
          engine: {
            parallelCount: near.batchSize,
            contextTokenCount: cacheTokens(question.traffic, near.model, near.batchSize),
          },
        }
      : {}),
    // Marks only what came again, so that it costs nothing where nothing does.
    ...(far === null ? {} : { promptCache: { plan: 'auto' } }),
    // Without upstreams outside nothing can leave; this says so to whoever adds one.
    ...(question.privacy === 'any' ? {} : { privacy: { mode: 'local' } }),
  };
}

/** In an app or a page, where no gateway is. */
export function isInHand({ offer }: NearPart): boolean {
  return offer.device.kind === 'phone' || offer.device.kind === 'browser';
}

/** nearfar's own id of the model in that format: the catalogue's where it is its default, with the format behind it else. */
export function nearId({ model, format }: NearPart): string {
  return format.name === 'Q4_K_M' || model.nearfar === null
    ? (model.nearfar ?? model.name)
    : `${model.nearfar}:${format.name}`;
}

function routeFor(setUp: SetUp, isOwnEngine: boolean, serverModel: string | null): SettingsData {
  const { near, far } = setUp;
  if (near !== null && far !== null && (isOwnEngine || serverModel !== null)) {
    const first = serverModel === null ? 'near' : { name: 'near', model: serverModel };
    return { route: { policy: 'classifier', tiers: [first, 'far'], thresholds: [0.7] } };
  }
  return isOwnEngine || (far === null && serverModel === null) ? {} : { route: { policy: 'far' } };
}

function serverUpstream(near: NearPart): SettingsData {
  const { engine } = near;
  const port = enginePorts[engine.name] ?? 8000;
  return {
    name: ownUpstream,
    ...(engine.name === 'Ollama'
      ? { protocol: 'ollama', baseUrl: `http://127.0.0.1:${port}` }
      : { baseUrl: `http://127.0.0.1:${port}/v1` }),
    preset: engine.preset,
    boundary: 'inside',
    models: [servedName(near)],
  };
}

const providers: Readonly<Record<string, SettingsData & { readonly name: string }>> = {
  'api.openai.com': {
    name: 'openai',
    preset: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    env: 'OPENAI_API_KEY',
  },
  'api.anthropic.com': {
    name: 'anthropic',
    protocol: 'anthropic',
    baseUrl: 'https://api.anthropic.com',
    env: 'ANTHROPIC_API_KEY',
  },
  'generativelanguage.googleapis.com': {
    name: 'gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    env: 'GEMINI_API_KEY',
  },
  'api.groq.com': { name: 'groq', baseUrl: 'https://api.groq.com/openai/v1', env: 'GROQ_API_KEY' },
};

function providerName({ api }: FarPart): string {
  return Object.hasOwn(providers, api.host) ? (providers[api.host]?.name ?? 'far') : 'far';
}

function providerUpstream(far: FarPart): SettingsData {
  const { host, model } = far.api;
  const known = Object.hasOwn(providers, host) ? providers[host] : undefined;
  return {
    ...(known ?? { name: 'far', baseUrl: `https://${host}/v1`, env: 'FAR_API_KEY' }),
    models: [model],
  };
}

/** The environment variable that the provider's key is read from; `null`: none is asked. */
export function keyVariable({ far }: SetUp): string | null {
  if (far === null) return null;
  const env = providerUpstream(far)['env'];
  return typeof env === 'string' ? env : null;
}
