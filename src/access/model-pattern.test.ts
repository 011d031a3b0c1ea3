import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noLimits } from './limits.ts';
import { allowedModels, matchesPattern } from './model-pattern.ts';

describe('a pattern', () => {
  test.each([
    ['*', 'openai/gpt-6', true],
    ['openai/*', 'openai/gpt-6', true],
    ['openai/*', 'openai-2/gpt-6', false],
    ['*mini', 'gpt-5.4-mini', true],
    ['gpt-*-mini', 'gpt-mini', false],
    ['gpt-*-mini', 'gpt-5.4-mini', true],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c', false],
    ['ab*ba', 'aba', false],
    ['near', 'nearest', false],
    ['gpt-5.4', 'gpt-5x4', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  test('matches as a regular expression of the same meaning would', () => {
    const text = (unit: string) =>
      fc.array(fc.constantFrom(...unit.split(',')), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(text('a,b,*'), text('a,b'), (pattern, name) => {
        expect(matchesPattern(pattern, name)).toBe(
          new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name),
        );
      }),
    );
  });
});

describe('the models that a key may reach', () => {
  const limits = { ...noLimits, models: ['cheap', 'open/*'] };

  test('are all of a route by a name that is allowed', () => {
    expect(allowedModels(limits, 'ana', 'cheap', ['other/a', 'claude/b'])).toEqual(['other/a', 'claude/b']);
  });

  test('are those that are allowed themselves by an id', () => {
    expect(allowedModels(limits, 'ana', 'far', ['open/a', 'claude/b', 'open/c'])).toEqual([
      'open/a',
      'open/c',
    ]);
  });

  test('are none where neither is', () => {
    expect(() => allowedModels(limits, 'ana', 'far', ['claude/b', 'open/a'])).toThrow(
      expect.objectContaining({
        kind: 'forbidden',
        message: expect.stringContaining('cheap, open/*') as string,
      }) as Error,
    );
  });

  test('are all without limits', () => {
    expect(allowedModels(undefined, 'local', 'far', ['claude/b'])).toEqual(['claude/b']);
  });
});
