/** What is known of the prompts of a bulk run, measured before any is answered. */
export interface LayoutInputs {
  readonly prompts: readonly {
    readonly tokenCount: number;
    /** `null`: until the model stops or the context is full. */
    readonly maxTokenCount: number | null;
  }[];
  /** Of all text, the share that a prompt has in common with the beginning of another, 0-1; see `sharedShare`. */
  readonly sharedShare: number;
  /** Answers at once. */
  readonly parallelCount: number;
  /** Most tokens of one sequence. */
  readonly contextTokenCount: number;
  /** As `StepCost.predictMs`: milliseconds of a step by its tokens, the pairs that they read, and the cells scanned. */
  readonly predictMs: (work: {
    readonly tokenCount: number;
    readonly readPairCount: number;
    readonly cellCount: number;
  }) => number;
  /** How many times quicker a split pool must be predicted to be, since the model is loaded once more for it. */
  readonly leastGain: number;
  /** Whether a pool of such streams stays within the memory that there is. */
  readonly fits: (streamTokenCount: number) => boolean;
}

export interface LayoutChoice {
  readonly layout: 'unified' | 'split';
  /** Cells of a stream if it is split: the longest prompt with its answer; a multiple of 256. */
  readonly streamTokenCount: number;
  /** Predicted for each, in milliseconds. */
  readonly unifiedMs: number;
  readonly splitMs: number;
  /** One sentence. */
  readonly reason: string;
}

/** Tokens of one step of reading. */
const stepTokenCount = 512;
/** An answer whose length nobody bounds is taken to be so long. */
const guessedAnswerTokenCount = 256;

/**
 * One pool, in which a prefix is computed once but every token passes over everybody's cells, or a stream each, which
 * reads nobody else's but computes every prefix anew. Pure. Predicted from the measured cost of a step:
 * prompts = computed tokens / 512 x step(512), answers = tokens / N x step(N), where of P prompt tokens with share s in
 * common one pool computes (1 - s) P and scans N ((1 - s) prompt + answer / 2) cells, and streams compute P and scan
 * prompt + answer / 2.
 */
export function chooseKvLayout(inputs: LayoutInputs): LayoutChoice {
  const { prompts, sharedShare, predictMs, contextTokenCount } = inputs;
  const count = prompts.length;
  const width = Math.max(1, Math.min(inputs.parallelCount, count));
  const promptTokenCount = prompts.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  const answerTokenCount = prompts.reduce(
    (sum, { maxTokenCount }) => sum + (maxTokenCount ?? guessedAnswerTokenCount),
    0,
  );
  const meanPrompt = promptTokenCount / Math.max(1, count);
  const halfAnswer = answerTokenCount / Math.max(1, count) / 2;
  const ownCellCount = meanPrompt + halfAnswer;

  const predicted = (computedCount: number, cellCount: number): number => {
    const reading = Math.min(stepTokenCount, Math.max(1, computedCount));
    const readMs = predictMs({ tokenCount: reading, readPairCount: (reading * meanPrompt) / 2, cellCount });
    const decodeMs = predictMs({ tokenCount: width, readPairCount: width * ownCellCount, cellCount });
    return (computedCount / reading) * readMs + (answerTokenCount / width) * decodeMs;
  };
  const ownShare = 1 - sharedShare;
  const unifiedMs = predicted(promptTokenCount * ownShare, width * (meanPrompt * ownShare + halfAnswer));
  const splitMs = predicted(promptTokenCount, ownCellCount);

  const longest = prompts.reduce((most, { tokenCount, maxTokenCount }) => {
    const wanted = tokenCount + (maxTokenCount ?? contextTokenCount);
    return Math.max(most, Math.min(wanted, contextTokenCount));
  }, 1);
  const streamTokenCount = Math.ceil(longest / 256) * 256;
  const choose = (layout: LayoutChoice['layout'], reason: string): LayoutChoice => ({
    layout,
    streamTokenCount,
    unifiedMs,
    splitMs,
    reason,
  });
  const overlap = `prompts have ${Math.round(sharedShare * 100)}% in common`;
  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toPrecision(2)} s`;
  if (width === 1) return choose('unified', 'one answer at a time scans nobody else’s cells');
  if (splitMs * inputs.leastGain > unifiedMs)
    return choose(
      'unified',
      `${overlap}; a stream each would take ${seconds(splitMs)} instead of ${seconds(unifiedMs)}`,
    );
  if (!inputs.fits(streamTokenCount))
    return choose('unified', `${width} streams of ${streamTokenCount} tokens do not fit the memory`);
  return choose(
    'split',
    `${overlap}; one pool would take ${seconds(unifiedMs)} instead of ${seconds(splitMs)}`,
  );
}

/**
 * Of all characters, the share that stands at the beginning of a text and also of another one: what one copy of each
 * common beginning would save. The sum of the common beginnings of neighbours in sorted order, over the sum of lengths.
 */
export function sharedShare(texts: readonly string[]): number {
  const sorted = texts.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let total = 0;
  let shared = 0;
  sorted.forEach((text, index) => {
    total += text.length;
    const before = sorted[index - 1] ?? '';
    let common = 0;
    while (common < text.length && text[common] === before[common]) common++;
    shared += common;
  });
  return total === 0 ? 0 : shared / total;
}
