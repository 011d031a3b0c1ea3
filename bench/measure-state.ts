import type { Resumable } from './resume-file.ts';

export interface Quality {
  readonly perplexity: number;
  /** Nats; `null` for the base. */
  readonly divergence: number | null;
  readonly topAgreement: number | null;
}

/** Tokens/s. */
export interface Speeds {
  readonly prefill: number;
  readonly decode: number;
}

/** nearfar as shipped, the peer, and nearfar with kernels that were built here. */
export const speedSides = ['own', 'theirs', 'built'] as const;
export type SpeedSide = (typeof speedSides)[number];

/** What has been measured so far. */
export interface MeasureState extends Resumable {
  /** By format. */
  readonly quality: Record<string, { readonly own: Quality; readonly theirs: Quality }>;
  /** By format and side, one entry a run. */
  readonly speeds: Record<string, Record<SpeedSide, Speeds[]>>;
}
