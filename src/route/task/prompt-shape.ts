/** A prompt as the rules read it. */
export interface PromptShape {
  /** What is asked: without quoted text, code and what stands below or behind a colon. Lower case. */
  readonly instruction: string;
  /** All of it. Lower case. */
  readonly whole: string;
  /** As it was written. */
  readonly original: string;
  readonly wordCount: number;
  /** Numbers in the whole, in figures or words; those that count lines of a list are left out. */
  readonly numberCount: number;
  /** Whether there is text that something is asked about. */
  readonly hasMaterial: boolean;
  readonly isQuestion: boolean;
}

/** What of a prompt is read: its beginning and its end, where the question of a long one stands. */
const headLength = 3_000;
const tailLength = 600;

/** Figures, and the words for two and more in the languages that are met most. */
const number =
  /(?<![a-z\d])\d+([.,:]\d+)*|(?<!\p{L})((two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six|seven|eigh|nine)teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(-\p{L}+)?|hundred|thousand|dozen|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|zwanzig|deux|trois|quatre|cinq|sept|huit|neuf|dix|vingt|dos|tres|cuatro|cinco|siete|ocho|nueve|diez|veinte|due|tre|quattro|cinque|sette|otto|nove|dieci|dois|duas|três|quatro|sete|oito|dez|два|две|три|четыре|пять|шесть|десять)(?!\p{L})/gu;

const fence = /```[\s\S]*?(```|$)/g;
const longQuote =
  /"[^"]{12,}"|“[^”]{12,}”|„[^“”"]{12,}[“”"]|«[^»]{12,}»|「[^」]{5,}」|“[^”]{5,}”|(?<=\s|^)'[^'\n]{25,}'(?=\W|$)|`[^`]{12,}`/gu;

/** Pure. */
export function shapeOf(text: string): PromptShape {
  const original = (
    text.length <= headLength + tailLength
      ? text
      : `${text.slice(0, headLength)}\n\n${text.slice(-tailLength)}`
  )
    .normalize('NFKC')
    .trim();
  const whole = original.toLowerCase();
  const bare = whole.replaceAll(fence, '\n\n').replaceAll(longQuote, ' … ');
  const instruction = instructionOf(bare);
  return {
    instruction,
    whole,
    original,
    wordCount: whole.match(/[\p{L}\p{N}]+/gu)?.length ?? 0,
    numberCount: whole.replaceAll(/^\s*\d+[.):]\s/gm, '').match(number)?.length ?? 0,
    hasMaterial: instruction.length < whole.length - 12,
    isQuestion: /[??؟]\s*["”»]?\s*($|\n|…)/u.test(instruction) || /[??؟]/u.test(instruction.slice(-40)),
  };
}

/** The first paragraph up to what follows a colon, and the last line where it asks something. */
function instructionOf(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const first = lines[0] ?? '';
  const last = lines.length > 1 ? (lines.at(-1) ?? '') : '';
  const lead = beforeColon(first);
  const second =
    lines.length > 2 && isShort(lines[1] ?? '') && !isItem(lines[1] ?? '') ? (lines[1] ?? '') : '';
  const asksAtEnd = last !== '' && !isItem(last) && (isShort(last) || /[??]\s*$/.test(last)) ? last : '';
  return [lead, second === last ? '' : second, asksAtEnd].filter((part) => part !== '').join('\n');
}

/** Of a list. */
function isItem(line: string): boolean {
  return /^\s*([-*•]|\(?[\da-z][).:])\s/iu.test(line);
}

function isShort(line: string): boolean {
  return line.length <= 140;
}

/** `Fix the grammar: he go home` -> `Fix the grammar:`; a heading of one word is no instruction. */
function beforeColon(line: string): string {
  const match = /^(.{12,}?[::])\s*(.{12,})$/u.exec(line);
  if (match === null) return line;
  const [, lead = '', rest = ''] = match;
  if (/^(\S+\s+)?\S+[::]$/u.test(lead) && lead.length < 16) return line;
  // A question behind the colon is asked itself.
  return /[??]\s*$/u.test(rest) ? line : lead;
}
