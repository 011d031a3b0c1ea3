/**
 * The known name that was probably meant, or null where none is close: at most a third of the letters differ
 * (Levenshtein distance), or one contains the other.
 */
export function nearestName(wanted: string, known: readonly string[]): string | null {
  const target = wanted.toLowerCase().slice(0, longestCompared);
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const name of known) {
    const candidate = name.toLowerCase();
    const contains = target.length >= 3 && (candidate.includes(target) || target.includes(candidate));
    const distance = contains ? 0.5 : editDistance(target, candidate);
    const limit = Math.ceil(Math.max(target.length, candidate.length) / 3);
    if (distance <= limit && distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Names come from clients: the quadratic comparison looks at no more than this many characters. */
const longestCompared = 200;

/** Levenshtein distance by two rows. */
export function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const deletion = (previous[column] ?? 0) + 1;
      const insertion = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(substitution, deletion, insertion));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
