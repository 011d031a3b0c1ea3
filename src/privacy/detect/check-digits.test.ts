import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLuhn, isMod11_10, isVerhoeff, mod97 } from './check-digits.ts';

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(''));

describe('check digits', () => {
  it('take the examples of their standards', () => {
    expect(isLuhn('4111111111111111')).toBe(true);
    expect(mod97('3214282912345698765432161182')).toBe(1);
    expect(isMod11_10('86095742719')).toBe(true);
    expect(isVerhoeff('2363')).toBe(true);
  });

  it('find every single wrong digit', () => {
    const schemes = [
      [isLuhn, 16],
      [isVerhoeff, 12],
      [isMod11_10, 11],
    ] as const;
    fc.assert(
      fc.property(digits(16), fc.nat(15), fc.integer({ min: 1, max: 9 }), (given, at, more) => {
        for (const [isValid, length] of schemes) {
          const body = given.slice(0, length - 1);
          const whole = Array.from({ length: 10 }, (_, check) => `${body}${check}`).find(isValid);
          if (whole === undefined) continue;
          const place = at % length;
          const wrong = (Number(whole[place]) + more) % 10;
          expect(isValid(whole.slice(0, place) + String(wrong) + whole.slice(place + 1))).toBe(false);
        }
      }),
    );
  });

  it('has one check digit for every number', () => {
    fc.assert(
      fc.property(digits(15), (body) => {
        for (const isValid of [isLuhn, isVerhoeff])
          expect(Array.from({ length: 10 }, (_, check) => `${body}${check}`).filter(isValid)).toHaveLength(1);
      }),
    );
  });
});
