/**
 * How to serve prompts of a given length: the guide's strategy (under 2,000 tokens nothing, from 10,000 a prefix cache,
 * from 100,000 a window that slides), with what is measured of model and machine in the place of its thresholds where
 * there is something.
 */

export interface LongContextFacts {
  /** Of the prompts in question. */
  readonly promptTokenCount: number;
  /** Most tokens of one request, as the model is loaded. */
  readonly contextTokenCount: number;
  /** 0 where the file does not say. */
  readonly trainedContextTokenCount: number;
  /** Cells of the pool that all requests share. */
  readonly cellCount: number;
  readonly kvBytesPerCell: number;
  /** Bytes that a larger context could take; `null` = not known. */
  readonly freeMemoryBytes: number | null;
  /** Bytes of host memory for prefixes of finished prompts. */
  readonly hostCacheBytes: number;
  /** Whether positions can be moved, so that a window can slide. */
  readonly canShift: boolean;
  readonly windowTokenCount: number;
  /** Milliseconds that reading such a prompt takes, by the measured cost of a step; `null` = not measured. */
  readonly promptMs: number | null;
}

export type LongContextStrategy =
  /** Nothing special. */
  | 'nothing'
  /** Prefixes that come again should be found again. */
  | 'prefix_cache'
  /** The model was trained for it: give it the cells. */
  | 'larger_context'
  /** `context_overflow: sinks`. */
  | 'sliding_window'
  /** `context_overflow: truncate_middle`. */
  | 'truncate_middle';

export interface LongContextAdvice {
  readonly strategy: LongContextStrategy;
  /** Why, and with which figures; a sentence each. */
  readonly reasons: readonly string[];
  /** Settings to be changed, by path; empty where none need to be. */
  readonly settings: Readonly<Record<string, string | number>>;
}

/** The guide's borders, in tokens. */
const shortTokenCount = 2_000;
const longTokenCount = 10_000;
const veryLongTokenCount = 100_000;
/** A wait before the first word that people notice. */
const noticedMs = 1_000;

/** Pure. */
export function longContextStrategy(facts: LongContextFacts): LongContextAdvice {
  const { promptTokenCount: tokens, contextTokenCount } = facts;
  if (tokens >= contextTokenCount) return beyondContext(facts);
  if (tokens >= veryLongTokenCount) return veryLong(facts);
  const seconds = facts.promptMs === null ? null : (facts.promptMs / 1000).toFixed(1);
  const isNoticed = facts.promptMs === null ? tokens >= longTokenCount : facts.promptMs >= noticedMs;
  if (tokens < shortTokenCount && !isNoticed) {
    return {
      strategy: 'nothing',
      reasons: [
        `${count(tokens)} tokens fit the context of ${count(contextTokenCount)}` +
          (seconds === null ? ' and are short.' : ` and are read in ${seconds} s.`),
      ],
      settings: {},
    };
  }
  if (!isNoticed && tokens < longTokenCount) {
    return {
      strategy: 'nothing',
      reasons: [
        `${count(tokens)} tokens fit the context of ${count(contextTokenCount)}; prefixes that come again are found by themselves.`,
      ],
      settings: {},
    };
  }
  return prefixCache(facts, seconds);
}

function prefixCache(facts: LongContextFacts, seconds: string | null): LongContextAdvice {
  const { promptTokenCount: tokens, cellCount, kvBytesPerCell, hostCacheBytes } = facts;
  const bytes = tokens * kvBytesPerCell;
  const poolCount = Math.floor(cellCount / tokens);
  const hostCount = bytes === 0 ? 0 : Math.floor(hostCacheBytes / bytes);
  const reasons = [
    seconds === null
      ? `Reading ${count(tokens)} tokens anew each time is slow.`
      : `Reading ${count(tokens)} tokens takes ${seconds} s here, each time that their beginning is not found again.`,
    `The pool of ${count(cellCount)} cells holds ${poolCount} such ${poolCount === 1 ? 'prompt' : 'prompts'} at once, host memory ${hostCount} more.`,
    'Put what comes again (instructions, documents) first, and what changes last.',
  ];
  if (hostCount > 0) return { strategy: 'prefix_cache', reasons, settings: {} };
  return {
    strategy: 'prefix_cache',
    reasons: [...reasons, `One takes ${gib(bytes)} of engine.hostCacheBytes, which has less.`],
    settings: { 'engine.hostCacheBytes': Math.ceil(2 * bytes) },
  };
}

function beyondContext(facts: LongContextFacts): LongContextAdvice {
  const { promptTokenCount: tokens, contextTokenCount, trainedContextTokenCount } = facts;
  const reasons = [`${count(tokens)} tokens do not fit the context of ${count(contextTokenCount)}.`];
  // Room for an answer of a quarter; in the 256s that the pool comes in.
  const wanted = Math.ceil((tokens * 1.25) / 256) * 256;
  const cells = Math.min(wanted, trainedContextTokenCount);
  const isTrained = tokens < trainedContextTokenCount;
  const moreBytes = Math.max(0, cells - facts.cellCount) * facts.kvBytesPerCell;
  const isRoom = facts.freeMemoryBytes !== null && moreBytes <= facts.freeMemoryBytes;
  if (isTrained && isRoom && tokens < veryLongTokenCount) {
    return {
      strategy: 'larger_context',
      reasons: [
        ...reasons,
        `The model was trained for ${count(trainedContextTokenCount)}, and engine.contextTokenCount ${cells} takes ${gib(moreBytes)} more.`,
      ],
      settings: { 'engine.contextTokenCount': cells },
    };
  }
  if (!isTrained && trainedContextTokenCount > 0) {
    reasons.push(
      `The model was trained for ${count(trainedContextTokenCount)}, so a larger one would not help.`,
    );
  } else if (isTrained && facts.freeMemoryBytes !== null && !isRoom) {
    reasons.push(
      `A larger one would take ${gib(moreBytes)} more, and ${gib(facts.freeMemoryBytes)} are free.`,
    );
  }
  return pastTheEnd(facts, reasons);
}

function veryLong(facts: LongContextFacts): LongContextAdvice {
  const { promptTokenCount: tokens, kvBytesPerCell } = facts;
  const reasons = [`${count(tokens)} tokens fit, and take ${gib(tokens * kvBytesPerCell)} of cache each.`];
  return pastTheEnd(facts, reasons);
}

function pastTheEnd(facts: LongContextFacts, reasons: readonly string[]): LongContextAdvice {
  if (!facts.canShift) {
    return {
      strategy: 'truncate_middle',
      reasons: [
        ...reasons,
        'This model cannot slide a window; truncate_middle leaves out the middle of the prompt and says how much.',
      ],
      settings: { 'engine.contextOverflow': 'truncate_middle' },
    };
  }
  return {
    strategy: 'sliding_window',
    reasons: [
      ...reasons,
      `With sinks it is read through a window of ${count(facts.windowTokenCount)} in constant memory, of which no more is seen at once.`,
      'With truncate_middle the system text and the newest messages are kept instead.',
    ],
    settings: { 'engine.contextOverflow': 'sinks' },
  };
}

/** The strategy as a hint behind a refusal: what a client or an owner can do now. */
export function overflowHint({ strategy, settings, reasons }: LongContextAdvice): string {
  const own =
    strategy === 'truncate_middle'
      ? 'Send context_overflow: truncate_middle to leave out its middle (this model cannot slide a window).'
      : 'Send context_overflow: truncate_middle to leave out its middle, or sinks to read it through a window that slides.';
  const larger = settings['engine.contextTokenCount'];
  const last = reasons.at(-1) ?? '';
  return larger === undefined ? ` ${own}` : ` ${last} Or: ${own.charAt(0).toLowerCase()}${own.slice(1)}`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
