import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { requestOf } from '../answer/fakes.ts';
import type { ChatRequest, PrivacyLabel } from '../chat/request.ts';
import { clear, mayCross } from './clear.ts';
import type { Cleared } from './clear.ts';
import { createLabel, tighten } from './label.ts';

const label = fc.constantFrom<PrivacyLabel>('open', 'local_only');

describe('labels', () => {
  test('only tighten, in any order', () => {
    fc.assert(
      fc.property(label, label, label, (one, other, third) => {
        const both = tighten(one, other);
        expect(both === 'local_only').toBe(one === 'local_only' || other === 'local_only');
        expect(tighten(other, one)).toBe(both);
        expect(tighten(tighten(one, other), third)).toBe(tighten(one, tighten(other, third)));
      }),
    );
  });

  test('the floor of the settings holds for every request', () => {
    fc.assert(
      fc.property(label, label, (floor, privacy) => {
        const labelled = createLabel({ floor })(requestOf({ privacy }));
        expect(labelled.privacy).toBe(tighten(floor, privacy));
        expect(labelled).toEqual({ ...requestOf(), privacy: labelled.privacy });
      }),
    );
  });
});

describe('the boundary', () => {
  test('local_only never crosses it', () => {
    expect(() => clear(requestOf({ privacy: 'local_only' }), 'outside')).toThrow(
      expect.objectContaining({ kind: 'forbidden' }) as Error,
    );
    expect(clear(requestOf({ privacy: 'local_only' }), 'machine').boundary).toBe('machine');
    expect(clear(requestOf(), 'outside').request.privacy).toBe('open');
  });

  test('an unknown label fails closed', () => {
    expect(mayCross('public' as PrivacyLabel, 'outside')).toBe(false);
    expect(mayCross('public' as PrivacyLabel, 'inside')).toBe(false);
    expect(mayCross('local_only', 'inside')).toBe(true);
    expect(mayCross('local_only', 'elsewhere' as 'inside')).toBe(false);
  });

  test('what was cleared is what is sent', () => {
    const request = { ...requestOf() };
    const cleared = clear(request, 'outside');
    (request as { privacy: PrivacyLabel }).privacy = 'local_only';
    expect(cleared.request.privacy).toBe('open');
    expect(Object.isFrozen(cleared.request)).toBe(true);
  });

  test('no object of another make passes as cleared', () => {
    const cleared = clear(requestOf(), 'outside');
    const forged = Object.create(Object.getPrototypeOf(cleared) as object) as Cleared;
    expect(() => forged.request).toThrow(TypeError);
    const { constructor: make } = cleared as unknown as {
      constructor: new (...values: unknown[]) => unknown;
    };
    expect(() => new make(Symbol('cleared'), requestOf({ privacy: 'local_only' }), 'outside')).toThrow(
      TypeError,
    );
  });

  test('the type takes neither a plain request nor a look-alike, nor one cleared for another boundary', () => {
    expectTypeOf<ChatRequest>().not.toExtend<Cleared>();
    expectTypeOf<{ request: ChatRequest; boundary: 'outside' }>().not.toExtend<Cleared<'outside'>>();
    expectTypeOf<Cleared<'machine'>>().not.toExtend<Cleared<'outside'>>();
    expectTypeOf<Cleared<'outside'>>().toExtend<Cleared>();
  });
});
