/** Pure: whether a text is an address as `node:net` has it, without zones; pages have no Node. */
export function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}

/** Eight groups of up to four hexadecimal digits; the last two may be an IPv4 address, and one run of zeros may be `::`. */
export function isIPv6(text: string): boolean {
  const sides = text.split('::');
  if (sides.length > 2) return false;
  let count = 0;
  for (const [index, side] of sides.entries()) {
    const groups = side === '' ? [] : side.split(':');
    for (const [place, group] of groups.entries()) {
      const isLast = index === sides.length - 1 && place === groups.length - 1;
      if (isLast && group.includes('.')) {
        if (!isIPv4(group)) return false;
        count += 2;
      } else if (/^[\da-f]{1,4}$/i.test(group)) count += 1;
      else return false;
    }
  }
  return sides.length === 2 ? count <= 7 : count === 8;
}
