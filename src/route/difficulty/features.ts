import { readSigns, type CountedSigns } from './counted-signs.ts';
import { readShape } from './prompt-shape.ts';
import { readWords } from './read-words.ts';

/** What calibrated profiles learn from. Nothing in it names a subject: structure and quantities only. */
export const structureNames = [
  'length',
  'stemLength',
  'optionsLength',
  'meanOptionLength',
  'sentenceCount',
  'sentenceLength',
  'wordLength',
  'longWordShare',
  'numberCount',
  'numberShare',
  'distinctNumberCount',
  'largestNumber',
  'decimalCount',
  'unitCount',
  'comparisonCount',
  'quantifierCount',
  'formulaCount',
  'codeCount',
  'indentDepth',
  'nesting',
  'negationCount',
  'conditionCount',
  'clauseCount',
  'reasonCount',
  'recallCount',
  'taskVerbCount',
  'nameShare',
  'quoteCount',
  'distinctWordShare',
  'numericOptionShare',
  'optionSpread',
  'compoundOptionCount',
  'blankCount',
  'pronounShare',
  'pronounCount',
  'functionWordShare',
  'commaCount',
  'lineCount',
  'statementCount',
  'foreignShare',
  'questionCount',
] as const;

/** All that is measured of a prompt: the shipped difficulty weighs some of it. */
export const featureNames = [...structureNames, 'demand', 'rareWordShare', 'optionSimilarity'] as const;
export type FeatureName = (typeof featureNames)[number];
export type Features = Readonly<Record<FeatureName, number>>;

/** Texts are measured up to here, so that a long one costs no more than a bounded time. UTF-16 units. */
const measuredLength = 20_000;

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
/** Counts grow by orders of magnitude; what they tell does not. */
const log = (value: number): number => Math.log1p(value);
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

const unit =
  /[$€£%°]|\b(?:percent|dollars?|cents?|hours?|minutes?|seconds?|days?|weeks?|months?|years?|miles?|feet|foot|inch(?:es)?|yards?|pounds?|ounces?|gallons?|liters?|litres?|meters?|metres?|grams?|kg|km|cm|mm|mg|ml|kJ|kPa|Hz|mol|moles?|degrees?)\b/gi;
const quantifier =
  /\b(?:each|every|all|any|some|none|both|either|neither|per|only|most|least|at least|at most|exactly|always)\b/gi;
const formula =
  /\\[a-zA-Z]+|\$[^$\n]{1,200}\$|[=<>≤≥≠±×÷√∑∫∂π∞→^]|\b[a-zA-Z]\s*\([a-z](?:,\s*[a-z])*\)|\d\s*[-+*/]\s*\d/g;
const code =
  /\b(?:def|return|elif|lambda|import|class|function|const|let|var|public|static|void|int|print|printf|println|assert|while|for\s*\(|null|None|True|False|SELECT|FROM)\b\s?|[;{}]\s*$|==|!=|\+=|=>|->|::|\w\.\w+\(/gm;
const negation =
  /\b(?:not|no|never|except|cannot|can't|isn't|doesn't|don't|didn't|won't|without|neither|nor|unless|incorrect|false|least)\b/gi;
const reason =
  /\b(?:why|how|explain|because|therefore|thus|hence|implies?|conclude|infer|prove|justify|argument|best|most likely|most accurate|strongest)\b/gi;
const recall =
  /\b(?:who|when|where|what is|what are|which of the following|known as|called|named|refers? to|defined as|term)\b/gi;
const taskVerb =
  /\b(?:calculate|compute|determine|find|solve|estimate|evaluate|derive|simplify|express|convert|how many|how much|what is the (?:value|probability|area|volume|length|speed|number|total|sum))\b/gi;
const functionWord =
  /\b(?:the|a|an|of|to|in|is|are|was|were|and|or|for|on|at|by|with|as|it|its|this|that|these|those|be|been|has|have|had|from|he|she|his|her|they|their|will|if|not|but|than|then|there|do|does|did|so|all|can|into|out|up|one|which|what|who|how|when|where)\b/gi;
const compoundOption =
  /\b(?:all|none|both|neither) of (?:the|these)\b|\b(?:I|II|III|IV)\b(?:,| and| or| only)|\b(?:only|both)\b.*\band\b/i;

/** More answers to choose from are not compared. */
const comparedOptionCount = 12;

/** Mean overlap (Jaccard) of the words of each two answers to choose from, 0-1: how much there is to tell apart. */
function optionSimilarity(options: readonly string[]): number {
  const sets = options
    .slice(0, comparedOptionCount)
    .map((option) => new Set(option.toLowerCase().match(/[a-z]+|\d+|[^\sa-z\d]/g)));
  let sum = 0;
  let pairCount = 0;
  sets.forEach((one, at) => {
    for (const other of sets.slice(0, at)) {
      const sharedCount = [...one].filter((word) => other.has(word)).length;
      sum += sharedCount / Math.max(1, one.size + other.size - sharedCount);
      pairCount++;
    }
  });
  return pairCount === 0 ? 0 : sum / pairCount;
}

/** A prompt as it is measured; what several measures need is reckoned once, and only where one asks. */
class Measured {
  readonly length: number;
  /** As much as is measured. */
  readonly whole: string;
  readonly stem: string;
  readonly options: readonly string[];
  #signs: CountedSigns | null = null;
  #words: readonly string[] | null = null;
  #numbers: readonly string[] | null = null;

  constructor(text: string) {
    this.length = text.length;
    this.whole = text.length > measuredLength ? text.slice(0, measuredLength) : text;
    const { stem, options } = readShape(this.whole);
    this.stem = stem;
    this.options = options;
  }

  get signs(): CountedSigns {
    return (this.#signs ??= readSigns(this.stem));
  }

  get words(): readonly string[] {
    return (this.#words ??= this.stem.match(/\p{L}[\p{L}'’-]*/gu) ?? []);
  }

  get numbers(): readonly string[] {
    return (this.#numbers ??= this.stem.match(/\d[\d,]*(?:\.\d+)?/g) ?? []);
  }

  get values(): readonly number[] {
    return this.numbers.map((one) => Number(one.replaceAll(',', ''))).filter(Number.isFinite);
  }

  get sentenceCount(): number {
    return Math.max(1, count(this.stem, /[.!?](?=\s|$)/g));
  }

  get meanOptionLength(): number {
    const { options } = this;
    return options.length === 0 ? 0 : options.reduce((sum, one) => sum + one.length, 0) / options.length;
  }
}

const measures: Readonly<Record<FeatureName, (prompt: Measured) => number>> = {
  length: ({ length }) => Math.log(1 + length),
  stemLength: ({ stem }) => log(stem.length),
  optionsLength: ({ options }) => log(options.join('\n').length),
  meanOptionLength: ({ meanOptionLength }) => log(meanOptionLength),
  sentenceCount: ({ sentenceCount }) => log(sentenceCount),
  sentenceLength: ({ words, sentenceCount }) => log(words.length / sentenceCount),
  wordLength: ({ words }) =>
    share(
      words.reduce((sum, word) => sum + word.length, 0),
      words.length,
    ),
  longWordShare: ({ words }) => share(words.filter((word) => word.length >= 9).length, words.length),
  numberCount: ({ numbers }) => log(numbers.length),
  numberShare: ({ numbers, words }) => share(numbers.length, words.length + numbers.length),
  distinctNumberCount: ({ values }) => log(new Set(values).size),
  largestNumber: ({ values }) => log(Math.min(1e9, Math.max(0, ...values))),
  decimalCount: ({ stem }) => log(count(stem, /\d\.\d|\d\s*\/\s*\d/g)),
  unitCount: ({ stem }) => log(count(stem, unit)),
  comparisonCount: ({ signs }) => log(signs.words.comparison),
  quantifierCount: ({ stem }) => log(count(stem, quantifier)),
  formulaCount: ({ stem }) => log(count(stem, formula)),
  codeCount: ({ stem }) => log(count(stem, code)),
  indentDepth: ({ stem }) => {
    const indents = stem.split('\n').map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
    return log(Math.min(40, Math.max(0, ...indents)));
  },
  nesting: ({ signs }) => log(signs.nesting),
  negationCount: ({ stem }) => log(count(stem, negation)),
  conditionCount: ({ signs }) => log(signs.words.condition),
  clauseCount: ({ signs }) => log(signs.words.clause),
  reasonCount: ({ stem }) => log(count(stem, reason)),
  recallCount: ({ stem }) => log(count(stem, recall)),
  taskVerbCount: ({ stem }) => log(count(stem, taskVerb)),
  nameShare: ({ stem, words }) => share(count(stem, /(?<=[\p{L},;:]\s)\p{Lu}\p{Ll}+/gu), words.length),
  quoteCount: ({ stem }) => log(count(stem, /["“”«»]/g)),
  distinctWordShare: ({ words }) =>
    share(new Set(words.map((word) => word.toLowerCase())).size, words.length),
  numericOptionShare: ({ options }) =>
    share(options.filter((option) => /^[-+$€£−]?\s*\d/.test(option)).length, options.length),
  optionSpread: ({ options, meanOptionLength: mean }) =>
    mean === 0
      ? 0
      : Math.sqrt(options.reduce((sum, one) => sum + (one.length - mean) ** 2, 0) / options.length) / mean,
  compoundOptionCount: ({ options }) => log(options.filter((option) => compoundOption.test(option)).length),
  blankCount: ({ stem }) => log(count(stem, /_{2,}|\.{3,}/g)),
  pronounShare: ({ signs, words }) => share(signs.words.pronoun, words.length),
  pronounCount: ({ signs }) => log(signs.words.pronoun),
  functionWordShare: ({ stem, words }) => share(count(stem, functionWord), words.length),
  commaCount: ({ signs }) => log(signs.commaCount),
  lineCount: ({ stem }) => log(count(stem.trim(), /\n/g)),
  statementCount: ({ stem }) =>
    log(count(stem, /\b(?:statement|scenario|premise)\s+\d|(?:^|\s)(?:I{1,3}|IV|V)\.\s/gim)),
  foreignShare: ({ stem }) => share(count(stem, /[^\p{ASCII}‘’“”–—°]/gu), stem.length),
  questionCount: ({ signs }) => log(signs.questionCount),
  demand: ({ whole }) => readWords(whole).demand,
  rareWordShare: ({ stem }) => readWords(stem).rareShare,
  optionSimilarity: ({ options }) => optionSimilarity(options),
};

/** Pure; each is measured when it is read: some microseconds for one, some hundred for all of them. */
export function openFeatures(text: string): Features {
  return new OpenFeatures(new Measured(text)) as unknown as Features;
}

class OpenFeatures {
  readonly #prompt: Measured;

  constructor(prompt: Measured) {
    this.#prompt = prompt;
  }

  static {
    for (const name of featureNames) {
      Object.defineProperty(this.prototype, name, {
        get(this: OpenFeatures) {
          return measures[name](this.#prompt);
        },
      });
    }
  }
}

export function readFeatures(text: string): Features {
  const features = openFeatures(text);
  return Object.fromEntries(featureNames.map((name) => [name, features[name]])) as Features;
}
