import { choice, never, type Expression } from './expression.ts';

/**
 * A grammar in llama.cpp's notation (GBNF), its start rule named `root`. Options that no finite text completes are
 * left out, because a sampler would never come out of them.
 * @returns `null` where nothing at all can match
 */
export function printGrammar(rules: ReadonlyMap<string, Expression>, root: Expression): string | null {
  const productive = productiveRules(rules);
  const prune = (expression: Expression): Expression => pruned(expression, productive);
  const start = prune(root);
  if (isNever(start)) return null;
  const lines: string[] = [];
  const open = [start];
  const printed = new Set<string>();
  const write = (name: string, expression: Expression): void => {
    const deep: [string, Expression][] = [];
    const text = print(expression, 0, (inner) => {
      const own = `g${groupCount++}`;
      deep.push([own, inner]);
      return own;
    });
    lines.push(`${name} ::= ${text}`);
    for (const [own, inner] of deep) write(own, inner);
  };
  let groupCount = 0;
  write('root', start);
  for (let expression = open.pop(); expression !== undefined; expression = open.pop()) {
    for (const name of rulesIn(expression)) {
      const rule = rules.get(name);
      if (printed.has(name) || rule === undefined) continue;
      printed.add(name);
      const kept = prune(rule);
      write(name, kept);
      open.push(kept);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The names of the rules that refer to each. */
export function usersOf(rules: ReadonlyMap<string, Expression>): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const [name, expression] of rules) {
    for (const used of rulesIn(expression)) {
      const known = users.get(used);
      if (known === undefined) users.set(used, [name]);
      else known.push(name);
    }
  }
  return users;
}

/** The names of the rules that match at least one finite text: the least fixed point. */
function productiveRules(rules: ReadonlyMap<string, Expression>): ReadonlySet<string> {
  const users = usersOf(rules);
  const productive = new Set<string>();
  const open = [...rules.keys()];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const rule = rules.get(name);
    if (productive.has(name) || rule === undefined || !isProductive(rule, productive)) continue;
    productive.add(name);
    open.push(...(users.get(name) ?? []));
  }
  return productive;
}

function isProductive(expression: Expression, productive: ReadonlySet<string>): boolean {
  switch (expression.kind) {
    case 'text':
    case 'class':
    case 'control':
    case 'optional':
    case 'many':
      return true;
    case 'rule':
      return productive.has(expression.name);
    case 'sequence':
      return expression.items.every((item) => isProductive(item, productive));
    case 'choice':
      return expression.options.some((option) => isProductive(option, productive));
  }
}

function pruned(expression: Expression, productive: ReadonlySet<string>): Expression {
  if (!isProductive(expression, productive)) return never;
  switch (expression.kind) {
    case 'sequence':
      return { kind: 'sequence', items: expression.items.map((item) => pruned(item, productive)) };
    case 'choice': {
      const options = expression.options.map((option) => pruned(option, productive));
      return choice(options.filter((option) => !isNever(option)));
    }
    case 'optional':
    case 'many': {
      const item = pruned(expression.item, productive);
      return isNever(item) ? { kind: 'text', text: '' } : { kind: expression.kind, item };
    }
    case 'text':
    case 'class':
    case 'rule':
    case 'control':
      return expression;
  }
}

function isNever(expression: Expression): boolean {
  return expression.kind === 'choice' && expression.options.length === 0;
}

function* rulesIn(expression: Expression): Generator<string> {
  switch (expression.kind) {
    case 'rule':
      yield expression.name;
      return;
    case 'sequence':
      for (const item of expression.items) yield* rulesIn(item);
      return;
    case 'choice':
      for (const option of expression.options) yield* rulesIn(option);
      return;
    case 'optional':
    case 'many':
      yield* rulesIn(expression.item);
      return;
    case 'text':
    case 'class':
    case 'control':
      return;
  }
}

/** Brackets inside each other; libllama parses them by recursion, and 300 of them ended the process (measured). */
const groupLimit = 20;

/**
 * @param depth brackets around it
 * @param apart makes a rule of an expression and returns its name, where brackets would nest too deep
 */
function print(expression: Expression, depth: number, apart: (expression: Expression) => string): string {
  /** In brackets where it is more than one element; `?` and `*` would take the last element only. */
  function grouped(item: Expression, repeats: boolean): string {
    const isOne =
      item.kind === 'rule' ||
      item.kind === 'class' ||
      item.kind === 'control' ||
      (item.kind === 'text' && item.text !== '');
    const needs = repeats ? !isOne : item.kind === 'choice';
    if (!needs) return print(item, depth, apart);
    return depth >= groupLimit ? apart(item) : `(${print(item, depth + 1, apart)})`;
  }
  switch (expression.kind) {
    case 'text':
      return `"${Array.from(expression.text, escaped).join('')}"`;
    case 'class':
      return `[${expression.set.map(([first, last]) => printRange(first, last)).join('')}]`;
    case 'rule':
      return expression.name;
    case 'sequence':
      return expression.items.map((item) => grouped(item, false)).join(' ');
    case 'choice':
      return expression.options.map((item) => grouped(item, false)).join(' | ');
    case 'optional':
      return `${grouped(expression.item, true)}?`;
    case 'many':
      return `${grouped(expression.item, true)}*`;
    case 'control':
      return controlMark(expression.spelling);
  }
}

/**
 * A control token in the text of a grammar: the vocabulary's owner puts the token's id in its place
 * (`llama/grammar.ts`), because GBNF names control tokens by id.
 */
export function controlMark(spelling: string): string {
  return `<{${Buffer.from(spelling, 'utf8').toString('hex')}}>`;
}

/** Finds the marks that `controlMark` wrote. */
export const controlMarks = /<\{((?:[0-9a-f]{2})*)\}>/g;

function printRange(first: number, last: number): string {
  const start = escapedCodePoint(first);
  if (first === last) return start;
  return `${start}-${escapedCodePoint(last)}`;
}

function escaped(character: string): string {
  return escapedCodePoint(character.codePointAt(0) ?? 0);
}

/** Letters and digits stand for themselves, all else is written by number: nothing then depends on the place. */
function escapedCodePoint(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  if (/^[A-Za-z0-9 _.,:;]$/.test(character)) return character;
  const hex = codePoint.toString(16).toUpperCase();
  if (codePoint <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return codePoint <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
