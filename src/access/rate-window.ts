const slotMs = 1000;
/** A minute and the second under way, so that no 60 seconds, wherever they begin, hold more than the limit. */
const slotCount = 61;

/** How much was taken of something within the last minute, by seconds. Times are milliseconds of any clock. */
export interface RateWindow {
  readonly limit: number;
  /** Takes `count` and returns 0, or takes nothing and returns the milliseconds after which it will fit. */
  take(nowMs: number, count: number): number;
  /** What was taken at that time turned out to be more or less. */
  adjust(takenAtMs: number, nowMs: number, difference: number): void;
  /** What may be taken now. */
  remaining(nowMs: number): number;
  /** Milliseconds until nothing counts any more of what was taken so far. */
  resetMs(nowMs: number): number;
}

/** @param limit at least 1 */
export function createRateWindow(limit: number): RateWindow {
  const slots = new Float64Array(slotCount);
  let latest = 0;
  let used = 0;

  /** Forgets the seconds that left the window; a clock that goes back stands still here. */
  function advance(nowMs: number): void {
    const now = Math.floor(nowMs / slotMs);
    if (now <= latest) return;
    for (let second = Math.max(latest + 1, now - slotCount + 1); second <= now; second += 1) {
      used -= slots[second % slotCount] ?? 0;
      slots[second % slotCount] = 0;
    }
    latest = now;
  }

  /** When a second's part is forgotten. */
  const leavesAt = (second: number): number => (second + slotCount) * slotMs;

  return {
    limit,
    take(nowMs, count) {
      advance(nowMs);
      if (used + count <= limit) {
        slots[latest % slotCount] = (slots[latest % slotCount] ?? 0) + count;
        used += count;
        return 0;
      }
      let left = used;
      for (let second = latest - slotCount + 1; second <= latest; second += 1) {
        left -= slots[((second % slotCount) + slotCount) % slotCount] ?? 0;
        if (left + count <= limit) return Math.max(1, leavesAt(second) - nowMs);
      }
      return slotCount * slotMs;
    },
    adjust(takenAtMs, nowMs, difference) {
      advance(nowMs);
      const second = Math.floor(takenAtMs / slotMs);
      if (second <= latest - slotCount || second > latest) return;
      const before = slots[second % slotCount] ?? 0;
      const after = Math.max(0, before + difference);
      slots[second % slotCount] = after;
      used += after - before;
    },
    remaining(nowMs) {
      advance(nowMs);
      return Math.max(0, limit - used);
    },
    resetMs(nowMs) {
      advance(nowMs);
      for (let second = latest; second > latest - slotCount && second >= 0; second -= 1) {
        if ((slots[second % slotCount] ?? 0) > 0) return Math.max(0, leavesAt(second) - nowMs);
      }
      return 0;
    },
  };
}
