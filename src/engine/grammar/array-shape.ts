import type { Atom } from './schema-atoms.ts';
import { sizesOf, type Sizes } from './schema-facts.ts';
import { child, type Located } from './schema-source.ts';

/** What the array keywords of several schemas say together. */
export interface ArrayShape {
  /** How many of the first items have schemas of their own. */
  readonly prefixCount: number;
  /** All schemas that the item at this index must fit; beyond the prefix they are the same for all. */
  readonly schemasOf: (index: number) => readonly Located[];
  readonly sizes: Sizes;
}

export function arrayShape(atoms: readonly Atom[]): ArrayShape {
  const parts = atoms.map(ownItems);
  return {
    prefixCount: Math.max(0, ...parts.map(({ prefix }) => prefix.length)),
    schemasOf: (index) =>
      parts.flatMap(({ prefix, rest }) => {
        const item = prefix[index] ?? rest;
        return item === null ? [] : [item];
      }),
    sizes: sizesOf(atoms, 'minItems', 'maxItems'),
  };
}

/** `prefixItems` and `items` of draft 2020-12, or a list of `items` and `additionalItems` of the drafts before. */
function ownItems({ pointer, schema, read }: Atom): { prefix: readonly Located[]; rest: Located | null } {
  const isOlder = Array.isArray(schema['items']);
  const restKeyword = isOlder ? 'additionalItems' : 'items';
  const rest = schema[restKeyword];
  return {
    prefix: read.schemas(isOlder ? 'items' : 'prefixItems'),
    rest: rest === undefined ? null : { pointer: child(pointer, restKeyword), schema: rest },
  };
}
