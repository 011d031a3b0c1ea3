import { UsageError } from './command.ts';

/** A range of time, in milliseconds since the epoch; `to` is not included. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

const unitMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const dayMs = 86_400_000;

/**
 * Reads `--since` and `--until`: a day (2026-11-25), a month (2026-11), a moment (2026-11-25T12:00, UTC unless it says
 * otherwise), how long ago (30m, 24h, 7d, 2w), today, yesterday, now, and all. Days are UTC. A day or month as the end is
 * included whole.
 * @param now milliseconds since the epoch
 * @throws UsageError naming the option
 */
export function readPeriod(
  since: string | undefined,
  until: string | undefined,
  now: number,
  usual = '30d',
): Period {
  const from = moment('since', since ?? usual, now).from;
  const to = until === undefined ? Number.MAX_SAFE_INTEGER : moment('until', until, now).to;
  if (from >= to) throw new UsageError('--since: expected a time before that of --until');
  return { from, to };
}

/** The milliseconds of a length of time such as 30d. @throws UsageError naming the option */
export function readAge(option: string, text: string): number {
  const match = /^(\d{1,6})([mhdw])$/.exec(text.trim());
  if (match === null)
    throw new UsageError(
      `--${option}: expected a length of time, e.g. 30d or 12h, got ${JSON.stringify(text)}`,
    );
  return Number(match[1]) * (unitMs[match[2] ?? ''] ?? 0);
}

function moment(option: string, given: string, now: number): Period {
  const text = given.trim();
  const today = Math.floor(now / dayMs) * dayMs;
  if (text === 'all') return { from: 0, to: Number.MAX_SAFE_INTEGER };
  if (text === 'now') return { from: now, to: now };
  if (text === 'today') return { from: today, to: today + dayMs };
  if (text === 'yesterday') return { from: today - dayMs, to: today };
  if (/^\d{1,6}[mhdw]$/.test(text)) {
    const at = now - readAge(option, text);
    return { from: at, to: at };
  }
  const month = /^(\d{4})-(\d{2})$/.exec(text);
  if (month !== null && Number(month[2]) >= 1 && Number(month[2]) <= 12) {
    const [year, index] = [Number(month[1]), Number(month[2]) - 1];
    return { from: Date.UTC(year, index), to: Date.UTC(year, index + 1) };
  }
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    const at = Date.parse(`${text}T00:00:00Z`);
    // JavaScript takes the 31st of a short month for a day of the next.
    if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text)) return { from: at, to: at + dayMs };
  }
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})?$/.test(text)) {
    const at = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`);
    if (!Number.isNaN(at)) return { from: at, to: at };
  }
  throw new UsageError(
    `--${option}: expected a day (2026-11-25), a month (2026-11), a moment (2026-11-25T12:00), a time ago (7d, 24h), today, yesterday or all, got ${JSON.stringify(given)}`,
  );
}
