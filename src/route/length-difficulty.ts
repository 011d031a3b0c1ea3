/**
 * Difficulty by length alone, 0 to 1: the baseline that every model of difficulty has to beat (design: reference on routers).
 * Half at 400 characters; a prompt of 170 is at 0.3, one of 930 at 0.7.
 */
export function lengthDifficulty(text: string): number {
  const { length } = text.trim();
  return length / (length + halfLength);
}

const halfLength = 400;
