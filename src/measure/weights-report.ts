import type { BatchSpeed } from './batch-speed.ts';
import type { Estimate } from './interval.ts';
import type { DivergenceFromBase } from './weights.ts';

/** One weight format of a model, measured. */
export interface WeightsRow {
  readonly format: string;
  /** `source`: the file as it is here; `made`: written by libllama; `simulated`: rounded and put back into F16. */
  readonly origin: 'source' | 'made' | 'simulated';
  /** Of weights that only stand for a format: what they would take in it, without the file's header. */
  readonly fileBytes: number;
  readonly bitsPerWeight: number;
  /** `null` for simulated formats. */
  readonly residentBytes: number | null;
  /** Whose CPU kernels computed; absent in records of before there were any but the shipped ones. */
  readonly kernels?: 'shipped' | 'built';
  /** Empty for simulated formats: libllama has no kernels for them. */
  readonly speeds: readonly BatchSpeed[];
  readonly perplexity: Estimate;
  /** `null` for the base itself. */
  readonly against: DivergenceFromBase | null;
}

export interface WeightsReport {
  readonly model: string;
  /** Format of the base that the others are compared with. */
  readonly baseFormat: string;
  /** In what the weights had lost precision before the base was made; `null` = in nothing. */
  readonly sourceLoss: string | null;
  readonly threadCount: number;
  readonly windowTokenCount: number;
  readonly scoredTokenCount: number;
  readonly cpu: string;
  readonly measuredAt: string;
  /** In order of their size, largest first. */
  readonly rows: readonly WeightsRow[];
  /** Formats that could not be made or measured, and why. */
  readonly failed: readonly { readonly format: string; readonly reason: string }[];
}

export function speedAt(row: Pick<WeightsRow, 'speeds'>, batchSize: number): BatchSpeed | null {
  return row.speeds.find((speed) => speed.batchSize === batchSize) ?? null;
}
