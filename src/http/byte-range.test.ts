import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedRange, isKnown } from './byte-range.ts';

const asked = (range: string | null, bytes = 100, condition?: string) =>
  askedRange(
    new Headers({
      ...(range === null ? {} : { range }),
      ...(condition === undefined ? {} : { 'if-range': condition }),
    }),
    bytes,
    '"e"',
  );

describe('the range of a file', () => {
  it('is read as RFC 9110 has it', () => {
    expect(asked(null)).toEqual({ kind: 'whole' });
    expect(asked('bytes=0-0')).toEqual({ kind: 'part', first: 0, last: 0 });
    expect(asked('bytes=10-')).toEqual({ kind: 'part', first: 10, last: 99 });
    expect(asked('bytes=10-9999')).toEqual({ kind: 'part', first: 10, last: 99 });
    expect(asked('bytes=-10')).toEqual({ kind: 'part', first: 90, last: 99 });
    expect(asked('bytes=-1000')).toEqual({ kind: 'part', first: 0, last: 99 });
    expect(asked('Bytes = 1 - 2')).toEqual({ kind: 'part', first: 1, last: 2 });
  });

  it('cannot be had behind the end', () => {
    expect(asked('bytes=100-')).toEqual({ kind: 'unsatisfiable' });
    expect(asked('bytes=-0')).toEqual({ kind: 'unsatisfiable' });
    expect(asked('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
  });

  it('is passed over where it is several, malformed or of another unit', () => {
    for (const range of [
      'bytes=0-1,5-6',
      'bytes=5-1',
      'bytes=-',
      'lines=0-1',
      'bytes',
      'bytes=a-b',
      'bytes=--1',
    ])
      expect(asked(range), range).toEqual({ kind: 'whole' });
  });

  it('holds only for the file that the client knows', () => {
    expect(asked('bytes=5-', 100, '"e"')).toEqual({ kind: 'part', first: 5, last: 99 });
    for (const other of ['"f"', 'W/"e"', 'Sun, 06 Nov 1994 08:49:37 GMT'])
      expect(asked('bytes=5-', 100, other)).toEqual({ kind: 'whole' });
  });

  it('never leaves the file, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(1000), (noise, from, to, bytes) => {
        for (const range of [noise, `bytes=${from}-${to}`, `bytes=-${to}`, `bytes=${from}-`]) {
          const found = askedRange({ get: (name) => (name === 'range' ? range : null) }, bytes, '"e"');
          if (found.kind !== 'part') continue;
          expect(found.first).toBeGreaterThanOrEqual(0);
          expect(found.last).toBeGreaterThanOrEqual(found.first);
          expect(found.last).toBeLessThan(bytes);
        }
      }),
    );
  });
});

it('knows by If-None-Match what the client has', () => {
  const known = (value: string): boolean => isKnown(new Headers({ 'if-none-match': value }), '"e"');
  expect(known('"e"')).toBe(true);
  expect(known('"a", W/"e"')).toBe(true);
  expect(known('*')).toBe(true);
  expect(known('"a"')).toBe(false);
  expect(isKnown(new Headers(), '"e"')).toBe(false);
});
