import type { RunnerUp } from './engine-loop.ts';
import type { Resumable } from './resume-file.ts';
import type { WidthNoise } from './width-noise.ts';
import type { Workload } from './workloads/workload.ts';

export interface Job {
  readonly workload: Workload['name'];
  readonly tokens: readonly number[];
  readonly outputTokenCount: number;
  /** What the loop without speculation answers. */
  readonly expected: readonly number[];
  /** Of each of these tokens, the next likeliest ones. */
  readonly runnersUp: readonly (readonly RunnerUp[])[];
}

/** Milliseconds by round and, within it, by job. */
export interface SideTimes {
  readonly plain: number[][];
  readonly drafting: number[][];
}

/** How the answers with drafts compare with those without. */
export interface Agreement {
  sameCount: number;
  partedCount: number;
  /** Of those that part, those that do so at a gap within the noise of widths. */
  tieCount: number;
  /** Widest gap in nats where one parted; `null`: at a token that was no runner-up. */
  widestGap: number | null;
}

/** What has been measured of one model. */
export interface ModelState {
  readonly jobs: Job[];
  /** `null`: not measured yet. */
  noise: WidthNoise | null;
  readonly ours: SideTimes;
  /** Drafted and accepted tokens by round and job. */
  readonly drafted: number[][];
  readonly accepted: number[][];
  readonly agreement: Agreement;
  readonly peer: SideTimes & {
    /** Each setting that was tried, with the milliseconds of all jobs. */
    readonly tried: { readonly flags: readonly string[]; readonly milliseconds: number }[];
  };
}

export interface SpeculateState extends Resumable {
  readonly models: Record<string, ModelState>;
}

export function emptyModelState(): ModelState {
  return {
    jobs: [],
    noise: null,
    ours: { plain: [], drafting: [] },
    drafted: [],
    accepted: [],
    agreement: { sameCount: 0, partedCount: 0, tieCount: 0, widestGap: 0 },
    peer: { tried: [], plain: [], drafting: [] },
  };
}
