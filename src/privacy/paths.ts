import { isPublicAddress } from '../fetch/public-address.ts';
import { modeFor, type RouteModes } from './route-mode.ts';
import type { RouteMode } from './verdict.ts';

/** Of the settings what says where prompts go; `Settings` fits. */
export interface PathSettings {
  readonly far: string | null;
  readonly mid: string | null;
  readonly route: {
    readonly policy: string | null;
    readonly tiers: readonly { readonly name: string; readonly model: string }[] | null;
    readonly classifier: string | null;
    readonly observe: boolean;
  };
  readonly shadow: { readonly judge: string; readonly share: number } | null;
  readonly aliases: Readonly<Record<string, string>>;
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly upstreams: readonly PathUpstream[];
  readonly cache: { readonly semantic: { readonly embedder: string } | null };
  readonly privacy: RouteModes & { readonly insideHosts: readonly string[] };
}

interface PathUpstream {
  readonly name: string;
  readonly preset: string;
  readonly baseUrl: string;
  readonly replicas: readonly string[];
  readonly hedge: 'off' | 'auto' | number;
  readonly boundary: 'inside' | 'outside';
  readonly models: readonly { readonly name: string }[];
}

/** One way on which a prompt can get to a server elsewhere. */
export interface PrivacyPath {
  /** The name that a client asks for, or the part of nearfar that asks. */
  readonly from: string;
  /** The steps from there, in words. */
  readonly via: readonly string[];
  readonly upstream: string;
  /** `*`: whatever a client names behind the upstream's name. */
  readonly model: string;
  readonly address: string;
  readonly boundary: 'inside' | 'outside';
  /** What happens to a tainted request that would take it. */
  readonly mode: RouteMode;
  /** Which requests may take it: all, or those that are open (and in the mode `redact` copies without what was found). */
  readonly carries: 'tainted' | 'open' | 'open_and_redacted';
}

/** A path on which a tainted request could reach a remote. */
export interface Leak {
  readonly path: PrivacyPath;
  /** Which setting lets it, e.g. `upstreams[0].boundary`. */
  readonly setting: string;
  readonly message: string;
}

/**
 * Pure: every path to every upstream: by the names of models, by aliases and tiers, by fallbacks, replicas and hedges, and by the
 * parts of nearfar that ask by themselves.
 */
export function pathsOf(settings: PathSettings): readonly PrivacyPath[] {
  const { upstreams, aliases, fallbacks, cache, privacy } = settings;
  const ids = upstreams.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`));
  const bareNames = ids.map((id) => id.slice(id.indexOf('/') + 1));
  const names = [
    ...new Set([
      'auto',
      'near',
      'far',
      ...tiersOf(settings).map(({ name }) => name),
      ...Object.keys(aliases),
      ...Object.keys(fallbacks),
      ...ids,
      ...bareNames,
      ...upstreams.map(({ name }) => `${name}/*`),
    ]),
  ];
  const asked = names.flatMap((name) =>
    chainsOf(name, settings).flatMap(({ id, via }) =>
      pathsTo(id, settings).map((end): PrivacyPath => ({
        ...end,
        from: name,
        via: [...via, ...end.via],
        ...guardOf(name, end, settings),
      })),
    ),
  );
  // These read every prompt, before or whatever its label.
  const readers = [
    { from: 'cache.semantic', reads: 'embedder', id: cache.semantic?.embedder ?? null },
    { from: 'route.classifier', reads: 'classifier', id: settings.route.classifier },
  ];
  const own = readers.flatMap(({ from, reads, id }) =>
    (id === null ? [] : pathsTo(id, settings)).map((end): PrivacyPath => ({
      ...end,
      from,
      via: [`${reads} ${id ?? ''}`, ...end.via],
      mode: privacy.mode,
      carries: 'tainted',
    })),
  );
  return [...asked, ...own, ...comparisons(settings)];
}

/** Ways of what is asked after an answer, of open requests only: the other tiers, and who judges between them. */
function comparisons(settings: PathSettings): readonly PrivacyPath[] {
  const { shadow, privacy } = settings;
  if (shadow === null || shadow.share === 0) return [];
  const asked = [
    ...tiersOf(settings).map(({ name }) => ({ name, as: `alternative ${name}` })),
    { name: shadow.judge, as: `judge ${shadow.judge}` },
  ];
  return asked.flatMap(({ name, as }) =>
    chainsOf(name, settings).flatMap(({ id, via }) =>
      pathsTo(id, settings).map((end): PrivacyPath => ({
        ...end,
        from: 'shadow',
        via: [as, ...via, ...end.via],
        mode: privacy.mode,
        carries: 'open',
      })),
    ),
  );
}

/**
 * Pure: those of the paths that carry tainted requests to a server which is not provably the owner's: an upstream is called
 * inside though its address is a public one that `privacy.insideHosts` does not name, or a part of nearfar that reads every
 * prompt asks an upstream outside.
 */
export function leaksOf(settings: PathSettings): readonly Leak[] {
  return pathsOf(settings).flatMap((path): Leak[] => {
    if (path.carries !== 'tainted') return [];
    const steps = [path.from, ...path.via, path.address].join(' -> ');
    if (path.boundary === 'outside') {
      const message = `a tainted request could leave: ${steps}; expected a model of this machine`;
      return [{ path, setting: path.from, message }];
    }
    const { hostname } = new URL(path.address);
    if (isWithin(hostname) || settings.privacy.insideHosts.includes(hostname)) return [];
    const index = settings.upstreams.findIndex(({ name }) => name === path.upstream);
    const message =
      `a tainted request could leave: ${steps}. ${path.upstream} is inside by its \`boundary\`, and ${hostname} is no address of a ` +
      `private network; where it is yours all the same, say so: privacy.insideHosts: [${hostname}]`;
    return [{ path, setting: `upstreams[${index}].boundary`, message }];
  });
}

/** Names that only a network of one's own knows, and addresses that only it routes. */
export function isWithin(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (/^[\d.]+$/.test(bare) || bare.includes(':')) return !isPublicAddress(bare);
  return (
    !bare.includes('.') ||
    /\.(?:localhost|local|internal|intranet|lan|home|corp|private|svc|home\.arpa)$/.test(bare)
  );
}

interface Chain {
  readonly id: string;
  readonly via: readonly string[];
}

/** What a name leads to at first, and where that fails: the route asks the first list that there is, this names them all. */
function chainsOf(name: string, settings: PathSettings): readonly Chain[] {
  const first = targetOf(name, settings);
  const { fallbacks } = settings;
  const lists = [
    ...new Set([...first.steps, ...wholeIds(first.id, settings)]),
    ...(isTier(first.id) ? ownModels(settings) : []),
  ].flatMap((one) => (Object.hasOwn(fallbacks, one) ? [{ of: one, names: fallbacks[one] ?? [] }] : []));
  const isHedged = settings.upstreams.some(
    (upstream) => first.id.startsWith(`${upstream.name}/`) && upstream.hedge !== 'off',
  );
  const how = isHedged ? 'fallback or hedge' : 'fallback';
  const others = lists.flatMap(({ of, names }) =>
    names.map((next): Chain => {
      const target = targetOf(next, settings);
      return { id: target.id, via: [...first.via, `${how} of ${of}: ${next}`, ...target.via] };
    }),
  );
  const { policy, tiers, observe } = settings.route;
  const isRouted = first.id === 'auto' && (policy !== null || tiers !== null || observe);
  const routed = (isRouted ? tiersOf(settings) : []).map((tier): Chain => {
    const target = targetOf(tier.name, settings);
    return { id: target.id, via: [...first.via, `tier ${tier.name}`, ...target.via] };
  });
  return [first, ...others, ...routed];
}

/** As the route has them: those that the owner names, else `near`, `mid` and `far` as far as they are there. */
function tiersOf({ route, mid }: PathSettings): readonly { readonly name: string; readonly model: string }[] {
  return (
    route.tiers ?? [
      { name: 'near', model: 'near' },
      ...(mid === null ? [] : [{ name: 'mid', model: mid }]),
      { name: 'far', model: 'far' },
    ]
  );
}

/** A name, and what it is with its upstream before it: fallbacks may stand under either. */
function wholeIds(id: string, { upstreams }: PathSettings): readonly string[] {
  const having = upstreams.filter(({ models }) => models.some(({ name }) => name === id));
  return [id, ...having.map(({ name }) => `${name}/${id}`)];
}

/** `auto` and `near` stand for some model of this machine; which one is not in the settings alone. */
function isTier(id: string): boolean {
  return id === 'auto' || id === 'near';
}

/** Names with fallbacks that are none of an upstream's and no alias. */
function ownModels({ fallbacks, aliases, upstreams }: PathSettings): readonly string[] {
  return Object.keys(fallbacks).filter(
    (name) =>
      name !== 'far' &&
      !isTier(name) &&
      !Object.hasOwn(aliases, name) &&
      !upstreams.some((upstream) => name.startsWith(`${upstream.name}/`)),
  );
}

/** Follows aliases and tiers; `steps` are the names on the way, the first included. */
function targetOf(name: string, settings: PathSettings): Chain & { readonly steps: readonly string[] } {
  const { aliases, far, mid, upstreams } = settings;
  const tiers = new Map(
    tiersOf(settings).map((tier) => [tier.name, tier.name === 'mid' ? (mid ?? tier.model) : tier.model]),
  );
  const via: string[] = [];
  const visited = new Set<string>();
  let current = name;
  while (!visited.has(current)) {
    visited.add(current);
    const isAlias = Object.hasOwn(aliases, current);
    const next: string = (isAlias ? aliases[current] : tiers.get(current)) ?? current;
    if (next === current) break;
    via.push(isAlias ? `alias ${current} is ${next}` : `${current} is ${next}`);
    current = next;
  }
  const steps = [...visited];
  if (current !== 'far') return { id: current, via, steps };
  const ids = upstreams.flatMap((upstream) =>
    upstream.models.map((model) => `${upstream.name}/${model.name}`),
  );
  const id = far ?? ids[0];
  return id === undefined ? { id: current, via, steps } : { id, via: [...via, `far is ${id}`], steps };
}

type End = Pick<PrivacyPath, 'upstream' | 'model' | 'address' | 'boundary' | 'via'>;

/** Every server that may be asked for a model; none for this machine's. */
function pathsTo(id: string, { upstreams }: PathSettings): readonly End[] {
  const within = upstreams.filter(({ name }) => id.startsWith(`${name}/`) && id.length > name.length + 1);
  // A bare name may be any upstream's that has it.
  const found =
    within.length > 0 ? within : upstreams.filter(({ models }) => models.some(({ name }) => name === id));
  return found.flatMap((upstream) => {
    const model = within.length > 0 ? id.slice(upstream.name.length + 1) : id;
    return [upstream.baseUrl, ...upstream.replicas].map((address, index): End => {
      const hedged = upstream.hedge === 'off' ? '' : ', also as a hedge';
      const via = index === 0 ? [] : [`replica ${index}${hedged}`];
      return { upstream: upstream.name, model, address, boundary: upstream.boundary, via };
    });
  });
}

function guardOf(
  name: string,
  { boundary }: End,
  { privacy, aliases }: PathSettings,
): Pick<PrivacyPath, 'mode' | 'carries'> {
  const mode = modeFor(name, privacy, aliases);
  if (boundary === 'inside') return { mode, carries: 'tainted' };
  return { mode, carries: mode === 'redact' ? 'open_and_redacted' : 'open' };
}
