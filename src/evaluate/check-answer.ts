import type { Check, FormRule } from './item.ts';

/** Pure: whether an answer is right. What a model thought aloud in <think> is no part of its answer. */
export function isRight(answer: string, check: Check): boolean {
  const text = withoutThoughts(answer);
  switch (check.type) {
    case 'choice':
      return chosen(text, check.options) === check.answer;
    case 'exact':
      return check.answers.some((one) => plain(one) === plain(text));
    case 'mentions':
      return (
        wordsOf(text).length <= (check.mostWords ?? Infinity) &&
        check.all.every((anyOne) => anyOne.some((one) => names(text, one)))
      );
    case 'number':
      return lastNumber(text) === check.value;
    case 'json':
      return hasJson(text, check.value);
    case 'form':
      return check.rules.every((rule) => keeps(text, rule));
  }
}

/** Pure: an answer without what a model thought aloud in it. */
export function withoutThoughts(answer: string): string {
  return answer.replaceAll(/<think>[\s\S]*?(<\/think>|$)/g, '').trim();
}

/**
 * The option that an answer names: the only one, or the one it begins with. An answer that names several and begins with none has
 * not chosen.
 */
function chosen(text: string, options: readonly string[]): string | null {
  const lead = plain(text);
  const begun = options
    .filter((option) => new RegExp(`^${escaped(plain(option))}(?![\\p{L}\\p{N}])`, 'u').test(lead))
    .toSorted((a, b) => b.length - a.length)[0];
  if (begun !== undefined) return begun;
  const named = options.filter((option) => names(text, option));
  const distinct = named.filter(
    (one) => !named.some((other) => other !== one && plain(other).includes(plain(one))),
  );
  return distinct.length === 1 ? (distinct[0] ?? null) : null;
}

/** As whole words, whatever the case. */
function names(text: string, phrase: string): boolean {
  return new RegExp(
    `(?<![\\p{L}\\p{N}])${escaped(phrase.normalize('NFC').toLowerCase())}(?![\\p{L}\\p{N}])`,
    'u',
  ).test(text.normalize('NFC').toLowerCase());
}

function plain(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/^```\w*\n?|\n?```$/g, '')
    .replaceAll(/^[\s"'“”‘’`*([]+|[\s"'“”‘’`*.)\]!]+$/gu, '')
    .replaceAll(/\s+/g, ' ')
    .toLowerCase();
}

function lastNumber(text: string): number | null {
  const last = text
    .replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .match(/-?\d+(\.\d+)?/g)
    ?.at(-1);
  return last === undefined ? null : Number(last);
}

function hasJson(text: string, expected: unknown): boolean {
  const found = /[[{][\s\S]*[\]}]/.exec(text)?.[0];
  if (found === undefined) return false;
  try {
    return canonical(JSON.parse(found)) === canonical(expected);
  } catch {
    return false;
  }
}

/** JSON with the keys of objects in order, texts in lower case. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'string') return inner.toLowerCase().trim();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function keeps(text: string, rule: FormRule): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  switch (rule.rule) {
    case 'words': {
      const count = wordsOf(text).length;
      return count >= (rule.least ?? 0) && count <= (rule.most ?? Infinity);
    }
    case 'lines':
      return lines.length === rule.count;
    case 'sentences':
      return (text.match(/[.!?]+["”’)]*(\s|$)/g)?.length ?? 0) === rule.count;
    case 'uses':
      return rule.words.every((word) => names(text, word));
    case 'avoids':
      return text !== '' && rule.words.every((word) => !names(text, word));
    case 'begins':
      return plain(text).startsWith(plain(rule.text));
    case 'ends':
      return text
        .trim()
        .replace(/["”’)*]+$/u, '')
        .endsWith(rule.text);
    case 'initials':
      return (
        lines.map((line) => /\p{L}/u.exec(line)?.[0]?.toLowerCase() ?? '').join('') ===
        rule.letters.toLowerCase()
      );
    case 'items':
      return lines.filter((line) => /^\s*([-*•]|\d+[.)])\s+\S/u.test(line)).length === rule.count;
  }
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}]+(['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
