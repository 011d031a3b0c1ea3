/** A span of time in milliseconds, `performance.now()`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * The longest pause of a stream during each window. A pause that touches several windows counts only for the one
 * with which it overlaps most, so that windows that follow each other do not both count one stall.
 * @param times arrivals, ascending
 * @returns milliseconds, whole pauses, one for each window; 0 where no pause fell to it
 */
export function longestGapByWindow(times: readonly number[], windows: readonly Window[]): number[] {
  const longest = windows.map(() => 0);
  for (let index = 1; index < times.length; index++) {
    const from = times[index - 1] ?? 0;
    const to = times[index] ?? 0;
    let owner = -1;
    let most = 0;
    windows.forEach((window, candidate) => {
      const overlap = Math.min(to, window.to) - Math.max(from, window.from);
      if (overlap > most) {
        most = overlap;
        owner = candidate;
      }
    });
    if (owner >= 0) longest[owner] = Math.max(longest[owner] ?? 0, to - from);
  }
  return longest;
}
