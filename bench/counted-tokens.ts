const gramLength = 8;
const repeatLimit = 3;

/**
 * How many tokens of a text count: those before an 8-gram comes for the third time, or before `isEnd`. A small model
 * copies, then loops, and a loop is too easy to foresee.
 */
export function countedTokenCount(tokens: readonly number[], isEnd: (token: number) => boolean): number {
  const seen = new Map<string, number>();
  for (let index = 0; index < tokens.length; index++) {
    if (isEnd(tokens[index] as number)) return index;
    const start = index + 1 - gramLength;
    if (start < 0) continue;
    const gram = tokens.slice(start, index + 1).join();
    const count = (seen.get(gram) ?? 0) + 1;
    seen.set(gram, count);
    if (count >= repeatLimit) return start;
  }
  return tokens.length;
}
