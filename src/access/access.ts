import type { KeyLimits } from './limits.ts';

/**
 * What a caller may do. `use` = ask models; `admin` = also pull, delete and change settings; `voice` = ask in the class
 * `voice`, for which everyone else's steps become shorter.
 */
export type Scope = 'use' | 'admin' | 'voice';

export interface Caller {
  /** Name of the key, or `local` where no key is needed. Never the key itself. */
  readonly keyName: string;
  /** Prefixes, caches and budgets are shared only within one tenant. */
  readonly tenant: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Absent: no bounds. */
  readonly limits?: KeyLimits;
}

/** Who may ask, and how much. */
export interface Access {
  /**
   * @param secret the bearer token, `x-api-key` value or null
   * Answers at once unless keys may have changed since it was last asked.
   * @throws NearfarError `unauthorized`; `unavailable` where keys cannot be looked up
   */
  authenticate(secret: string | null): Caller | Promise<Caller>;
}
