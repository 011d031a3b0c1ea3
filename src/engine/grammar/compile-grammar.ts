import { NearfarError } from '../../chat/error.ts';
import { freeText } from './excluding-text.ts';
import { choice, sequence, text, type Expression } from './expression.ts';
import { printGrammar } from './gbnf.ts';
import type { CompiledGrammar, GrammarPart } from './grammar-part.ts';
import { leftmostDepth } from './leftmost-depth.ts';
import { createRuleBook, tooComplex, type RuleBook } from './rule-book.ts';
import { schemaExpression } from './schema-compiler.ts';

/** Parsing this much takes libllama about 50 ms (measured), and a matcher as much memory again. */
const textLimit = 1_000_000;
/** Parts in a row that may be left out, one after the other; a third of what libllama was seen to survive. */
const leftmostLimit = 300;

/**
 * Compiles a part to a grammar. Pure; bounded in rules and depth, and so in time.
 * @param triggers texts with which the part may begin; the answer is free until one of them appears
 * @throws NearfarError `invalid_request` naming the field, the keyword and its JSON pointer, where a schema is no
 * schema, says what cannot be enforced, fits nothing, or is too complex
 */
export function compileGrammar(
  part: GrammarPart,
  triggers: readonly string[] | null = null,
): CompiledGrammar {
  const field = schemaFieldIn(part);
  const book = createRuleBook(field);
  const root = partExpression(part, book);
  if (leftmostDepth(book.rules, root, leftmostLimit) > leftmostLimit)
    throw tooComplex(field, `more than ${leftmostLimit} of its parts in a row may be left out`);
  const printed = printGrammar(book.rules, root);
  if (printed === null) {
    throw new NearfarError(
      'invalid_request',
      `${field ?? 'grammar'}: no finite JSON value fits this schema.`,
      field === null ? {} : { field },
    );
  }
  if (printed.length > textLimit)
    throw tooComplex(field, `its grammar takes more than ${textLimit} characters`);
  return { text: printed, triggers };
}

function partExpression(part: GrammarPart, book: RuleBook): Expression {
  switch (part.kind) {
    case 'literal':
      return text(part.text);
    case 'json':
      return schemaExpression(part.schema, part.field, book);
    case 'free-text':
      return freeText(part.without, book);
    case 'control':
      return { kind: 'control', spelling: part.spelling };
    case 'sequence':
      return sequence(...part.parts.map((inner) => partExpression(inner, book)));
    case 'choice':
      return choice(part.options.map((option) => partExpression(option, book)));
    case 'repeat': {
      const separator = part.separator === undefined ? undefined : partExpression(part.separator, book);
      return book.repeated(partExpression(part.part, book), part.min, part.max, separator);
    }
  }
}

/** The field of the first schema inside, to name in an error that no single keyword is to blame for. */
function schemaFieldIn(part: GrammarPart): string | null {
  switch (part.kind) {
    case 'json':
      return part.field;
    case 'sequence':
      return firstField(part.parts);
    case 'choice':
      return firstField(part.options);
    case 'repeat':
      return schemaFieldIn(part.part);
    case 'literal':
    case 'free-text':
    case 'control':
      return null;
  }
}

function firstField(parts: readonly GrammarPart[]): string | null {
  for (const part of parts) {
    const field = schemaFieldIn(part);
    if (field !== null) return field;
  }
  return null;
}
