import type { ImportedUpstream } from './imported-settings.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A deployment of a model's name: where LiteLLM may send a request for it. */
export interface LitellmDeployment {
  /** `upstream/model` */
  readonly id: string;
  /** In the file. */
  readonly place: string;
  /** LiteLLM asks those of a lower `order` first; null: none is stated. */
  readonly order: number | null;
}

export interface GroupedDeployments {
  /** Names that lead to one model. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Names that lead to several. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/**
 * Pure: what stands under one name is one model, or a group of several, each of which will do.
 * @param moved of ids, to where their upstream went that became a replica of another
 */
export function groupDeployments(
  byName: ReadonlyMap<string, readonly LitellmDeployment[]>,
  moved: (id: string) => string,
): GroupedDeployments {
  const aliases: Record<string, string> = {};
  const groups: Record<string, readonly string[]> = {};
  for (const [name, deployments] of byName) {
    const inOrder = deployments.toSorted(
      (one, other) => (one.order ?? Infinity) - (other.order ?? Infinity) || 0,
    );
    const ids = [...new Set(inOrder.map(({ id }) => moved(id)))];
    const [first] = ids;
    if (first === undefined) continue;
    if (ids.length === 1) aliases[name] = first;
    else groups[name] = ids;
  }
  return { aliases, groups };
}

/** Fields of `router_settings` and `litellm_settings` that are read here or told of in words of their own. */
export const routerFields = [
  ...['routing_strategy', 'timeout', 'stream_timeout', 'num_retries', 'allowed_fails', 'cooldown_time'],
  ...['retry_after', 'fallbacks', 'model_group_alias'],
] as const;

/** Pure: which of the servers of one upstream is asked; null: nearfar's own way. */
export function balanceOf(strategy: unknown): 'least-loaded' | 'round-robin' | null {
  if (strategy === 'least-busy') return 'least-loaded';
  return strategy === 'simple-shuffle' ? 'round-robin' : null;
}

/** Pure: what of the router's settings means something else here, one sentence each. */
export function routerNotes(
  router: Fields,
  { groupNames, hasReplicas }: { readonly groupNames: readonly string[]; readonly hasReplicas: boolean },
): readonly string[] {
  const { routing_strategy: strategy } = router;
  const notes: string[] = [];
  const isCheapest = strategy === 'cost-based-routing';
  if (groupNames.length > 0 && !isCheapest) {
    const told = typeof strategy === 'string' ? strategy : 'simple-shuffle, its default';
    notes.push(
      `router_settings.routing_strategy: ${told}: requests for ${groupNames.join(', ')} go where they are expected to cost the ` +
        'least, and where that is the same in the order of the list',
    );
  } else if (typeof strategy === 'string' && !isCheapest && !(hasReplicas && balanceOf(strategy) !== null)) {
    notes.push(
      hasReplicas
        ? `router_settings.routing_strategy: ${strategy}: replicas are asked where the first token is expected soonest (balance: prefix)`
        : `router_settings.routing_strategy: ${strategy}: no name has several deployments`,
    );
  }
  const fails = ['allowed_fails', 'cooldown_time'].filter((field) => router[field] !== undefined);
  if (fails.length > 0) {
    notes.push(
      `router_settings.${fails.join(', ')}: not carried over: a model of an upstream rests after 5 failures that are half of its ` +
        'last 20 answers, for 5 seconds, longer each time',
    );
  }
  if (router['retry_after'] !== undefined) {
    notes.push(
      'router_settings.retry_after: not carried over: waits grow by themselves and obey Retry-After',
    );
  }
  return notes;
}

/** Pure: milliseconds that a deployment's first piece may take; null: it states none. */
export function firstTokenMs(fields: Fields): number | null {
  const seconds = Number(fields['stream_timeout'] ?? fields['timeout'] ?? fields['request_timeout'] ?? NaN);
  return Number.isFinite(seconds) && seconds > 0
    ? Math.min(longestMs, Math.max(1, Math.round(seconds * 1000)))
    : null;
}

/** An hour: the longest that settings take. */
const longestMs = 3_600_000;

/** For upstreams that state none themselves. */
export function setTimeouts(upstreams: readonly ImportedUpstream[], milliseconds: number | null): void {
  if (milliseconds === null) return;
  for (const upstream of upstreams) upstream.timeouts ??= { firstTokenMs: milliseconds };
}
