import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelFacts } from '../../test/fixtures/engine-requests.ts';
import type { LoadedSettings } from '../config/load.ts';
import { defaultSettings } from '../config/schema.ts';
import { draftReference, loadOptionsFor } from './load-options.ts';

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-options-'));
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

const model = (id: string) => ({ facts: { ...modelFacts(id), id }, path: `/models/${id}.gguf` });

function loaded(engine: Partial<LoadedSettings['settings']['engine']>): LoadedSettings {
  const settings = { ...defaultSettings, near: 'large', engine: { ...defaultSettings.engine, ...engine } };
  return { settings, home, sources: new Map() } as unknown as LoadedSettings;
}

const find = (reference: string) => Promise.resolve(reference === 'small' ? model('small') : null);

it('names the draft model of near, and of others by their ids', () => {
  const { settings } = loaded({ draft: 'small', drafts: { other: 'tiny' } });
  expect(draftReference('large', settings)).toBe('small');
  expect(draftReference('other', settings)).toBe('tiny');
  expect(draftReference('third', settings)).toBeNull();
});

it('drafts where there is a draft model, unless the settings say otherwise', async () => {
  const speculationOf = async (engine: Parameters<typeof loaded>[0]) =>
    (await loadOptionsFor(model('large'), loaded(engine), find)).speculation;
  expect(await speculationOf({})).toBe('off');
  expect(await speculationOf({ draft: 'small' })).toBe('auto');
  expect(await speculationOf({ draft: 'small', speculation: 'off' })).toBe('off');
  expect(await speculationOf({ speculation: 3 })).toBe(3);
});

it('gives the draft model its path, its own KV type and a curve of its own', async () => {
  const settings = loaded({ draft: 'small', kvTypes: { small: 'q8_0' } });
  const { draft, kvType } = await loadOptionsFor(model('large'), settings, find);
  expect(kvType).toBe('f16');
  expect(draft).toMatchObject({ modelPath: '/models/small.gguf', modelId: 'small', kvType: 'q8_0' });
  expect(draft?.curvePath).toBe(join(home, 'curves', 'small@draft.json'));
});

it('says how to get a draft model that is not here', async () => {
  await expect(loadOptionsFor(model('large'), loaded({ draft: 'gone' }), find)).rejects.toMatchObject({
    kind: 'model_not_found',
    field: 'engine.draft',
    message: 'gone, which is to draft for large, is not here. `nearfar pull gone` fetches it.',
  });
});
