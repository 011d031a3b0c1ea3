import { NearfarError } from '../../chat/error.ts';
import { choice, many, never, nothing, optional, sequence, type Expression } from './expression.ts';

/** Named rules of a grammar under construction. Rules may refer to each other in a circle. */
export interface RuleBook {
  readonly rules: ReadonlyMap<string, Expression>;
  /**
   * The rule of this key, built at its first use.
   * @throws NearfarError `invalid_request` beyond the bounds
   */
  rule(key: string, build: () => Expression): Expression;
  /** A key that no other caller has, to begin the keys of one schema with. */
  newKey(name: string): string;
  /** `count` rules that may refer to each other by index. */
  together(
    count: number,
    build: (index: number, rule: (index: number) => Expression) => Expression,
  ): Expression[];
  /** `min` to `max` times, `null` = without end; `separator` stands between. */
  repeated(item: Expression, min: number, max: number | null, separator?: Expression): Expression;
}

/**
 * Rules of one grammar. libllama parses 10,000 of them in about 20 ms (measured), once a request; the largest of the
 * public tool schemas in bench/schemas needs some hundreds.
 */
const ruleLimit = 10_000;
/** Rules under construction at once: how deep a schema nests. */
const depthLimit = 100;
/** Repetitions beyond this are counted in blocks, so that 10,000 characters need some hundred rules. */
const blockLength = 64;

/** @param field what the grammar is made for, to name in errors */
export function createRuleBook(field: string | null = null): RuleBook {
  const rules = new Map<string, Expression>();
  const names = new Map<string, string>();
  let nameCount = 0;
  let depth = 0;

  function newName(): string {
    if (nameCount >= ruleLimit) throw tooComplex(field, `it needs more than ${ruleLimit} grammar rules`);
    nameCount += 1;
    return `r${nameCount}`;
  }

  function rule(key: string, build: () => Expression): Expression {
    const known = names.get(key);
    if (known !== undefined) return { kind: 'rule', name: known };
    if (depth >= depthLimit) throw tooComplex(field, `it nests deeper than ${depthLimit} levels`);
    const name = newName();
    names.set(key, name);
    depth += 1;
    try {
      rules.set(name, build());
    } finally {
      depth -= 1;
    }
    return { kind: 'rule', name };
  }

  function together(
    count: number,
    build: (index: number, rule: (index: number) => Expression) => Expression,
  ): Expression[] {
    const references = Array.from({ length: count }, (): Expression => ({ kind: 'rule', name: newName() }));
    const reference = (index: number): Expression => references[index] ?? never;
    references.forEach((own, index) => {
      if (own.kind === 'rule') rules.set(own.name, build(index, reference));
    });
    return references;
  }

  /** A rule of its own, so that repeating it repeats one reference. */
  function unit(item: Expression): { key: string; item: Expression } {
    if (item.kind === 'rule') return { key: item.name, item };
    const key = `unit ${JSON.stringify(item)}`;
    return { key, item: rule(key, () => item) };
  }

  function exactly(key: string, item: Expression, count: number): Expression {
    const blockCount = Math.floor(count / blockLength);
    const rest = sequence(...new Array<Expression>(count % blockLength).fill(item));
    if (blockCount === 0) return rest;
    const block = rule(`${key} block`, () => sequence(...new Array<Expression>(blockLength).fill(item)));
    return sequence(exactly(`${key} block`, block, blockCount), rest);
  }

  /**
   * At most `count`, as `whole atMost(count - size) | atMost(size - 1)` with the largest power of the block length as
   * size: each length has one derivation only, or the matcher would carry all of them along, and few rules do.
   */
  function atMost(key: string, item: Expression, count: number): Expression {
    if (count === 0) return nothing;
    let size = 1;
    while (size * blockLength <= count) size *= blockLength;
    const whole = exactly(key, item, size);
    const fewer = atMost(key, item, size - 1);
    let length = count % size;
    let shorter = atMost(key, item, length);
    while (length < count) {
      length += size;
      const rest = shorter;
      shorter = rule(`${key} at most ${length}`, () => choice([sequence(whole, rest), fewer]));
    }
    return shorter;
  }

  function repeated(item: Expression, min: number, max: number | null, separator = nothing): Expression {
    if (max !== null && min > max) return never;
    if (max === 0) return nothing;
    if (min === 0 && max === 1) return optional(item);
    const isSeparated = separator !== nothing;
    if (isSeparated && min === 0) return optional(repeated(item, 1, max, separator));
    const { key, item: one } = unit(isSeparated ? sequence(separator, item) : item);
    const lead = isSeparated ? item : nothing;
    const done = isSeparated ? 1 : 0;
    const least = exactly(key, one, min - done);
    if (max === null) return sequence(lead, least, many(one));
    return sequence(lead, least, atMost(key, one, max - min));
  }

  let keyCount = 0;
  const newKey = (name: string): string => `${name} ${keyCount++}`;

  return { rules, rule, newKey, together, repeated };
}

export function tooComplex(field: string | null, why: string): NearfarError {
  const subject = field ?? 'The grammar';
  return new NearfarError(
    'invalid_request',
    `${subject} is too complex: ${why}.`,
    field === null ? {} : { field },
  );
}
