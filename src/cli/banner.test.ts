import { expect, it } from 'vitest';
import { loadSettings } from '../config/load.ts';
import { builtInLists, createPriceTable } from '../ledger/prices.ts';
import type { InstalledModel } from '../models/store.ts';
import { renderBanner } from './banner.ts';

async function banner(check: string, grade: InstalledModel['facts']['grade']): Promise<string> {
  const flags = new Map([['privacy.check', { flag: '--set', text: check }]]);
  const loaded = await loadSettings({ environment: {}, workingFolder: '/nowhere', home: '/nowhere', flags });
  const facts = { id: 'tiny', grade, license: 'MIT', format: 'Q4_0', sizeBytes: 1, verified: true };
  const model = { facts } as InstalledModel;
  return renderBanner(loaded, 'http://127.0.0.1:4242', '1', model, createPriceTable(builtInLists));
}

it('says what to expect of a small model that shall read what detectors pass', async () => {
  expect(await banner('model', 'smoke test')).toContain('tiny (smoke test) is asked what may leave');
  expect(await banner('model', 'assistant')).not.toContain('what may leave');
  expect(await banner('off', 'smoke test')).not.toContain('what may leave');
});
