import type { ModelGrade } from '../../chat/part.ts';

/** A published figure that an entry's grade rests on. */
export interface PublishedScore {
  /** What was measured and how, e.g. `MMLU (5-shot)`. */
  readonly benchmark: string;
  /** In the benchmark's own unit, percent unless it says otherwise. */
  readonly value: number;
  /** Who published it and where. */
  readonly source: string;
}

/** Where a file can be had. */
export interface CatalogSource {
  /** A `hf:`, `https:` or `pypi:` reference. */
  readonly reference: string;
  /** Lower-case hex; `null` = not known here: the hub's own statement counts, else it stays unverified. */
  readonly sha256: string | null;
}

/** The model in one weight format. */
export interface CatalogFile {
  /** E.g. `Q4_K_M`. */
  readonly format: string;
  readonly sizeBytes: number;
  /** False where the size is parameters x the format's usual bits a weight / 8. */
  readonly isSizeExact: boolean;
  /** In order of preference. */
  readonly sources: readonly CatalogSource[];
}

/** One model of the catalog: adding a model is adding one of these. */
export interface CatalogEntry {
  /** Lower case letters, digits, dots and dashes. */
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly parameterCount: number;
  /** SPDX id where there is one, else the licence's own name. */
  readonly license: string;
  readonly licenseUrl: string;
  /** Tokens that the model was trained for. */
  readonly contextTokenCount: number;
  /** Family of its chat template; `null` for a base model, which has none. */
  readonly chatTemplate: string | null;
  readonly goodFor: string;
  readonly grade: ModelGrade;
  /** `null` only where none was published that its grade could rest on. */
  readonly score: PublishedScore | null;
  /** Bytes of F16 KV cache a token of context takes: 2 x layers x KV heads x head length x 2. */
  readonly kvBytesPerToken: number;
  /** The first is the default. */
  readonly files: readonly [CatalogFile, ...CatalogFile[]];
}
