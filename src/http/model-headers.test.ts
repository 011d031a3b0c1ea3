import { validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { headerText } from './model-headers.ts';

it('takes any name into a header, and it can be read again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const text = headerText(name);
      expect(() => {
        validateHeaderValue('x-nearfar-model', text);
      }).not.toThrow();
      expect(decodeURIComponent(text)).toBe(name.toWellFormed());
    }),
  );
  expect(headerText('openai/gpt-6-sol')).toBe('openai/gpt-6-sol');
});
