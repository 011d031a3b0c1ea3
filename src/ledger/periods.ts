/** The day and the month that a moment belongs to: milliseconds since the epoch; ends are the next one's start. */
export interface Periods {
  readonly dayStartsAt: number;
  readonly dayEndsAt: number;
  readonly monthStartsAt: number;
  readonly monthEndsAt: number;
}

export type PeriodsAt = (moment: number) => Periods;

/**
 * Days and months of a time zone, as its clocks show them: a day may have 23 or 25 hours.
 * @param timeZone IANA name, e.g. `Europe/Oslo` or `UTC`
 * @throws RangeError where there is no such zone
 */
export function createPeriods(timeZone: string): PeriodsAt {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  let last: Periods | null = null;

  /** What the zone's clocks show, as if it were UTC. */
  function shown(moment: number): number {
    const fields: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(moment)) fields[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** The first moment at which the clocks show this date or a later one. */
  function startOf(year: number, month: number, day: number): number {
    const wanted = Date.UTC(year, month, day);
    // Offsets are at most 14 hours, and where clocks jump over midnight the day begins behind the jump.
    let before = wanted - 15 * hourMs;
    let after = wanted + 15 * hourMs;
    while (after - before > 1000) {
      const middle = Math.floor((before + after) / 2000) * 1000;
      if (shown(middle) >= wanted) after = middle;
      else before = middle;
    }
    return after;
  }

  return (moment) => {
    if (last !== null && moment >= last.dayStartsAt && moment < last.dayEndsAt) return last;
    const date = new Date(shown(moment));
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
    last = {
      dayStartsAt: startOf(year, month, day),
      dayEndsAt: startOf(year, month, day + 1),
      monthStartsAt: startOf(year, month, 1),
      monthEndsAt: startOf(year, month + 1, 1),
    };
    return last;
  };
}

const hourMs = 3_600_000;
