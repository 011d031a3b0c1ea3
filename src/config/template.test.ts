import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { defaultSettings, settingsSchema } from './schema.ts';
import { commentedSettings } from './template.ts';

/** Takes away the "#" before every setting (and nothing else): the file as a person might change it. */
function uncommented(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#   ') && !/^ *# \(environment/.test(line))
    .map((line) =>
      line.replace(/^( *)# (\w+): (?=\S)(.*)$/, (whole, indent: string, key: string, value: string) =>
        Object.hasOwn(
          {
            ...defaultSettings,
            ...defaultSettings.route,
            ...defaultSettings.engine,
            ...defaultSettings.cache,
            ...defaultSettings.promptCache,
            ...defaultSettings.budgets,
            ...defaultSettings.privacy,
            ...defaultSettings.responses,
            ...defaultSettings.pages,
            ...defaultSettings.limits,
            ...defaultSettings.hub,
          },
          key,
        )
          ? `${indent}${key}: ${value}`
          : whole,
      ),
    )
    .join('\n');
}

describe('commentedSettings', () => {
  it('changes nothing as it is written', () => {
    const values = parse(commentedSettings('yaml')) as Record<string, unknown>;
    expect(values).toEqual({
      route: null,
      engine: null,
      cache: null,
      promptCache: null,
      budgets: null,
      privacy: null,
      responses: null,
      pages: null,
      limits: null,
      hub: null,
    });
  });

  it('shows the true defaults', () => {
    expect(settingsSchema.parse(parse(uncommented(commentedSettings('yaml'))))).toEqual(defaultSettings);
    expect(settingsSchema.parse(JSON.parse(commentedSettings('json')))).toEqual(defaultSettings);
  });
});
