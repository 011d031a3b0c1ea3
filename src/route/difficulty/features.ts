import { readShape } from './prompt-shape.ts';
import { readWords } from './read-words.ts';

/** What is measured of a prompt. Nothing in it names a subject: structure and quantities only, and words that every subject uses. */
export const featureNames = [
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
  'demand',
  'rareWordShare',
  'optionSimilarity',
] as const;
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
const comparison =
  /\b(?:more|less|fewer|greater|smaller|larger|higher|lower|older|younger|longer|shorter|faster|slower|than|twice|thrice|double[ds]?|triple[ds]?|half|third|quarter|times|ratio|proportional|increase[ds]?|decrease[ds]?|remaining|rest|left|difference|total|altogether|combined|average|mean|sum|product)\b/gi;
const quantifier =
  /\b(?:each|every|all|any|some|none|both|either|neither|per|only|most|least|at least|at most|exactly|always)\b/gi;
const formula =
  /\\[a-zA-Z]+|\$[^$\n]{1,200}\$|[=<>≤≥≠±×÷√∑∫∂π∞→^]|\b[a-zA-Z]\s*\([a-z](?:,\s*[a-z])*\)|\d\s*[-+*/]\s*\d/g;
const code =
  /\b(?:def|return|elif|lambda|import|class|function|const|let|var|public|static|void|int|print|printf|println|assert|while|for\s*\(|null|None|True|False|SELECT|FROM)\b\s?|[;{}]\s*$|==|!=|\+=|=>|->|::|\w\.\w+\(/gm;
const negation =
  /\b(?:not|no|never|except|cannot|can't|isn't|doesn't|don't|didn't|won't|without|neither|nor|unless|incorrect|false|least)\b/gi;
const condition =
  /\b(?:if|unless|suppose|assum(?:e[ds]?|ing)|given|provided|when(?:ever)?|let|whether|would|could|should|might)\b/gi;
const clause =
  /\b(?:which|that|who|whom|whose|because|since|although|though|while|whereas|after|before|until|where|and|but|or)\b/gi;
const reason =
  /\b(?:why|how|explain|because|therefore|thus|hence|implies?|conclude|infer|prove|justify|argument|best|most likely|most accurate|strongest)\b/gi;
const recall =
  /\b(?:who|when|where|what is|what are|which of the following|known as|called|named|refers? to|defined as|term)\b/gi;
const taskVerb =
  /\b(?:calculate|compute|determine|find|solve|estimate|evaluate|derive|simplify|express|convert|how many|how much|what is the (?:value|probability|area|volume|length|speed|number|total|sum))\b/gi;
const functionWord =
  /\b(?:the|a|an|of|to|in|is|are|was|were|and|or|for|on|at|by|with|as|it|its|this|that|these|those|be|been|has|have|had|from|he|she|his|her|they|their|will|if|not|but|than|then|there|do|does|did|so|all|can|into|out|up|one|which|what|who|how|when|where)\b/gi;
const pronoun = /\b(?:he|she|they|him|her|his|their|them|it|its|i|my|me|we|our|you|your)\b/gi;
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

/** Pure; at most some hundred microseconds a prompt. */
export function readFeatures(text: string): Features {
  const whole = text.length > measuredLength ? text.slice(0, measuredLength) : text;
  const { stem, options } = readShape(whole);
  const joined = options.join('\n');
  const words = stem.match(/\p{L}[\p{L}'’-]*/gu) ?? [];
  const wordCount = words.length;
  const sentences = Math.max(1, count(stem, /[.!?](?=\s|$)/g));
  const numbers = stem.match(/\d[\d,]*(?:\.\d+)?/g) ?? [];
  const values = numbers.map((one) => Number(one.replaceAll(',', ''))).filter(Number.isFinite);
  const lengths = options.map((option) => option.length);
  const meanLength = lengths.length === 0 ? 0 : lengths.reduce((sum, one) => sum + one, 0) / lengths.length;
  let depth = 0;
  let nesting = 0;
  for (const char of stem) {
    if (char === '(' || char === '[' || char === '{') nesting = Math.max(nesting, ++depth);
    else if (char === ')' || char === ']' || char === '}') depth = Math.max(0, depth - 1);
  }
  const indents = stem.split('\n').map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  return {
    length: Math.log(1 + text.length),
    stemLength: log(stem.length),
    optionsLength: log(joined.length),
    meanOptionLength: log(meanLength),
    sentenceCount: log(sentences),
    sentenceLength: log(wordCount / sentences),
    wordLength: share(
      words.reduce((sum, word) => sum + word.length, 0),
      wordCount,
    ),
    longWordShare: share(words.filter((word) => word.length >= 9).length, wordCount),
    numberCount: log(numbers.length),
    numberShare: share(numbers.length, wordCount + numbers.length),
    distinctNumberCount: log(new Set(values).size),
    largestNumber: log(Math.min(1e9, Math.max(0, ...values))),
    decimalCount: log(count(stem, /\d\.\d|\d\s*\/\s*\d/g)),
    unitCount: log(count(stem, unit)),
    comparisonCount: log(count(stem, comparison)),
    quantifierCount: log(count(stem, quantifier)),
    formulaCount: log(count(stem, formula)),
    codeCount: log(count(stem, code)),
    indentDepth: log(Math.min(40, Math.max(0, ...indents))),
    nesting: log(nesting),
    negationCount: log(count(stem, negation)),
    conditionCount: log(count(stem, condition)),
    clauseCount: log(count(stem, clause)),
    reasonCount: log(count(stem, reason)),
    recallCount: log(count(stem, recall)),
    taskVerbCount: log(count(stem, taskVerb)),
    nameShare: share(count(stem, /(?<=[\p{L},;:]\s)\p{Lu}\p{Ll}+/gu), wordCount),
    quoteCount: log(count(stem, /["“”«»]/g)),
    distinctWordShare: share(new Set(words.map((word) => word.toLowerCase())).size, wordCount),
    numericOptionShare: share(
      options.filter((option) => /^[-+$€£−]?\s*\d/.test(option)).length,
      options.length,
    ),
    optionSpread:
      meanLength === 0
        ? 0
        : Math.sqrt(lengths.reduce((sum, one) => sum + (one - meanLength) ** 2, 0) / lengths.length) /
          meanLength,
    compoundOptionCount: log(options.filter((option) => compoundOption.test(option)).length),
    blankCount: log(count(stem, /_{2,}|\.{3,}/g)),
    pronounShare: share(count(stem, pronoun), wordCount),
    pronounCount: log(count(stem, pronoun)),
    functionWordShare: share(count(stem, functionWord), wordCount),
    commaCount: log(count(stem, /[,;:]/g)),
    lineCount: log(count(stem.trim(), /\n/g)),
    statementCount: log(count(stem, /\b(?:statement|scenario|premise)\s+\d|(?:^|\s)(?:I{1,3}|IV|V)\.\s/gim)),
    foreignShare: share(count(stem, /[^\p{ASCII}‘’“”–—°]/gu), stem.length),
    questionCount: log(count(stem, /\?/g)),
    demand: readWords(whole).demand,
    rareWordShare: readWords(stem).rareShare,
    optionSimilarity: optionSimilarity(options),
  };
}
