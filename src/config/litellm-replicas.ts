/** What replicas must have alike; everything but the address. */
interface Server {
  readonly name: string;
  readonly baseUrl: string;
  readonly models: readonly (string | object)[];
}

export interface JoinedServers<Upstream> {
  readonly upstreams: readonly (Upstream & { readonly replicas?: readonly string[] })[];
  /** Names of those that became a replica -> of whom. */
  readonly replicaOf: ReadonlyMap<string, string>;
}

/**
 * Pure: LiteLLM balances whatever stands under one name; here servers that are alike in everything but their address are
 * replicas of one upstream. Others stay what they are.
 * @param groups of ids (`upstream/model`) that stand under one name
 */
export function joinReplicas<Upstream extends Server>(
  upstreams: readonly Upstream[],
  groups: readonly (readonly string[])[],
): JoinedServers<Upstream> {
  const byName = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
  const replicaOf = new Map<string, string>();
  for (const [first = '', ...others] of groups) {
    const server = byName.get(nameOf(first));
    if (server === undefined || replicaOf.has(server.name)) continue;
    for (const other of others) {
      const twin = byName.get(nameOf(other));
      if (twin === undefined || twin === server || replicaOf.has(twin.name)) continue;
      const isSameModel = modelOf(first) === modelOf(other);
      if (isSameModel && likeness(server) === likeness(twin) && !isReplicaOfOthers(twin.name, replicaOf)) {
        replicaOf.set(twin.name, server.name);
      }
    }
  }
  const joined = upstreams.flatMap((upstream) => {
    if (replicaOf.has(upstream.name)) return [];
    const replicas = upstreams
      .filter(({ name }) => replicaOf.get(name) === upstream.name)
      .map(({ baseUrl }) => baseUrl);
    return [replicas.length === 0 ? upstream : { ...upstream, replicas }];
  });
  return { upstreams: joined, replicaOf };
}

/** One that has replicas of its own stays itself. */
function isReplicaOfOthers(name: string, replicaOf: ReadonlyMap<string, string>): boolean {
  return [...replicaOf.values()].includes(name);
}

/** Two that have it in common differ in name and address only. */
function likeness(server: Server): string {
  const alike: Record<string, unknown> = { ...server };
  delete alike['name'];
  delete alike['baseUrl'];
  const models = server.models.map((model) => JSON.stringify(model)).toSorted();
  return JSON.stringify({ ...alike, models });
}

function nameOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')));
}

function modelOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
