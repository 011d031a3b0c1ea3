import type { BalanceMode } from '../balance/choose-replica.ts';
import type { HedgeSetting } from '../balance/hedging.ts';
import type { Secret } from '../chat/secret.ts';
import type { UpstreamTimeouts } from './exchange.ts';
import type { LoadEndpoints } from './load-endpoints.ts';
import type { ProtocolName } from './protocol.ts';
import type { RetrySettings } from './retry-policy.ts';
import type { UpstreamTraits } from './traits.ts';

/** One model of an upstream, as far as anybody told. */
export interface UpstreamModelSettings {
  /** As the upstream calls it. */
  readonly name: string;
  /** Prompt and answer together, in tokens. */
  readonly contextTokenCount: number | null;
  /** Most tokens that one answer may have. */
  readonly maxTokenCount: number | null;
}

/** A server elsewhere that answers, complete and with its key read. */
export interface UpstreamSettings {
  /** Stands before its models' names: `openai/gpt-5.4-mini`. */
  readonly name: string;
  readonly protocol: ProtocolName;
  readonly traits: UpstreamTraits;
  /**
   * One, or several replicas that serve the same models, alike in everything. With the path that all routes begin with, as
   * the protocol's own clients take it.
   */
  readonly addresses: readonly UpstreamAddress[];
  /** How one of several is chosen. */
  readonly balance: BalanceMode;
  readonly hedge: HedgeSetting;
  /** Where its server tells how it is; null: nowhere that is known. */
  readonly endpoints: LoadEndpoints | null;
  readonly key: Secret | null;
  /** Header that carries the key in place of the protocol's own, e.g. Azure's `api-key`; null: the protocol's own. */
  readonly keyHeader: string | null;
  /** Sent with every request; no secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether what is sent there leaves the owner's boundary. */
  readonly boundary: 'inside' | 'outside';
  /** The client's own key is sent in place of the upstream's. */
  readonly forwardsClientKey: boolean;
  readonly models: readonly UpstreamModelSettings[];
  readonly timeouts: UpstreamTimeouts & { readonly connectMs: number };
  readonly retry: RetrySettings;
}

export interface UpstreamAddress {
  readonly baseUrl: string;
  readonly usesProxy: boolean;
}

/** Known from the settings to the ledger by this name. */
export function upstreamModelId(upstream: string, model: string): string {
  return `${upstream}/${model}`;
}
