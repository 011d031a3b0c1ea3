import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';

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
export interface MeasureState {
  /** What must be the same for measurements to belong together. */
  readonly key: string;
  /** By format. */
  readonly quality: Record<string, { readonly own: Quality; readonly theirs: Quality }>;
  /** By format and side, one entry a run. */
  readonly speeds: Record<string, Record<SpeedSide, Speeds[]>>;
}

/** @throws Error where the file holds measurements of other conditions */
export async function readMeasureState(path: string | null, key: string): Promise<MeasureState> {
  if (path === null || !existsSync(path)) return { key, quality: {}, speeds: {} };
  const state = JSON.parse(await readFile(path, 'utf8')) as MeasureState;
  if (state.key !== key) throw new Error(`--resume: ${path} holds "${state.key}", not "${key}"`);
  return state;
}

/** Lands by rename, so that a run that is stopped leaves the last whole measurement. */
export async function writeMeasureState(path: string | null, state: MeasureState): Promise<void> {
  if (path === null) return;
  const partial = `${path}.${process.pid}.part`;
  await writeFile(partial, JSON.stringify(state));
  await rename(partial, path);
}
