import { automatonExpression, intersected, lengthAutomaton, lengthsOf, type Automaton } from './automaton.ts';
import { sequence, text, type Expression } from './expression.ts';
import { labelFormats, numberFormats, shortLength, shortStringFormats, stringFormats } from './formats.ts';
import { anyCharacter, jsonCharacter } from './json-text.ts';
import { RegexProblem } from './regex.ts';
import type { RuleBook } from './rule-book.ts';
import type { Atom } from './schema-atoms.ts';
import { sizesOf } from './schema-facts.ts';
import type { SchemaSource } from './schema-source.ts';
import { acceptsText } from './text-automaton.ts';

const quote = text('"');

/** @throws NearfarError `invalid_request` for a pattern, a format or a combination that cannot be enforced */
export function stringExpression(atoms: readonly Atom[], source: SchemaSource, book: RuleBook): Expression {
  const automaton = stringAutomaton(atoms, source);
  if (automaton !== null) return quoted(automaton, book);
  const { min, max } = sizesOf(atoms, 'minLength', 'maxLength');
  return sequence(quote, book.repeated(anyCharacter(book), min, max), quote);
}

export function quoted(automaton: Automaton, book: RuleBook): Expression {
  return sequence(quote, automatonExpression(automaton, book, jsonCharacter), quote);
}

/** The strings that patterns, formats and lengths leave together; `null` where at most the length is bounded. */
export function stringAutomaton(atoms: readonly Atom[], source: SchemaSource): Automaton | null {
  let automaton: Automaton | null = null;
  const { max } = sizesOf(atoms, 'minLength', 'maxLength');
  const formats = max !== null && max <= shortLength ? shortStringFormats : stringFormats;
  for (const { pointer, read } of atoms) {
    const format = read.text('format');
    const patterns = [
      { keyword: 'pattern', pattern: read.text('pattern') },
      {
        keyword: 'format',
        pattern: format === null ? null : formatPattern(format, formats, pointer, source),
      },
    ];
    for (const { keyword, pattern } of patterns) {
      if (pattern === null) continue;
      const own = patternAutomaton(pattern, keyword, pointer, source);
      const both: Automaton | null = automaton === null ? own : intersected(automaton, own, source.work);
      if (both === null)
        throw source.problem(pointer, keyword, 'needs too many states together with the others');
      automaton = both;
    }
  }
  return automaton === null ? null : bounded(automaton, atoms, source);
}

export function patternAutomaton(
  pattern: string,
  keyword: string,
  pointer: string,
  source: SchemaSource,
): Automaton {
  try {
    return source.automaton(pattern);
  } catch (thrown) {
    if (thrown instanceof RegexProblem) throw source.problem(pointer, keyword, thrown.message);
    throw thrown;
  }
}

function formatPattern(
  format: string,
  formats: ReadonlyMap<string, string>,
  pointer: string,
  source: SchemaSource,
): string | null {
  const pattern = formats.get(format);
  if (pattern !== undefined) return pattern;
  if (labelFormats.has(format) || numberFormats.has(format)) return null;
  const known = [...formats.keys()].join(', ');
  throw source.problem(pointer, 'format', `is not one that can be enforced (${known})`);
}

/**
 * By the pattern's automaton, one step a character: there are patterns that `RegExp` takes years for.
 * @param pattern `null` = none
 * @throws NearfarError `invalid_request` for a pattern that is none, or cannot be enforced
 */
export function matchesPattern(
  value: string,
  pattern: string | null,
  keyword: string,
  pointer: string,
  source: SchemaSource,
): boolean {
  return pattern === null || acceptsText(patternAutomaton(pattern, keyword, pointer, source), value);
}

/** @throws NearfarError `invalid_request` for a format that cannot be enforced */
export function matchesFormat(
  value: string,
  format: string | null,
  pointer: string,
  source: SchemaSource,
): boolean {
  if (format === null) return true;
  const pattern = formatPattern(format, shortStringFormats, pointer, source);
  return matchesPattern(value, pattern, 'format', pointer, source);
}

function bounded(automaton: Automaton, atoms: readonly Atom[], source: SchemaSource): Automaton {
  const { min, max, pointer } = sizesOf(atoms, 'minLength', 'maxLength');
  const own = lengthsOf(automaton);
  const isShortEnough = max === null || (own.max !== null && own.max <= max);
  if (own.min >= min && isShortEnough) return automaton;
  // A bound that the pattern keeps by itself would only multiply its states.
  const length = lengthAutomaton(own.min >= min ? 0 : min, isShortEnough ? null : max);
  const both = length === null ? null : intersected(automaton, length, source.work);
  if (both !== null) return both;
  const keyword = isShortEnough ? 'minLength' : 'maxLength';
  throw source.problem(pointer, keyword, 'is too large to be enforced together with a pattern or a format');
}
