import type { CodePointSet } from './code-points.ts';

/** The right side of a grammar's rule. All characters are code points. */
export type Expression =
  | { readonly kind: 'text'; readonly text: string }
  /** One character of the set. */
  | { readonly kind: 'class'; readonly set: CodePointSet }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly items: readonly Expression[] }
  /** Without options nothing matches. */
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  | { readonly kind: 'optional'; readonly item: Expression }
  /** Any number of times. The item must not match the empty text. */
  | { readonly kind: 'many'; readonly item: Expression }
  /** One control token, by its spelling in the vocabulary. It is no text. */
  | { readonly kind: 'control'; readonly spelling: string };

export const never: Expression = { kind: 'choice', options: [] };
export const nothing: Expression = { kind: 'text', text: '' };

export function text(value: string): Expression {
  return { kind: 'text', text: value };
}

export function characterOf(set: CodePointSet): Expression {
  return set.length === 0 ? never : { kind: 'class', set };
}

export function sequence(...items: readonly Expression[]): Expression {
  const kept = items
    .flatMap((item) => (item.kind === 'sequence' ? item.items : [item]))
    .filter((item) => item.kind !== 'text' || item.text !== '');
  const [first] = kept;
  if (first === undefined) return nothing;
  return kept.length === 1 ? first : { kind: 'sequence', items: kept };
}

export function choice(options: readonly Expression[]): Expression {
  const flat = options.flatMap((option) => (option.kind === 'choice' ? option.options : [option]));
  const [first] = flat;
  return flat.length === 1 && first !== undefined ? first : { kind: 'choice', options: flat };
}

export function optional(item: Expression): Expression {
  return { kind: 'optional', item };
}

export function many(item: Expression): Expression {
  return { kind: 'many', item };
}

/** The items with a separator between each two. */
export function separated(items: readonly Expression[], separator: Expression): Expression {
  return sequence(...items.flatMap((item, index) => (index === 0 ? [item] : [separator, item])));
}

/** One of these texts, which share their beginnings, so that the matcher has one way to follow and not one a text. */
export function oneOfTexts(texts: readonly string[]): Expression {
  const distinct = [...new Set(texts)];
  const [first] = distinct;
  if (first === undefined) return never;
  if (distinct.length === 1) return text(first);
  const groups = new Map<string, string[]>();
  for (const own of distinct) {
    const [head = ''] = own;
    const group = groups.get(head);
    if (group === undefined) groups.set(head, [own]);
    else group.push(own);
  }
  return choice(
    [...groups.values()].map((group) => {
      const shared = sharedBeginning(group);
      const rest = group.map((own) => own.slice(shared.length));
      return shared === '' ? nothing : sequence(text(shared), oneOfTexts(rest));
    }),
  );
}

/** Whole characters only. */
function sharedBeginning(texts: readonly string[]): string {
  const first = texts[0] ?? '';
  let length = first.length;
  for (const other of texts) {
    let same = 0;
    while (same < length && first.charCodeAt(same) === other.charCodeAt(same)) same += 1;
    length = same;
  }
  const last = first.charCodeAt(length - 1);
  return first.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
