/** Settings of nearfar's, as they stand in its file. */
export interface ImportedSettings {
  readonly upstreams: readonly ImportedUpstream[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly keys: readonly {
    readonly name: string;
    readonly env: string;
    readonly scopes: readonly string[];
    readonly budgetPerDay?: number;
    readonly budgetPerMonth?: number;
  }[];
}

export interface ImportedUpstream {
  readonly name: string;
  readonly protocol: string;
  readonly preset?: string;
  readonly baseUrl: string;
  readonly env?: string;
  readonly keyHeader?: string;
  readonly replicas?: readonly string[];
  balance?: string;
  retries?: number;
  timeouts?: { firstTokenMs: number };
  readonly models: (string | object)[];
}
