/** What could have been done with traffic that was recorded. */
export const techniques = [
  'prompt_caching',
  'routing',
  'smaller_models',
  'batching',
  'quantization',
] as const;
export type Technique = (typeof techniques)[number];

export interface Effort {
  /** 1 (a setting) to 5 (a project). */
  readonly grade: 1 | 2 | 3 | 4 | 5;
  readonly what: string;
}

/** What each takes with nearfar. */
export const efforts: Readonly<Record<Technique, Effort>> = {
  prompt_caching: {
    grade: 1,
    what: 'promptCache.plan: auto (the default) marks what comes again; put what changes last in your prompts',
  },
  routing: { grade: 2, what: 'route.policy: classifier, or nearfar calibrate for your own outcomes' },
  smaller_models: { grade: 2, what: 'an alias for the smaller model; judge its answers with shadow first' },
  batching: {
    grade: 4,
    what: 'hand in what can wait by the provider’s batch API: nearfar sends no batches yet',
  },
  quantization: {
    grade: 2,
    what: 'nearfar quantize once; nearfar measure --what weights says what it costs',
  },
};

/** Of several together. */
export function effortOf(set: readonly Technique[]): number {
  return set.reduce((sum, technique) => sum + efforts[technique].grade, 0);
}

/** All ways to take some of them, by size. */
export function combinations(all: readonly Technique[]): readonly (readonly Technique[])[] {
  const sets = Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((__, at) => (bits >> at) & 1));
  return sets.filter((set) => set.length > 0).toSorted((one, other) => one.length - other.length);
}
