import { describe, expect, it } from 'vitest';
import { readAge, readPeriod } from './period.ts';

const now = Date.UTC(2026, 10, 25, 12);
const at = (text: string) => Date.parse(text);

describe('a period', () => {
  it('is read in the ways that people write it', () => {
    const of = (since?: string, until?: string) => readPeriod(since, until, now);
    expect(of()).toEqual({ from: at('2026-10-26T12:00Z'), to: Number.MAX_SAFE_INTEGER });
    expect(of('7d').from).toBe(at('2026-11-18T12:00Z'));
    expect(of('90m', 'now')).toEqual({ from: at('2026-11-25T10:30Z'), to: now });
    expect(of('2026-11-01', '2026-11-03')).toEqual({ from: at('2026-11-01'), to: at('2026-11-04') });
    expect(of('2026-10', '2026-10')).toEqual({ from: at('2026-10-01'), to: at('2026-11-01') });
    expect(of('yesterday', 'yesterday')).toEqual({ from: at('2026-11-24'), to: at('2026-11-25') });
    expect(of('2026-11-01T10:00', '2026-11-01T12:00+01:00')).toEqual({
      from: at('2026-11-01T10:00Z'),
      to: at('2026-11-01T11:00Z'),
    });
    expect(of('all').from).toBe(0);
  });

  it('that is none is refused by the name of its option', () => {
    for (const bad of ['', 'soon', '2026-13', '2026-02-30', '7 days', '-1d', '2026-11-25T25:00'])
      expect(() => readPeriod(bad, undefined, now), bad).toThrow(/^--since: expected/);
    expect(() => readPeriod('all', '1x', now)).toThrow(/^--until: expected/);
    expect(() => readPeriod('2026-11-03', '2026-11-01', now)).toThrow('before that of --until');
    expect(() => readAge('older-than', 'all')).toThrow('--older-than: expected a length of time');
  });
});
