import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from './load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nearfar-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const load = (cache: object) => {
  writeFileSync(path.join(folder, 'nearfar.config.json'), JSON.stringify({ cache }));
  return loadSettings({ environment: {}, workingFolder: folder, home: folder });
};

describe('cache.semantic', () => {
  it('is off, and with an embedder allows 1% of hits to be wrong', async () => {
    expect((await load({})).settings.cache.semantic).toBeNull();
    expect((await load({ semantic: { embedder: 'minilm' } })).settings.cache.semantic).toEqual({
      embedder: 'minilm',
      maxWrongHitRate: 0.01,
      checkRate: 0.05,
      sameAnswer: 'meaning',
      upstreams: true,
      checkBudget: { perDay: 1, perMonth: null },
    });
  });

  it.each([
    [{ semantic: {} }, /embedder/],
    [{ semantic: { embedder: 'minilm', maxWrongHitRate: 0.6 } }, /maxWrongHitRate/],
    [{ semantic: { embedder: 'minilm', checkRate: 0 } }, /checkRate/],
    [{ semantic: { embedder: 'minilm', sameAnswer: 'judge' } }, /sameAnswer/],
    [{ semantic: { embedder: 'minilm', threshold: 0.9 } }, /threshold/],
    [{ exact: false, semantic: { embedder: 'minilm' } }, /expected cache\.exact: true/],
  ])('says what is wrong with %j', async (cache, message) => {
    await expect(load(cache)).rejects.toThrow(message);
  });
});
