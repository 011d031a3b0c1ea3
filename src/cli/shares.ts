/**
 * Pure: parts of a whole in percent, which add up to 100 as they stand. Each is cut off below, and what is missing goes to those that
 * lost the most by it (the method of the largest remainder): so no figure is a unit of its last digit off.
 * @param counts whole numbers, at least 0
 * @param digits behind the point
 */
export function shareTexts(counts: readonly number[], digits = 1): readonly string[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => '-');
  const whole = 100 * 10 ** digits;
  const units = counts.map((count) => Math.floor((whole * count) / total));
  const missing = whole - units.reduce((sum, unit) => sum + unit, 0);
  const lost = counts.map((count, index) => ({ index, by: (whole * count) % total }));
  const raised = new Set(
    lost
      .toSorted((one, other) => other.by - one.by)
      .slice(0, missing)
      .map(({ index }) => index),
  );
  return units.map(
    (unit, index) => `${((unit + (raised.has(index) ? 1 : 0)) / 10 ** digits).toFixed(digits)}%`,
  );
}
