import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { temporaryFolder, tinyModel } from '../../test/models-fixtures.ts';
import type { MeasuredModel } from './manifest.ts';
import {
  decideRequantization,
  fasterFormat,
  isRequantizationDue,
  mostPerplexityRatio,
  requantizationLines,
  requantizeModel,
  type RequantizeTools,
} from './requantize.ts';
import { createModelStore, type InstalledModel, type ModelStore } from './store.ts';

const slow: MeasuredModel = { prefillTokensPerSecond: 400, decodeTokensPerSecond: 170, perplexity: 20 };
const fast: MeasuredModel = { prefillTokensPerSecond: 1600, decodeTokensPerSecond: 225, perplexity: 20.5 };
const newBytes = tinyModel({ seed: 'new' });

interface Prepared {
  readonly home: string;
  readonly store: ModelStore;
  readonly model: InstalledModel;
}

async function prepare(folder: string): Promise<Prepared> {
  const path = join(folder, 'm.gguf');
  await writeFile(path, tinyModel());
  const home = join(folder, 'home');
  const store = createModelStore({ home, hub: { endpoint: 'http://127.0.0.1:9', token: null } });
  return { home, store, model: await store.pull(`file:${path}`) };
}

function tools(options: { readonly after?: MeasuredModel; readonly calls?: string[] } = {}): RequantizeTools {
  return {
    async quantize({ output, format }) {
      options.calls?.push(`quantize ${format}`);
      await writeFile(output, newBytes);
    },
    async measureModel({ path }) {
      options.calls?.push('measure');
      return path.includes('.nearfar-Q4_0') ? (options.after ?? fast) : slow;
    },
  };
}

describe('requantizeModel', () => {
  it('uses the faster format under the same id, keeps the original, and puts both figures on record', async () => {
    await using folder = await temporaryFolder();
    const { home, store, model } = await prepare(folder.path);
    expect(isRequantizationDue(model, 'cpu')).toBe(true);
    const stages: string[] = [];
    const result = await requantizeModel(
      { home, id: 'm', cpu: 'cpu', onStage: (stage) => stages.push(stage) },
      tools(),
    );
    expect(stages).toEqual(['quantizing', 'measuring the original', 'measuring the new format']);
    expect(result.id).toBe('m');
    expect(result.facts).toMatchObject({
      format: 'Q4_0',
      sizeBytes: newBytes.length,
      sha256: model.facts.sha256,
    });
    expect(await readFile(result.path)).toEqual(newBytes);
    expect(await readFile(model.path)).toEqual(tinyModel());
    expect(result.files).toEqual([model.path, result.path]);
    expect(await store.find('m')).toEqual(result);
    expect(result.requantization).toMatchObject({
      before: slow,
      after: fast,
      fromFormat: 'Q4_1',
      toFormat: 'Q4_0',
    });
    expect(isRequantizationDue(result, 'cpu')).toBe(false);
    expect(isRequantizationDue(result, 'another cpu')).toBe(true);
    expect(await readdir(join(home, 'models', '.partial'))).toEqual([]);
    const lines = requantizationLines(result.requantization!).join('\n');
    for (const figure of ['400', '170', '20.00', '1600', '225', '20.50']) expect(lines).toContain(figure);
    await store.remove('m');
    expect(await readdir(join(home, 'models'))).toEqual(['.locks', '.partial']);
  });

  it('does not work twice, nor for two at once', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    const calls: string[] = [];
    await Promise.all([1, 2].map(() => requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools({ calls }))));
    await requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools({ calls }));
    expect(calls).toEqual(['quantize Q4_0', 'measure', 'measure']);
    await requantizeModel({ home, id: 'm', cpu: 'cpu', again: true }, tools({ calls }));
    expect(calls).toHaveLength(6);
  });

  it('leaves the original in use where the other is no better, and remembers that', async () => {
    await using folder = await temporaryFolder();
    const { home, model } = await prepare(folder.path);
    const result = await requantizeModel(
      { home, id: 'm', cpu: 'cpu' },
      tools({ after: { ...slow, perplexity: 20.5 } }),
    );
    expect([result.path, result.facts.format]).toEqual([model.path, 'Q4_1']);
    expect(result.requantization).toMatchObject({ file: null, before: slow });
    expect(result.files).toEqual([model.path]);
    expect(isRequantizationDue(result, 'cpu')).toBe(false);
  });

  it('goes back to the original when a later decision says so', async () => {
    await using folder = await temporaryFolder();
    const { home, model } = await prepare(folder.path);
    const first = await requantizeModel({ home, id: 'm', cpu: 'a' }, tools());
    const second = await requantizeModel({ home, id: 'm', cpu: 'b' }, tools({ after: slow }));
    expect(second.path).toBe(model.path);
    await expect(readFile(first.path)).rejects.toThrow('ENOENT');
  });

  it('puts a failure of the native work on record, so that no start tries it again', async () => {
    await using folder = await temporaryFolder();
    const { home, model } = await prepare(folder.path);
    const result = await requantizeModel(
      { home, id: 'm', cpu: 'cpu' },
      { ...tools(), quantize: async () => Promise.reject(new Error('the process was killed by SIGABRT')) },
    );
    expect(result.path).toBe(model.path);
    expect(result.requantization?.reason).toContain('SIGABRT');
    expect(isRequantizationDue(result, 'cpu')).toBe(false);
  });

  it('leaves nothing when it is stopped, and can be done later', async () => {
    await using folder = await temporaryFolder();
    const { home, store } = await prepare(folder.path);
    const abort = new AbortController();
    const stopped = requantizeModel(
      { home, id: 'm', cpu: 'cpu', signal: abort.signal },
      {
        ...tools(),
        measureModel: async () => {
          abort.abort();
          throw new Error('stopped');
        },
      },
    );
    await expect(stopped).rejects.toMatchObject({ kind: 'aborted' });
    expect((await store.find('m'))?.requantization).toBeNull();
    expect(await readdir(join(home, 'models', '.partial'))).toEqual([]);
    expect((await requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools())).facts.format).toBe('Q4_0');
  });

  it('copes with the model being removed meanwhile', async () => {
    await using folder = await temporaryFolder();
    const { home, store } = await prepare(folder.path);
    const removing = requantizeModel(
      { home, id: 'm', cpu: 'cpu' },
      {
        ...tools(),
        async measureModel() {
          await store.remove('m');
          return slow;
        },
      },
    );
    await expect(removing).rejects.toMatchObject({ kind: 'model_not_found' });
    expect(await store.list()).toEqual([]);
  });

  it('falls back to the original when the new file was deleted by hand', async () => {
    await using folder = await temporaryFolder();
    const { home, store, model } = await prepare(folder.path);
    const result = await requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools());
    await rm(result.path);
    const found = await store.find('m');
    expect(found?.path).toBe(model.path);
    expect(isRequantizationDue(found!, 'cpu')).toBe(true);
  });

  it('measures once more before it believes that the new format is slower', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    let isDisturbed = true;
    const result = await requantizeModel(
      { home, id: 'm', cpu: 'cpu' },
      {
        ...tools(),
        async measureModel({ path }) {
          if (!path.includes('.nearfar-Q4_0')) return slow;
          const measured = isDisturbed ? { ...fast, decodeTokensPerSecond: 10 } : fast;
          isDisturbed = false;
          return measured;
        },
      },
    );
    expect(result.requantization).toMatchObject({ before: slow, after: fast });
    expect(result.facts.format).toBe('Q4_0');
  });

  it('accepts a higher cost in quality from a smoke test than from a better model', () => {
    expect(mostPerplexityRatio('smoke test')).toBeGreaterThan(1.3);
    for (const grade of ['basic', 'assistant', 'ungraded'] as const) {
      expect(mostPerplexityRatio(grade)).toBeLessThan(1.1);
    }
  });

  it('refuses models that are not here or have nothing to be offered', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    await expect(requantizeModel({ home, id: 'x', cpu: 'cpu' }, tools())).rejects.toMatchObject({
      kind: 'model_not_found',
    });
    expect(fasterFormat('Q4_0')).toBeNull();
    expect(fasterFormat('Q4_K_M')).toBeNull();
    expect(fasterFormat(null)).toBeNull();
  });
});

describe('decideRequantization', () => {
  it('wants a gain beyond noise, no loss beyond noise, and a bounded cost in perplexity', () => {
    expect(decideRequantization(slow, fast, 1.1).isUsed).toBe(true);
    expect(decideRequantization(slow, { ...fast, perplexity: 24 }, 1.1).isUsed).toBe(false);
    expect(decideRequantization(slow, { ...fast, decodeTokensPerSecond: 100 }, 1.1).isUsed).toBe(false);
    expect(decideRequantization(slow, { ...slow, perplexity: 19 }, 1.1).isUsed).toBe(false);
    expect(decideRequantization(slow, { ...fast, perplexity: Number.NaN }, 1.1).isUsed).toBe(false);
    expect(decideRequantization({ ...slow, decodeTokensPerSecond: 0 }, fast, 1.1).isUsed).toBe(false);
  });
});
