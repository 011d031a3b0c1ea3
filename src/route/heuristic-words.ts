/** Finds the first word or phrase of a list in a text, whole words only, without regard to case. */
export type FindWord = (text: string) => string | null;

/** @param words as the owner wrote them; `*` at the end of one stands for any ending */
export function createFindWord(words: readonly string[]): FindWord {
  if (words.length === 0) return () => null;
  const alternatives = words.map((word) => {
    const isStem = word.endsWith('*');
    const literal = (isStem ? word.slice(0, -1) : word)
      .trim()
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(/\s+/g, String.raw`\s+`);
    return literal + (isStem ? String.raw`[\p{L}\p{N}_]*` : '');
  });
  const pattern = new RegExp(
    String.raw`(?<![\p{L}\p{N}_])(?:${alternatives.join('|')})(?![\p{L}\p{N}_])`,
    'iu',
  );
  return (text) => pattern.exec(text)?.[0] ?? null;
}
