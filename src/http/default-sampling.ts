import { neutralSampling, type SamplingOptions } from '../chat/sampling.ts';

/**
 * What holds where an OpenAI or Anthropic client sets no sampling field: those APIs' documented temperature of 1
 * and top_p of 1. Small models wander off at that, so where a client leaves the choice of candidates open (no top_p,
 * top_k or min_p) those below 5% of the likeliest token's probability are cut, as in llama.cpp.
 */
export const unsetMinP = 0.05;

export interface CandidateFields {
  readonly top_p?: number | null | undefined;
  readonly top_k?: number | null | undefined;
  readonly min_p?: number | null | undefined;
}

export function candidateSampling(fields: CandidateFields): Pick<SamplingOptions, 'topK' | 'topP' | 'minP'> {
  const isOpen = [fields.top_p, fields.top_k, fields.min_p].every(
    (field) => field === undefined || field === null,
  );
  return {
    topK: samplingTopK(fields.top_k ?? neutralSampling.topK),
    topP: samplingTopP(fields.top_p ?? neutralSampling.topP),
    minP: fields.min_p ?? (isOpen ? unsetMinP : neutralSampling.minP),
  };
}

/** Clients send 0 for "the likeliest only"; a share of one in a million always is that. */
export function samplingTopP(topP: number): number {
  return Math.max(topP, 1e-6);
}

/** Clients send -1 as well as 0 for "off". */
export function samplingTopK(topK: number): number {
  return Math.max(topK, 0);
}

/** What a dialect calls the sampling options that it has. */
export type SamplingNames = Partial<Record<keyof SamplingOptions, string>>;

/** The options that a client set itself, by what its dialect calls them; `prefix` stands before each name. */
export function statedSampling(
  fields: Readonly<Record<string, unknown>>,
  names: SamplingNames,
  prefix = '',
): ReadonlyMap<keyof SamplingOptions, string> {
  const stated = new Map<keyof SamplingOptions, string>();
  for (const [option, name] of Object.entries(names)) {
    const value = fields[name];
    if (value !== undefined && value !== null) stated.set(option as keyof SamplingOptions, prefix + name);
  }
  return stated;
}
