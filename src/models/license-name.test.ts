import { expect, it } from 'vitest';
import { licenseName } from './license-name.ts';

it('spells licences as the catalog does, and leaves what it does not know', () => {
  expect(['apache-2.0', 'mit', 'MIT', 'cc-by-nc-4.0', 'gemma', 'other', 'Acme 1'].map(licenseName)).toEqual([
    'Apache-2.0',
    'MIT',
    'MIT',
    'CC-BY-NC-4.0',
    'Gemma Terms of Use',
    'other',
    'Acme 1',
  ]);
});
