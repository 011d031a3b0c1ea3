import { describe, expect, it } from 'vitest';
import { loadSettings } from './load.ts';

const load = (flags: Readonly<Record<string, string>>) =>
  loadSettings({
    environment: {},
    workingFolder: '/nowhere',
    home: '/nowhere',
    flags: new Map(Object.entries(flags).map(([path, text]) => [path, { flag: `--${path}`, text }])),
  });

describe('groups', () => {
  it('are an alias of their first model with the others behind it, wherever names alone decide', async () => {
    const { settings } = await load({
      groups: '{"any": ["a/m", "b/m", "c/m"]}',
      aliases: '{"work": "any"}',
      fallbacks: '{"far": ["near"]}',
    });
    expect(settings.aliases).toEqual({ work: 'any', any: 'a/m' });
    expect(settings.fallbacks).toEqual({ far: ['near'], any: ['b/m', 'c/m'] });
  });

  it('have the fallbacks of their name behind their own models', async () => {
    const { settings } = await load({ groups: '{"any": ["a/m", "b/m"]}', fallbacks: '{"any": ["near"]}' });
    expect(settings.fallbacks).toEqual({ any: ['b/m', 'near'] });
  });

  it.each([
    [{ groups: '{"any": ["a/m"]}' }, 'any'],
    [{ groups: '{"far": ["a/m", "b/m"]}' }, 'far: this name has a meaning already'],
    [{ groups: '{"any": ["a/m", "a/m"]}' }, 'any: it holds a model twice'],
    [{ groups: '{"any": ["a/m", "auto"]}' }, 'any: auto is no model'],
    [{ groups: '{"any": ["a/m", "more"], "more": ["a/m", "b/m"]}' }, 'any: more is no model'],
    [{ groups: '{"any": ["a/m", "b/m"]}', aliases: '{"any": "near"}' }, 'an alias has the same name'],
  ])('%j is refused', async (flags, message) => {
    await expect(load(flags as Record<string, string>)).rejects.toThrow(message);
  });
});
