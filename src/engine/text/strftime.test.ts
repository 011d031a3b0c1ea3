import { describe, expect, it } from 'vitest';
import { strftime } from './strftime.ts';

describe('strftime', () => {
  const date = new Date(2026, 2, 5, 15, 4, 9);

  it('writes English names and padded numbers, whatever the locale', () => {
    expect(strftime(date, '%d %b %Y')).toBe('05 Mar 2026');
    expect(strftime(date, '%A, %B %-d, %Y %H:%M:%S %I %p %a %m %y 100%%')).toBe(
      'Thursday, March 5, 2026 15:04:09 03 PM Thu 03 26 100%',
    );
    expect(strftime(new Date(2026, 0, 1), '%I %p %-I')).toBe('12 AM 12');
  });

  it('leaves what it does not know', () => {
    expect(strftime(date, '%Q %')).toBe('%Q %');
  });
});
