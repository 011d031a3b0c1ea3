import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderNameOf } from '../engine/disk-tier/folder-name.ts';
import { writeLora } from '../engine/llama/testing/lora-writer.ts';
import { writeTinyModel } from '../engine/llama/testing/tiny-model.ts';
import { createAdapterBook, withAdapters, type AdapterSetting } from './adapter-book.ts';
import { curvePathOf, draftCurvePathOf } from './curve-path.ts';
import { readGguf } from './gguf.ts';
import { kvFolderOf } from './model-traces.ts';
import { createModelStore, type ModelStore } from './store.ts';

let home: string;
let models: ModelStore;
let server: Server | null = null;
const hub = { endpoint: 'http://127.0.0.1:9', token: null };
const path = (name: string): string => join(home, `${name}.gguf`);

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'nearfar-book-'));
  writeTinyModel(path('base'), 'dense');
  models = createModelStore({ home, hub });
  await models.pull(`file:${path('base')}`);
  const header = await readGguf(path('base'));
  writeLora(path('small'), { header, size: 0.1, seed: 1, rank: 2 });
  writeLora(path('large'), { header, size: 0.1, seed: 2, rank: 8 });
});
afterEach(() => {
  server?.close();
  server = null;
  rmSync(home, { recursive: true });
});

const bookOf = (settings: Record<string, Partial<AdapterSetting>>, mostLoaded = 4) =>
  createAdapterBook({
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, setting]) => [
        name,
        { model: 'base', reference: `file:${name}.gguf`, scale: 1, ...setting },
      ]),
    ),
    models,
    pulled: createModelStore({ home, hub, keeps: 'adapters' }),
    folder: home,
    resolveModel: (name) => Promise.resolve(name),
    mostLoaded,
  });

describe('the adapters of the settings', () => {
  it('are listed behind the models, with their own licence, size and digest, and the model they belong to', async () => {
    const store = withAdapters(models, bookOf({ small: { scale: 0.5 } }));
    const [base, small] = await store.list();
    expect(base?.id).toBe('base');
    expect(small).toMatchObject({
      id: 'small',
      adapterOf: { model: 'base', scale: 0.5 },
      facts: { license: 'Apache-2.0', verified: false, contextTokenCount: 2048 },
    });
    expect(small?.facts.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await store.find('small')).toEqual(small);
  });

  it('have room for the largest of one model', async () => {
    const book = bookOf({ small: {}, large: {} }, 1);
    const { listed } = await book.find('large');
    expect(await book.roomFor('base')).toEqual({ byteCount: listed.facts.sizeBytes, count: 1 });
    expect(await book.roomFor('other')).toEqual({ byteCount: 0, count: 1 });
  });

  it('that are out of order do not hide the others, and say why', async () => {
    const book = bookOf({
      small: {},
      gone: {},
      base: {},
      orphan: { model: 'nobody', reference: 'file:small.gguf' },
    });
    expect((await book.list()).map(({ ref }) => ref.name)).toEqual(['small']);
    const problems = new Map((await book.problems()).map(({ name, error }) => [name, error.message]));
    expect(problems.get('gone')).toMatch(/there is no file .*gone\.gguf/);
    expect(problems.get('base')).toMatch(/base is no LoRA adapter: its general\.type is not stated/);
    expect(problems.get('orphan')).toMatch(/nobody/);
  });

  it('are others once their file was replaced', async () => {
    const book = bookOf({ small: {} });
    const before = (await book.find('small')).ref.digest;
    writeLora(path('small'), { header: await readGguf(path('base')), size: 0.1, seed: 3, rank: 2 });
    expect((await book.find('small')).ref.digest).not.toBe(before);
  });

  it('are pulled into a folder of their own, found again, and removed', async () => {
    server = createServer((_request, response) => response.end(readFileSync(path('small'))));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const reference = `http://127.0.0.1:${(server.address() as AddressInfo).port}/adapter.gguf`;
    const book = bookOf({ remote: { reference } });
    expect(await book.problems()).toMatchObject([{ name: 'remote', isMissing: true }]);
    await expect(book.find('remote')).rejects.toThrow(/not here yet: nearfar pull remote/);
    const { ref } = await book.pull('remote');
    expect(ref.path).toContain(join(home, 'adapters'));
    expect((await models.list()).map(({ id }) => id)).toEqual(['base']);
    await book.remove('remote');
    await expect(book.find('remote')).rejects.toThrow(/not here yet/);
  });

  it('in place are not removed, and no adapter is pulled as a model', async () => {
    await expect(withAdapters(models, bookOf({ small: {} })).remove('small')).rejects.toThrow(
      /used in place/,
    );
    await expect(models.pull(`file:${path('small')}`)).rejects.toThrow(/is a LoRA adapter, not a model/);
  });
});

it('what the use of a model left goes with it, and nothing of others', async () => {
  const path = (await models.find('base'))?.path ?? '';
  const folder = folderNameOf({ modelPath: path, kvType: 'f16', libraryVersion: '1', backend: 'cpu' });
  const own = [curvePathOf(home, 'base'), draftCurvePathOf(home, 'base'), join(kvFolderOf(home), folder)];
  const others = [curvePathOf(home, 'other'), join(kvFolderOf(home), '0'.repeat(48))];
  for (const one of [...own, ...others]) mkdirSync(one, { recursive: true });
  await models.remove('base');
  expect(own.filter((one) => existsSync(one))).toEqual([]);
  expect(others.filter((one) => !existsSync(one))).toEqual([]);
});
