import { describe, expect, it } from 'vitest';
import { bundlePage, coreChunks } from '../../bench/browser/core-size.ts';

/** What else an app bundles beside the core: the element, the hook, and the client of phones. */

async function modulesOf(entry: string) {
  const chunks = await bundlePage({ entry });
  const imported = chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
  return {
    core: coreChunks(chunks).flatMap(({ modules }) => modules),
    all: chunks.flatMap(({ modules }) => modules),
    packages: [...new Set(imported.filter((file) => !chunks.some((chunk) => chunk.file === file)))].sort(),
  };
}

describe('the entries beside the core', () => {
  it('are not in the core', async () => {
    const { all } = await modulesOf('src/browser/index.ts');
    expect(all.filter((file) => /src\/(browser\/conversation|element|react|native)\//.test(file))).toEqual(
      [],
    );
  });

  it('the element needs no package, and fetches the client when it makes one', async () => {
    const { core, all, packages } = await modulesOf('src/element/index.ts');
    expect(packages).toEqual([]);
    expect(core).toContain('src/element/chat-view.ts');
    expect(core).not.toContain('src/browser/create-near.ts');
    expect(all).toContain('src/browser/create-near.ts');
  });

  it('the hook needs React and nothing of its DOM', async () => {
    const { packages } = await modulesOf('src/react/index.ts');
    expect(packages).toEqual(['react']);
  });

  it('the client of phones needs no package, and holds nothing of pages but what it shares', async () => {
    const { all, packages } = await modulesOf('src/native/index.ts');
    expect(packages).toEqual([]);
    expect(all).toContain('src/native/llama-rn/llama-rn.ts');
    expect(all).toContain('src/privacy/detect/iban.ts');
    expect(
      all.filter((file) => /src\/browser\/(wllama|webllm|transformers|downloads|worker)\//.test(file)),
    ).toEqual([]);
  });
});
