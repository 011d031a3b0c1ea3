/**
 * 95% interval of a share (Wilson 1927; Brown, Cai and DasGupta 2001 recommend it for small counts).
 * @returns 0 to 1 both; all of it for no trials
 */
export function wilsonInterval(rightCount: number, count: number): readonly [low: number, high: number] {
  if (count === 0) return [0, 1];
  const z = 1.959963984540054;
  const share = rightCount / count;
  const spread = 1 + z ** 2 / count;
  const centre = (share + z ** 2 / (2 * count)) / spread;
  const half = (z / spread) * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
