import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { defaultSettings, settingLeaves } from './schema.ts';

it('docs/configuration.md lists every setting with its true default and meaning', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const rows = page.split('\n').flatMap((line) => {
    const [, setting, value, meaning] = /^\| `([\w.]+)` +\| `(.*?)` +\| (.*?) *\|$/.exec(line) ?? [];
    return setting === undefined ? [] : [[setting, value, meaning]];
  });
  const expected = settingLeaves().map(({ path, description }) => {
    const value = path
      .split('.')
      .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], defaultSettings);
    return [path, JSON.stringify(value), description];
  });
  expect(rows).toEqual(expected);
});
