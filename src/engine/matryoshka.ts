/** A family of models that were trained so that the first numbers of a vector mean something by themselves. */
interface Family {
  readonly pattern: RegExp;
  /** Lengths that its authors name; or any from this one on. */
  readonly lengths: readonly number[] | { readonly from: number };
}

// From the authors' model cards. Names are compared without case, dashes and underscores.
const families: readonly Family[] = [
  { pattern: /nomicembedtextv?1\.5/, lengths: [512, 256, 128, 64] },
  { pattern: /nomicembedtextv?2/, lengths: [512, 256] },
  { pattern: /modernbertembedbase/, lengths: [256] },
  { pattern: /mxbaiembedlarge/, lengths: { from: 64 } },
  { pattern: /arcticembedmv?1\.5|arcticembed[ml]v?2/, lengths: [256] },
  { pattern: /qwen3(vl)?embedding/, lengths: { from: 32 } },
  { pattern: /embeddinggemma/, lengths: [512, 256, 128] },
  { pattern: /jinaembeddingsv3/, lengths: { from: 32 } },
  { pattern: /jinaembeddingsv4/, lengths: { from: 128 } },
];

/**
 * Whether the first `length` numbers of a model's vectors may stand for the whole. Pure.
 * @param names what the file and the listing call the model
 * @returns `null` where they may, else a sentence that says what this model gives
 */
export function whyNotShortened(length: number, fullLength: number, names: readonly string[]): string | null {
  if (length === fullLength) return null;
  const squashed = names.map((name) => name.toLowerCase().replaceAll(/[-_ /]/g, ''));
  const family = families.find(({ pattern }) => squashed.some((name) => pattern.test(name)));
  if (family === undefined) {
    return `this model was not trained to be cut short; its vectors have ${fullLength} numbers`;
  }
  const { lengths } = family;
  if ('from' in lengths) {
    return length >= lengths.from && length < fullLength
      ? null
      : `expected ${lengths.from} to ${fullLength} for this model`;
  }
  const fitting = lengths.filter((each) => each < fullLength);
  return fitting.includes(length) ? null : `expected ${[fullLength, ...fitting].join(', ')} for this model`;
}
