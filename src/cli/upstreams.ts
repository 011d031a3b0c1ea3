import process from 'node:process';
import type { Billing, FindBilling } from '../answer/billing.ts';
import { ownBilling } from '../answer/billing.ts';
import type { ModelBounds } from '../answer/worst-cost.ts';
import { isLoopbackHost, type LoadedSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import type { UpstreamSetting } from '../config/upstream-schema.ts';
import { tokenPrice, type PriceTable } from '../ledger/prices.ts';
import type { RemoteNames } from '../route/resolve-model-name.ts';
import { loadEndpoints } from '../upstream/load-endpoints.ts';
import { presets } from '../upstream/traits.ts';
import type { UpstreamSettings } from '../upstream/upstream.ts';
import { upstreamKey } from './secrets.ts';

/**
 * The upstreams of the settings, their keys read.
 * @throws as `upstreamKey` does
 */
export async function upstreamSettings(
  loaded: LoadedSettings,
  prices: PriceTable,
): Promise<readonly UpstreamSettings[]> {
  return Promise.all(
    loaded.settings.upstreams.map(async (setting): Promise<UpstreamSettings> => {
      const { hostname } = new URL(setting.baseUrl);
      return {
        name: setting.name,
        protocol: setting.protocol,
        traits: presets[setting.preset],
        addresses: [setting.baseUrl, ...setting.replicas].map((baseUrl) => ({
          baseUrl,
          usesProxy:
            setting.boundary === 'outside' && !isLoopbackHost(new URL(baseUrl).hostname) && hasProxy(),
        })),
        balance: setting.balance,
        hedge: setting.hedge,
        endpoints: loadEndpoints[setting.preset],
        key: await upstreamKey(setting, loaded),
        keyHeader: setting.keyHeader,
        headers: setting.headers,
        boundary: setting.boundary,
        forwardsClientKey: setting.forwardClientKey,
        models: setting.models.map(({ name, contextTokenCount, maxTokenCount }) => {
          const listed = prices.find(hostname, name);
          return {
            name,
            contextTokenCount: contextTokenCount ?? listed?.contextTokenCount ?? null,
            maxTokenCount: maxTokenCount ?? listed?.maxTokenCount ?? null,
          };
        }),
        timeouts: setting.timeouts,
        retry: { retryCount: setting.retries, longestWaitMs: setting.longestWaitMs },
      };
    }),
  );
}

/** Whether the environment names a proxy for what goes out. */
function hasProxy(): boolean {
  return ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].some(
    (name) => (process.env[name] ?? '') !== '',
  );
}

/** What the route must know of models elsewhere; undefined where there are none. */
export function remoteNames({ settings }: LoadedSettings): RemoteNames | undefined {
  const { upstreams, far } = settings;
  if (upstreams.length === 0) return undefined;
  return {
    modelIds: upstreams.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`)),
    upstreams: upstreams.map((upstream) => upstream.name),
    far,
  };
}

/** Who bills a model, and how: the owner's price, else the price list's; null where neither tells. */
export function billingOf(
  modelId: string | null,
  upstreams: readonly UpstreamSetting[],
  prices: PriceTable,
): Billing {
  const slash = modelId?.indexOf('/') ?? -1;
  const upstream = upstreams.find(
    ({ name }) => modelId !== null && name === modelId.slice(0, Math.max(0, slash)),
  );
  if (modelId === null || upstream === undefined) return ownBilling;
  const name = modelId.slice(slash + 1);
  const own = upstream.models.find((model) => model.name === name)?.price;
  const { hostname } = new URL(upstream.baseUrl);
  const listed = prices.find(hostname, name);
  return {
    upstream: upstream.name,
    price: own === undefined ? (listed?.price ?? null) : tokenPrice(own),
    ...(own === undefined && listed?.offPeak !== undefined
      ? { dearestPrice: { ...listed.price, ...tokenPrice(listed.list) } }
      : {}),
    // What the owner states goes before what a reseller says.
    ...(own === undefined && tellingHosts.has(hostname) ? { isToldByUpstream: true } : {}),
  };
}

/** Resellers that say with each answer what they bill for it: https://openrouter.ai/docs/use-cases/usage-accounting */
const tellingHosts: ReadonlySet<string> = new Set(['openrouter.ai']);

/** `billingOf` as the pipeline asks it: for the same models again and again. */
export function createBilling(
  upstreams: readonly UpstreamSetting[],
  prices: PriceTable,
  now: () => number = Date.now,
): FindBilling {
  const known = new Map<string, Billing>();
  let knownHour = NaN;
  return (modelId) => {
    if (modelId === null) return ownBilling;
    const hour = Math.floor(now() / hourMs);
    // Some prices have a last day.
    if (hour !== knownHour) known.clear();
    knownHour = hour;
    const found = known.get(modelId) ?? billingOf(modelId, upstreams, prices);
    // Clients choose the names; and another hour may have another price.
    if (known.size < rememberedModels && found.dearestPrice === undefined) known.set(modelId, found);
    return found;
  };
}

const rememberedModels = 1000;
const hourMs = 3_600_000;

/** What is known of how much a model reads and writes at most; nothing of this machine's, which cost nothing. */
export function boundsOf(
  modelId: string,
  upstreams: readonly UpstreamSetting[],
  prices: PriceTable,
): ModelBounds {
  const slash = modelId.indexOf('/');
  const upstream = upstreams.find(({ name }) => name === modelId.slice(0, Math.max(0, slash)));
  if (upstream === undefined) return { contextTokenCount: null, maxTokenCount: null, mayHedge: false };
  const name = modelId.slice(slash + 1);
  const stated = upstream.models.find((model) => model.name === name);
  const listed = prices.find(new URL(upstream.baseUrl).hostname, name);
  return {
    contextTokenCount: stated?.contextTokenCount ?? listed?.contextTokenCount ?? null,
    maxTokenCount: stated?.maxTokenCount ?? listed?.maxTokenCount ?? null,
    mayHedge: upstream.hedge !== 'off',
  };
}

/** For the banner: which model is `far`, whether it is inside, and what it costs; null where there is none. */
export function farLine({ settings }: LoadedSettings, prices: PriceTable): string | null {
  const id = farModelId(settings);
  if (id === null) return null;
  const upstream = settings.upstreams.find(({ name }) => id.startsWith(`${name}/`));
  if (upstream === undefined) return null;
  const name = id.slice(upstream.name.length + 1);
  return `${id} · ${priceWords(upstream, name, prices)} · ${upstream.boundary}`;
}

/** The model that `far` stands for, with its upstream before it; null where there is none. */
export function farModelId({ upstreams, far }: Pick<Settings, 'upstreams' | 'far'>): string | null {
  const first = upstreams.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`))[0];
  return (far === null ? first : wholeId(far, upstreams)) ?? null;
}

function wholeId(far: string, upstreams: readonly UpstreamSetting[]): string | undefined {
  if (upstreams.some(({ name }) => far.startsWith(`${name}/`))) return far;
  const upstream = upstreams.find(({ models }) => models.some((model) => model.name === far));
  return upstream === undefined ? undefined : `${upstream.name}/${far}`;
}

function priceWords(upstream: UpstreamSetting, name: string, prices: PriceTable): string {
  const own = upstream.models.find((model) => model.name === name)?.price;
  const listed = own === undefined ? prices.find(new URL(upstream.baseUrl).hostname, name) : null;
  const price = own === undefined ? listed?.price : tokenPrice(own);
  if (price === undefined) return 'price unknown';
  const dollars = (micros: number): string => `$${String(micros / 1_000_000)}`;
  const source = listed === null ? 'by the settings' : `list of ${listed.date}`;
  return `${dollars(price.promptMicrosPerMillion)} in, ${dollars(price.completionMicrosPerMillion)} out per million tokens (${source})`;
}
