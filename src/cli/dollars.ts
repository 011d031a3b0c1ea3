/** Millionths of a dollar for a reader: two digits behind the point, as many as it takes below a cent. */
export function dollars(micros: number): string {
  const sign = micros < 0 ? '-' : '';
  const size = Math.abs(micros);
  if (size === 0) return '$0';
  if (size < 10_000) return `${sign}$${(size / 1_000_000).toFixed(6)}`;
  return `${sign}$${(size / 1_000_000).toLocaleString('en-US', {
    minimumFractionDigits: 2,
    maximumFractionDigits: size < 1_000_000 ? 4 : 2,
  })}`;
}

/** Between two bounds: `$1.20 to $1.40`, or one figure where they agree as shown. */
export function dollarRange(low: number, high: number): string {
  const [least, most] = [dollars(low), dollars(high)];
  if (least === most) return least;
  return low === 0 ? `up to ${most}` : `${least} to ${most}`;
}
