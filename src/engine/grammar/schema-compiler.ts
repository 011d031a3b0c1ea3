import { choice, never, oneOfTexts, text, type Expression } from './expression.ts';
import { anyValue, jsonText } from './json-text.ts';
import type { RuleBook } from './rule-book.ts';
import { arrayExpression } from './schema-array.ts';
import { conjunctsOf, expand, type Atom, type Conjunct, type Disjunction } from './schema-atoms.ts';
import { excludes } from './schema-exclusive.ts';
import { typesOf, valuesOf, type JsonType } from './schema-facts.ts';
import { fitsAtoms } from './schema-instance.ts';
import { numberExpression } from './schema-number.ts';
import { objectExpression } from './schema-object.ts';
import { createSchemaSource, type Located, type SchemaSource } from './schema-source.ts';
import { stringExpression } from './schema-string.ts';

/** Combinations of `anyOf` and `oneOf` options at one place. */
const combinationLimit = 500;
/** Values of one `enum`. */
const valueLimit = 1_000;

/**
 * JSON texts that fit a schema: every text fits, and every value that fits has one, but for what is left out on
 * purpose, so that small models come to an end:
 * - members stand in the order of `properties`, and one space follows each comma and colon;
 * - properties that are not declared are written only where the schema asks for them (see object-shape.ts);
 * - numbers have at most 15 digits before the point; bounded ones have no exponent (see number-range.ts);
 * - `format` allows what people use of its standard (see formats.ts).
 * @throws NearfarError `invalid_request` naming the field, and the keyword by its JSON pointer
 */
export function schemaExpression(schema: unknown, field: string, book: RuleBook): Expression {
  const source = createSchemaSource(schema, field);
  return compiler(source, book)([source.root]);
}

function compiler(source: SchemaSource, book: RuleBook): (schemas: readonly Located[]) => Expression {
  function valueOf(schemas: readonly Located[]): Expression {
    const restricting = schemas.filter(({ schema }) => schema !== true);
    if (restricting.length === 0) return anyValue(book);
    const pointers = restricting.map(({ pointer }) => pointer).sort();
    return book.rule(`${schemaKey} ${pointers.join(' ')}`, () => {
      const { isNever, atoms, disjunctions } = expand(conjunctsOf(restricting), source);
      return isNever ? never : choice(combined(atoms, disjunctions, { left: combinationLimit }));
    });
  }

  /** One expression for each way to choose from the `anyOf` and `oneOf` lists. */
  function combined(
    atoms: readonly Atom[],
    disjunctions: readonly Disjunction[],
    budget: { left: number },
  ): Expression[] {
    const [first, ...others] = disjunctions;
    if (first === undefined) return [flat(atoms)];
    if (first.keyword === 'oneOf') requireExclusive(first, atoms);
    return first.options.flatMap((option) => {
      budget.left -= 1;
      if (budget.left < 0) {
        throw source.problem(
          first.pointer,
          first.keyword,
          `makes more than ${combinationLimit} combinations`,
        );
      }
      const { isNever, atoms: all, disjunctions: more } = expand([option], source, atoms);
      return isNever ? [] : combined(all, [...others, ...more], budget);
    });
  }

  function requireExclusive({ pointer, options }: Disjunction, atoms: readonly Atom[]): void {
    // What stands beside the list holds for each option.
    const beside = atoms.map((atom): Located => ({
      pointer: atom.pointer,
      schema: withoutLists(atom.schema),
    }));
    const schemasOf = (option: Conjunct): Located[] => [
      ...beside,
      { pointer: option.pointer, schema: option.schema },
    ];
    options.forEach((one, index) => {
      options.forEach((other, otherIndex) => {
        if (index === otherIndex || excludes(schemasOf(one), schemasOf(other), source)) return;
        throw source.problem(
          pointer,
          'oneOf',
          `options ${Math.min(index, otherIndex)} and ${Math.max(index, otherIndex)} may both fit the same value, which cannot be prevented; use anyOf, or tell them apart by a required property`,
        );
      });
    });
  }

  /** What all these schemas leave, by type. */
  function flat(atoms: readonly Atom[]): Expression {
    const values = valuesOf(atoms, source);
    if (values !== null) {
      if (values.length > valueLimit) {
        const pointer = atoms.find(({ schema }) => 'enum' in schema)?.pointer ?? '';
        throw source.problem(pointer, 'enum', `expected at most ${valueLimit} values`);
      }
      return oneOfTexts(values.filter((value) => fitsAtoms(value, atoms, source)).map(jsonText));
    }
    const { types, isInteger } = typesOf(atoms, source);
    return choice([...types].map((type) => typed(type, atoms, isInteger)));
  }

  function typed(type: JsonType, atoms: readonly Atom[], isInteger: boolean): Expression {
    switch (type) {
      case 'null':
        return text('null');
      case 'boolean':
        return choice([text('true'), text('false')]);
      case 'number':
        return numberExpression(atoms, isInteger, source, book);
      case 'string':
        return stringExpression(atoms, source, book);
      case 'array':
        return arrayExpression(atoms, valueOf, source, book);
      case 'object':
        return objectExpression(atoms, valueOf, source, book);
    }
  }

  const schemaKey = book.newKey('schema');
  return valueOf;
}

/**
 * The keywords that `expand` follows, taken away: they have been followed. So is what `unevaluatedProperties` says, since
 * what it leaves alone is no longer to be seen.
 */
function withoutLists(schema: Atom['schema']): Atom['schema'] {
  return Object.fromEntries(
    Object.entries(schema).filter(
      ([keyword]) => !['$ref', 'allOf', 'anyOf', 'oneOf', 'unevaluatedProperties'].includes(keyword),
    ),
  );
}
