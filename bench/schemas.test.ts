import { expect, test } from 'vitest';
import type { Expression } from '../src/engine/grammar/expression.ts';
import { anyCharacter } from '../src/engine/grammar/json-text.ts';
import { createRuleBook, type RuleBook } from '../src/engine/grammar/rule-book.ts';
import { schemaExpression } from '../src/engine/grammar/schema-compiler.ts';
import { benchSchemas } from './schemas.ts';

/** The most characters that a grammar can write, each character of a string counted once however it is escaped. */
function longest(root: Expression, book: RuleBook): number {
  const character = anyCharacter(book);
  const lengths = new Map<string, number>();
  const of = (expression: Expression): number => {
    switch (expression.kind) {
      case 'text':
        return expression.text.length;
      case 'class':
      case 'control':
        return 1;
      case 'many':
        return isImpossible(expression.item, book) ? 0 : Infinity;
      case 'optional':
        return of(expression.item);
      case 'sequence':
        return expression.items.reduce((sum, item) => sum + of(item), 0);
      case 'choice':
        return Math.max(0, ...expression.options.map(of));
      case 'rule': {
        if (character.kind === 'rule' && character.name === expression.name) return 1;
        const known = lengths.get(expression.name);
        if (known !== undefined) return known;
        // A rule inside itself goes on without end.
        lengths.set(expression.name, Infinity);
        const rule = book.rules.get(expression.name);
        const length = rule === undefined ? Infinity : of(rule);
        lengths.set(expression.name, length);
        return length;
      }
    }
  };
  return of(root);
}

/** `items: false`: a comma and then nothing that could follow. */
function isImpossible(item: Expression, book: RuleBook): boolean {
  if (item.kind === 'choice') return item.options.length === 0;
  if (item.kind === 'sequence') return item.items.some((inner) => isImpossible(inner, book));
  const rule = item.kind === 'rule' ? book.rules.get(item.name) : undefined;
  return rule?.kind !== 'rule' && rule !== undefined && isImpossible(rule, book);
}

test('30 schemas, at least 15 of them public tools, none longer than 512 tokens of a character each', () => {
  expect(benchSchemas).toHaveLength(30);
  expect(new Set(benchSchemas.map(({ name }) => name)).size).toBe(30);
  expect(benchSchemas.filter(({ from }) => from !== 'own').length).toBeGreaterThanOrEqual(15);
  const tooLong = benchSchemas.flatMap(({ name, schema }) => {
    const book = createRuleBook();
    const length = longest(schemaExpression(schema, name, book), book);
    return length > 512 ? [`${name}: ${length}`] : [];
  });
  expect(tooLong).toEqual([]);
});
