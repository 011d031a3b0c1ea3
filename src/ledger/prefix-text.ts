import type { PromptPrefix } from '../chat/prompt-prefix.ts';

/** One line of JSON; the family stands in a column of its own. */
export function toPrefixText(prefix: PromptPrefix): string {
  const { tokenCount, chain, contents, contentTokenCounts, boundaries } = prefix;
  return JSON.stringify([
    tokenCount,
    chain,
    contents,
    contentTokenCounts,
    boundaries.map(({ hash, tokenCount: end, kind }) => [hash, end, kind]),
  ]);
}

/** The inverse of `toPrefixText`. */
export function fromPrefixText(family: string, text: string): PromptPrefix {
  const [tokenCount, chain, contents, contentTokenCounts, boundaries] = JSON.parse(text) as [
    number,
    string,
    string,
    readonly number[],
    readonly (readonly [string, number, string])[],
  ];
  return {
    family,
    tokenCount,
    chain,
    contents,
    contentTokenCounts,
    boundaries: boundaries.map(([hash, end, kind]) => ({ hash, tokenCount: end, kind })),
  };
}
