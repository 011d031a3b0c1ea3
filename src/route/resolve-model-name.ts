import { NearfarError } from '../chat/error.ts';
import { nearestName } from './nearest-name.ts';
import type { TierDecision } from './route-facts.ts';

export interface KnownNames {
  /** Alias -> the name it stands for: `auto`, `near`, a model id or another alias. From the settings. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Ids of the models that can answer here. */
  readonly modelIds: readonly string[];
  /** The id that `near` stands for; null = the first model there is. */
  readonly near: string | null;
  /** Models elsewhere; absent: none. */
  readonly remote?: RemoteNames;
  /** Name of a tier -> the name of its model, `near` and `far` excepted; absent: none. */
  readonly tiers?: Readonly<Record<string, string>>;
}

export interface RemoteNames {
  /** Ids such as `openai/gpt-6-sol`. Each may also be asked by what stands behind the slash, where no other has it. */
  readonly modelIds: readonly string[];
  /** Names of the upstreams: what begins with one and a slash is asked of it, known or not. */
  readonly upstreams: readonly string[];
  /** The id that `far` stands for; null = the first of `modelIds`. */
  readonly far: string | null;
}

/** Which model answers, and why. */
export interface RouteDecision {
  readonly modelId: string;
  /** Asked in this order where it fails before it begins; absent: none. */
  readonly fallbackIds?: readonly string[];
  /** Short sentences in the order in which they were decided. */
  readonly reasons: readonly string[];
  /** The tier that the model is, where there are tiers and it is one. */
  readonly tier?: string;
  /** What would have been chosen if no tier's health counted against it; absent: the same. */
  readonly healthyTier?: string;
  /** The router's decision, where it was asked. */
  readonly routed?: TierDecision;
  /** What the router would have decided, where it only observes; null: it would have refused. */
  readonly observed?: TierDecision | null;
  /** To be handed back when the request has ended; absent: nothing is learnt from it. */
  readonly sessionKey?: string;
}

/**
 * Pure: a client's model name -> the id of a model that is here.
 * Names are tried as they are, as an alias, and in Ollama's forms (`name:latest`, `name:tag`).
 *
 * @throws NearfarError `model_not_found`, field `model`, listing what there is and how to alias it; also where
 * aliases run in a circle or end in nothing
 */
export function resolveModelName(name: string, known: KnownNames): RouteDecision {
  const { name: current, reasons } = followAliases(name, known);
  // Without a policy nothing is spent for whoever did not name a model.
  if (current === 'auto') return nearModel(known, [...reasons, 'auto: the near model']);
  if (current === 'near') return nearModel(known, reasons);
  if (current === 'far') return farModel(known, reasons);
  const modelId = known.modelIds.includes(current)
    ? current
    : (findRemoteId(current, known.remote) ?? findModelId(current, known.modelIds));
  if (modelId === null) throw notFound(name, current, known);
  if (modelId !== current) reasons.push(`${current} is ${modelId} here`);
  reasons.push(`model ${modelId}`);
  return { modelId, reasons };
}

/**
 * Pure: what a name stands for in the end: `auto`, `near`, `far` or a model's name; and each step that led there.
 * @throws NearfarError `model_not_found` where aliases run in a circle
 */
export function followAliases(
  name: string,
  { aliases, tiers = {} }: Pick<KnownNames, 'aliases' | 'tiers'>,
): {
  readonly name: string;
  readonly reasons: string[];
  /** The name that was asked and each that it stands for, `name` last. */
  readonly steps: readonly string[];
} {
  const reasons: string[] = [];
  const visited = new Set<string>();
  let current = name;
  while (!builtIn.has(current)) {
    const alias = aliasOf(current, aliases);
    const meant = alias ?? (Object.hasOwn(tiers, current) ? (tiers[current] ?? null) : null);
    // A tier may have the name of its model.
    if (meant === null || (alias === null && meant === current)) break;
    if (visited.has(current)) throw circle([...visited, current]);
    visited.add(current);
    reasons.push(`${alias === null ? 'tier' : 'alias'} ${current} -> ${meant}`);
    current = meant;
  }
  return { name: current, reasons, steps: [...visited, current] };
}

const builtIn: ReadonlySet<string> = new Set(['auto', 'near', 'far']);

function nearModel({ near, modelIds, ...rest }: KnownNames, reasons: readonly string[]): RouteDecision {
  const wanted = near ?? modelIds[0];
  if (wanted === undefined) {
    throw new NearfarError(
      'model_not_found',
      'No model is on this machine yet. Pull one: nearfar pull recommended',
      {
        field: 'model',
      },
    );
  }
  const modelId = findModelId(wanted, modelIds);
  if (modelId === null) throw notFound('near', wanted, { near, modelIds, ...rest });
  return {
    modelId,
    reasons: [...reasons, near === null ? `near: ${modelId}, the first there is` : `near: ${modelId}`],
  };
}

function farModel({ remote, ...rest }: KnownNames, reasons: readonly string[]): RouteDecision {
  const wanted = remote?.far ?? remote?.modelIds[0];
  if (remote === undefined || wanted === undefined) {
    throw new NearfarError(
      'model_not_found',
      'There is no far model: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or add an upstream: nearfar connect URL',
      { field: 'model' },
    );
  }
  const modelId = findRemoteId(wanted, remote);
  if (modelId === null) throw notFound('far', wanted, { remote, ...rest });
  return {
    modelId,
    reasons: [...reasons, remote.far === null ? `far: ${modelId}, the first there is` : `far: ${modelId}`],
  };
}

/** Names of models elsewhere are taken as they are: a guess could send a prompt where nobody meant it to go. */
function findRemoteId(name: string, remote: RemoteNames | undefined): string | null {
  if (remote === undefined) return null;
  if (remote.modelIds.includes(name)) return name;
  const slash = name.indexOf('/');
  if (slash > 0 && slash < name.length - 1 && remote.upstreams.includes(name.slice(0, slash))) return name;
  const bare = remote.modelIds.filter((id) => id.slice(id.indexOf('/') + 1) === name);
  return bare.length === 1 ? (bare[0] ?? null) : null;
}

function aliasOf(name: string, aliases: Readonly<Record<string, string>>): string | null {
  for (const form of [name, withoutLatest(name)]) {
    // Own properties only: a client may well send `constructor` or `__proto__`.
    if (Object.hasOwn(aliases, form)) return aliases[form] ?? null;
  }
  return null;
}

/**
 * Ids here look like `qwen2.5-1.5b-instruct` or, for another format than the usual, `qwen2.5-1.5b-instruct:q8_0`;
 * Ollama says `qwen2.5:1.5b`, others `Qwen2.5-1.5B-Instruct`. Tried in order: the name as it is; without regard to
 * case, dashes and colons; with a chat suffix; and the same against ids without their format. What a client's name
 * says is never dropped, `latest` excepted: `llama3.2:70b` is not `llama3.2`.
 */
function findModelId(name: string, modelIds: readonly string[]): string | null {
  if (modelIds.includes(name)) return name;
  const wanted = squash(withoutLatest(name));
  if (wanted === '') return null;
  const forms = [wanted, ...chatSuffixes.map((suffix) => wanted + suffix)];
  for (const readId of [squash, (id: string) => squash(withoutFormat(id))]) {
    for (const form of forms) {
      const found = modelIds.find((id) => readId(withoutLatest(id)) === form);
      if (found !== undefined) return found;
    }
  }
  return null;
}

const chatSuffixes = ['instruct', 'it', 'chat'];

function squash(name: string): string {
  return name.toLowerCase().replaceAll(/[-_:]/g, '');
}

function withoutFormat(id: string): string {
  return id.replace(/:[^:/]*$/, '');
}

function withoutLatest(name: string): string {
  return name.endsWith(':latest') ? name.slice(0, -':latest'.length) : name;
}

function notFound(
  requested: string,
  sought: string,
  { aliases, modelIds: own, remote }: KnownNames,
): NearfarError {
  const modelIds = [...own, ...(remote?.modelIds ?? [])];
  const names = [
    'auto',
    'near',
    ...(remote === undefined ? [] : ['far']),
    ...modelIds,
    ...Object.keys(aliases),
  ];
  const via = sought === requested ? '' : `, which stands for "${clip(sought)}"`;
  const nearest = nearestName(sought, names);
  const here =
    modelIds.length === 0 ? 'no model is installed' : `here are ${names.slice(0, listedNames).join(', ')}`;
  const more =
    names.length > listedNames && modelIds.length > 0 ? ` and ${names.length - listedNames} more` : '';
  return new NearfarError(
    'model_not_found',
    `There is no model "${clip(requested)}"${via}: ${here}${more}.` +
      (nearest === null || nearest === requested ? '' : ` Did you mean "${nearest}"?`) +
      ` To give it a meaning, add to the settings: aliases: { "${clip(requested)}": "auto" }`,
    { field: 'model' },
  );
}

function circle(names: readonly string[]): NearfarError {
  return new NearfarError(
    'model_not_found',
    `The aliases run in a circle: ${names.map(clip).join(' -> ')}.`,
    {
      field: 'model',
    },
  );
}

const listedNames = 40;

function clip(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}...` : name;
}
