import process from 'node:process';
import type { Billing } from '../answer/billing.ts';
import { ownBilling } from '../answer/billing.ts';
import { isLoopbackHost, type LoadedSettings } from '../config/load.ts';
import type { UpstreamSetting } from '../config/upstream-schema.ts';
import { listedPrice, tokenPrice } from '../ledger/prices.ts';
import type { RemoteNames } from '../route/resolve-model-name.ts';
import { presets } from '../upstream/traits.ts';
import type { UpstreamSettings } from '../upstream/upstream.ts';
import { upstreamKey } from './secrets.ts';

/**
 * The upstreams of the settings, their keys read.
 * @throws as `upstreamKey` does
 */
export async function upstreamSettings(loaded: LoadedSettings): Promise<readonly UpstreamSettings[]> {
  return Promise.all(
    loaded.settings.upstreams.map(async (setting): Promise<UpstreamSettings> => {
      const { hostname } = new URL(setting.baseUrl);
      return {
        name: setting.name,
        protocol: setting.protocol,
        traits: presets[setting.preset],
        baseUrl: setting.baseUrl,
        key: await upstreamKey(setting, loaded),
        keyHeader: setting.keyHeader,
        headers: setting.headers,
        boundary: setting.boundary,
        forwardsClientKey: setting.forwardClientKey,
        models: setting.models.map(({ name, contextTokenCount, maxTokenCount }) => {
          const listed = listedPrice(hostname, name);
          return {
            name,
            contextTokenCount: contextTokenCount ?? listed?.contextTokenCount ?? null,
            maxTokenCount: maxTokenCount ?? listed?.maxTokenCount ?? null,
          };
        }),
        timeouts: setting.timeouts,
        retry: { retryCount: setting.retries, longestWaitMs: setting.longestWaitMs },
        usesProxy: setting.boundary === 'outside' && !isLoopbackHost(hostname) && hasProxy(),
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
export function billingOf(modelId: string | null, upstreams: readonly UpstreamSetting[]): Billing {
  const slash = modelId?.indexOf('/') ?? -1;
  const upstream = upstreams.find(
    ({ name }) => modelId !== null && name === modelId.slice(0, Math.max(0, slash)),
  );
  if (modelId === null || upstream === undefined) return ownBilling;
  const name = modelId.slice(slash + 1);
  const own = upstream.models.find((model) => model.name === name)?.price;
  const listed = listedPrice(new URL(upstream.baseUrl).hostname, name);
  return {
    upstream: upstream.name,
    price: own === undefined ? (listed?.price ?? null) : tokenPrice(own),
  };
}

/** For the banner: which model is `far`, whether it is inside, and what it costs; null where there is none. */
export function farLine({ settings }: LoadedSettings): string | null {
  const { upstreams, far } = settings;
  const first = upstreams.flatMap(({ name, models }) => models.map((model) => `${name}/${model.name}`))[0];
  const id = far === null ? first : wholeId(far, upstreams);
  if (id === undefined) return null;
  const upstream = upstreams.find(({ name }) => id.startsWith(`${name}/`));
  if (upstream === undefined) return null;
  const name = id.slice(upstream.name.length + 1);
  return `${id} · ${priceWords(upstream, name)} · ${upstream.boundary}`;
}

function wholeId(far: string, upstreams: readonly UpstreamSetting[]): string | undefined {
  if (upstreams.some(({ name }) => far.startsWith(`${name}/`))) return far;
  const upstream = upstreams.find(({ models }) => models.some((model) => model.name === far));
  return upstream === undefined ? undefined : `${upstream.name}/${far}`;
}

function priceWords(upstream: UpstreamSetting, name: string): string {
  const own = upstream.models.find((model) => model.name === name)?.price;
  const listed = own === undefined ? listedPrice(new URL(upstream.baseUrl).hostname, name) : null;
  const price = own === undefined ? listed?.price : tokenPrice(own);
  if (price === undefined) return 'price unknown';
  const dollars = (micros: number): string => `$${String(micros / 1_000_000)}`;
  const source = listed === null ? 'by the settings' : `list of ${listed.date}`;
  return `${dollars(price.promptMicrosPerMillion)} in, ${dollars(price.completionMicrosPerMillion)} out per million tokens (${source})`;
}
