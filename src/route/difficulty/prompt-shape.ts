/** What a prompt is made of: the question itself, and the answers among which it lets choose. */
export interface PromptShape {
  /** Without the answers to choose from and without a final `Answer:`. */
  readonly stem: string;
  /** The answers to choose from, without their letters; empty where there is no such list at the end. */
  readonly options: readonly string[];
}

const optionLine = /^\s*\(?([A-Z]|\d{1,2})[.):]\s+\S/;

/**
 * Takes the list of answers at the end of a text away from its question. A list is two lines or more in a row that begin with
 * letters or numbers in order (`A.`, `(b)` or `1)`); nothing but an `Answer:` may follow it.
 */
export function readShape(text: string): PromptShape {
  const lines = text.replace(/\s*\banswer\s*:?\s*$/i, '').split('\n');
  let first = lines.length;
  const starts: number[] = [];
  // From the end up: lines that are no option belong to the option above them, a few at most.
  for (let index = lines.length - 1, loose = 0; index >= 0; index--) {
    const line = lines[index] ?? '';
    if (optionLine.test(line)) {
      starts.unshift(index);
      first = index;
      loose = 0;
      if (/^\s*\(?(A|1)[.):]/.test(line)) break;
    } else if (line.trim() !== '' && ++loose > 2) break;
  }
  const isList = starts.length >= 2 && /^\s*\(?(A|1)[.):]/.test(lines[first] ?? '');
  if (!isList) return { stem: lines.join('\n'), options: [] };
  return {
    stem: lines.slice(0, first).join('\n'),
    options: starts.map((start, index) =>
      lines
        .slice(start, starts[index + 1] ?? lines.length)
        .join('\n')
        .replace(/^\s*\(?([A-Z]|\d{1,2})[.):]\s+/, '')
        .trim(),
    ),
  };
}
