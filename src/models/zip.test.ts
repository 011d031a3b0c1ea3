import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { temporaryFolder, zipBytes } from '../../test/models-fixtures.ts';
import { NearfarError } from '../chat/error.ts';
import { extractZipEntry, listZip } from './zip.ts';

const members = {
  'pkg/model.gguf': Buffer.from('weights '.repeat(5000)),
  'pkg/__init__.py': Buffer.from('print("never run")'),
  'pkg/empty.txt': Buffer.alloc(0),
};

describe.each([
  ['deflated', false],
  ['stored', true],
])('a ZIP with %s members', (_name, isStored) => {
  it('is listed and unpacked, checked', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.whl');
    await writeFile(path, zipBytes(members, isStored));
    const entries = await listZip(path);
    expect(entries.map((entry) => entry.name)).toEqual(Object.keys(members));
    for (const entry of entries) {
      const target = join(folder.path, 'out');
      await extractZipEntry(path, entry, target);
      expect(await readFile(target)).toEqual(members[entry.name as keyof typeof members]);
    }
  });
});

describe('a damaged ZIP', () => {
  it('is refused where a member does not match its checksum', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.whl');
    const bytes = zipBytes({ 'a.gguf': Buffer.from('abcdefgh') }, true);
    bytes[bytes.indexOf('abcdefgh')] = 0x7a;
    await writeFile(path, bytes);
    const [entry] = await listZip(path);
    await expect(extractZipEntry(path, entry!, join(folder.path, 'out'))).rejects.toThrow('checksum');
  });

  it('never yields more than the stated size', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'bomb.whl');
    await writeFile(path, zipBytes({ 'a.gguf': Buffer.alloc(10_000_000) }));
    const [entry] = await listZip(path);
    const target = join(folder.path, 'out');
    const lying = { ...entry!, size: 1000 };
    await expect(extractZipEntry(path, lying, target)).rejects.toThrow('longer than stated');
    expect((await stat(target)).size).toBeLessThanOrEqual(1000);
  });

  it('is an error in words, whatever the damage', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.whl');
    const whole = zipBytes(members);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        async (length, changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          await writeFile(path, changes.length === 0 ? bytes.subarray(0, length) : bytes);
          try {
            for (const entry of await listZip(path)) {
              await extractZipEntry(path, entry, join(folder.path, 'out'));
            }
          } catch (error) {
            expect(error).toBeInstanceOf(NearfarError);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
