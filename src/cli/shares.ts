/**
 * Pure: parts of a whole in percent with one decimal, which add up to 100.0 as they stand. Each is cut off below, and what is missing
 * goes to those that lost the most by it (the method of the largest remainder): so no figure is more than 0.1 off.
 * @param counts whole numbers, at least 0
 */
export function shareTexts(counts: readonly number[]): readonly string[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => '-');
  const tenths = counts.map((count) => Math.floor((1000 * count) / total));
  const missing = 1000 - tenths.reduce((sum, tenth) => sum + tenth, 0);
  const lost = counts.map((count, index) => ({ index, by: (1000 * count) % total }));
  const raised = new Set(
    lost
      .toSorted((one, other) => other.by - one.by)
      .slice(0, missing)
      .map(({ index }) => index),
  );
  return tenths.map((tenth, index) => `${((tenth + (raised.has(index) ? 1 : 0)) / 10).toFixed(1)}%`);
}
