import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ggufBytes, sha256, temporaryFolder, tinyModel } from '../../test/models-fixtures.ts';
import { discoverModels, usualFolders } from './discovery.ts';

const body = tinyModel();
const none = { ollama: [], lmStudio: [], huggingFace: [] };

async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

async function putOllama(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const digest = sha256(bytes);
  await put(join(folder, 'blobs', `sha256-${digest}`), bytes);
  await put(
    join(folder, 'manifests', name),
    JSON.stringify({
      schemaVersion: 2,
      layers: [
        { mediaType: 'application/vnd.ollama.image.template', digest: `sha256:${'0'.repeat(64)}` },
        { mediaType: 'application/vnd.ollama.image.model', digest: `sha256:${digest}` },
      ],
    }),
  );
}

describe('discoverModels', () => {
  it("finds Ollama's models under Ollama's names", async () => {
    await using folder = await temporaryFolder();
    const ollama = join(folder.path, 'ollama');
    await putOllama(ollama, 'registry.ollama.ai/library/llama3.2/3b', body);
    await putOllama(ollama, 'registry.ollama.ai/library/phi4/latest', tinyModel({ seed: 'b' }));
    await putOllama(ollama, 'hf.co/someone/model/Q4_0', tinyModel({ seed: 'c' }));
    await put(join(ollama, 'manifests/registry.ollama.ai/library/broken/latest'), '{');
    await put(
      join(ollama, 'manifests/registry.ollama.ai/library/escape/latest'),
      JSON.stringify({
        layers: [{ mediaType: 'application/vnd.ollama.image.model', digest: 'sha256:../../x' }],
      }),
    );
    const models = await discoverModels({ ...none, ollama: [ollama] }, join(folder.path, 'cache.json'));
    expect(models.map((model) => model.id).sort()).toEqual(['llama3.2:3b', 'phi4', 'someone/model:q4_0']);
    const model = models.find((found) => found.id === 'llama3.2:3b');
    expect(model).toMatchObject({
      owner: 'ollama',
      facts: { grade: 'ungraded', sha256: sha256(body), verified: false },
    });
    expect(await readFile(model!.path)).toEqual(body);
  });

  it("finds LM Studio's models, whole split files once, and no projectors or embeddings", async () => {
    await using folder = await temporaryFolder();
    const lmStudio = join(folder.path, 'lm');
    await put(join(lmStudio, 'o/r/A-Q4_0.gguf'), body);
    await put(join(lmStudio, 'o/s/B-00001-of-00002.gguf'), body);
    await put(join(lmStudio, 'o/s/B-00002-of-00002.gguf'), body);
    await put(join(lmStudio, 'o/t/C-00001-of-00002.gguf'), body);
    await put(join(lmStudio, 'o/u/mmproj-model-f16.gguf'), body);
    await put(join(lmStudio, 'o/u/damaged.gguf'), body.subarray(0, 50));
    await put(
      join(lmStudio, 'o/u/embed.gguf'),
      ggufBytes({ 'general.architecture': { type: 'string', value: 'nomic-bert' } }, []),
    );
    const models = await discoverModels({ ...none, lmStudio: [lmStudio] }, join(folder.path, 'cache.json'));
    expect(models.map((model) => [model.id, model.files.length])).toEqual([
      ['a:q4_0', 1],
      ['b', 2],
    ]);
    expect(models[1]?.facts.sizeBytes).toBe(2 * body.length);
  });

  it('finds the models of the Hugging Face cache, with what the catalog knows of them', async () => {
    await using folder = await temporaryFolder();
    const hub = join(folder.path, 'hub');
    const known = join(hub, 'models--Qwen--Qwen3-4B-GGUF');
    const blob = join(known, 'blobs', sha256(body));
    await put(blob, body);
    for (const revision of ['aaa', 'bbb']) {
      await mkdir(join(known, 'snapshots', revision), { recursive: true });
      await symlink(blob, join(known, 'snapshots', revision, 'Qwen3-4B-Q4_K_M.gguf'));
    }
    await put(join(hub, 'models--x--y/snapshots/ccc/sub/Other.gguf'), tinyModel({ seed: 'x' }));
    await put(join(hub, 'datasets--x--y/snapshots/ccc/No.gguf'), body);
    const models = await discoverModels({ ...none, huggingFace: [hub] }, join(folder.path, 'cache.json'));
    expect(models.map((model) => [model.id, model.facts.grade, model.reference])).toEqual([
      ['qwen3-4b', 'assistant', 'hf:Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf'],
      ['other', 'ungraded', 'hf:x/y/sub/Other.gguf'],
    ]);
    expect(models[0]?.facts.sha256).toBe(sha256(body));
  });

  it('writes nothing but its own cache, and reads a header once', async () => {
    await using folder = await temporaryFolder();
    const lmStudio = join(folder.path, 'lm');
    const path = join(lmStudio, 'o/r/a.gguf');
    await put(path, body);
    const before = await stat(path);
    const cachePath = join(folder.path, 'cache.json');
    const first = await discoverModels({ ...none, lmStudio: [lmStudio] }, cachePath);
    await writeFile(cachePath, (await readFile(cachePath, 'utf8')).replace('Apache-2.0', 'from-the-cache'));
    const second = await discoverModels({ ...none, lmStudio: [lmStudio] }, cachePath);
    expect([first[0]?.facts.license, second[0]?.facts.license]).toEqual(['Apache-2.0', 'from-the-cache']);
    expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    expect(await readdir(join(lmStudio, 'o/r'))).toEqual(['a.gguf']);
    await writeFile(cachePath, 'garbage');
    expect(await discoverModels({ ...none, lmStudio: [lmStudio] }, cachePath)).toEqual(first);
  });

  it('is quiet about folders that are not there', async () => {
    await using folder = await temporaryFolder();
    const folders = { ...usualFolders(folder.path, {}), ollama: [join(folder.path, 'absent')] };
    expect(await discoverModels(folders, join(folder.path, 'cache.json'))).toEqual([]);
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe('usualFolders', () => {
  it("follows the other programs' own rules", () => {
    const usual = usualFolders('/home/a', {});
    expect(usual.ollama).toContain(join('/home/a', '.ollama', 'models'));
    expect(usual.lmStudio).toContain(join('/home/a', '.lmstudio', 'models'));
    expect(usual.huggingFace).toEqual([join('/home/a', '.cache', 'huggingface', 'hub')]);
    const moved = usualFolders('/home/a', { OLLAMA_MODELS: '/o', HF_HOME: '/h' });
    expect(moved.ollama).toContain('/o');
    expect(moved.huggingFace).toEqual([join('/h', 'hub')]);
    expect(usualFolders('/home/a', { HF_HUB_CACHE: '/c', HF_HOME: '/h' }).huggingFace).toEqual(['/c']);
  });
});
