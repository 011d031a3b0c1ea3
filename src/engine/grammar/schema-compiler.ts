import { NearfarError } from '../../chat/error.ts';
import type { Expression } from './expression.ts';
import { anyObject, anyValue } from './json-text.ts';
import type { RuleBook } from './rule-book.ts';

/** The JSON texts that fit a schema. */
export function schemaExpression(schema: unknown, field: string, book: RuleBook): Expression {
  if (schema === true) return anyValue(book);
  const keys = typeof schema === 'object' && schema !== null ? Object.entries(schema) : [];
  if (keys.length === 1 && keys[0]?.[0] === 'type' && keys[0][1] === 'object') return anyObject(book);
  throw new NearfarError('unsupported', `${field}: schemas are not compiled yet.`, { field });
}
