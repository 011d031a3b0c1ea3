import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { temporaryFolder, tinyModel } from '../../test/models-fixtures.ts';
import type { MeasuredModel } from './manifest.ts';
import {
  isRequantizationDue,
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

interface ToolOptions {
  readonly after?: MeasuredModel;
  /** Of IQ4_NL. By default it is slower. */
  readonly other?: MeasuredModel;
  readonly calls?: string[];
}

function tools(options: ToolOptions = {}): RequantizeTools {
  return {
    async quantize({ output, format }) {
      options.calls?.push(`quantize ${format}`);
      await writeFile(output, newBytes);
    },
    async measureModel({ path }) {
      options.calls?.push('measure');
      if (path.includes('.nearfar-IQ4_NL')) return options.other ?? slow;
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
      { home, id: 'm', cpu: 'cpu', onStage: (stage, format) => stages.push(`${stage} ${format}`) },
      tools({ other: { ...fast, decodeTokensPerSecond: 180, perplexity: 20.25 } }),
    );
    expect(stages).toEqual([
      'quantizing Q4_0',
      'measuring the new format Q4_0',
      'quantizing IQ4_NL',
      'measuring the new format IQ4_NL',
      'measuring the original Q4_1',
    ]);
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
    for (const figure of ['400', '170', '20.00', '1600', '225', '20.50', 'IQ4_NL', '180', '20.25'])
      expect(lines).toContain(figure);
    expect(await readdir(join(home, 'models', 'm'))).toEqual([
      'm.gguf',
      'm.nearfar-Q4_0.gguf',
      'manifest.json',
    ]);
    await store.remove('m');
    expect(await readdir(join(home, 'models'))).toEqual(['.locks', '.partial']);
  });

  it('does not work twice, nor for two at once', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    const calls: string[] = [];
    await Promise.all([1, 2].map(() => requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools({ calls }))));
    await requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools({ calls }));
    expect(calls).toEqual(['quantize Q4_0', 'measure', 'quantize IQ4_NL', 'measure', 'measure']);
    await requantizeModel({ home, id: 'm', cpu: 'cpu', again: true }, tools({ calls }));
    expect(calls).toHaveLength(10);
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

  it('uses the format of lower perplexity where two are about as fast', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    const other = { ...fast, prefillTokensPerSecond: 1500, perplexity: 20.2 };
    const result = await requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools({ other }));
    expect(result.facts.format).toBe('IQ4_NL');
    expect(result.requantization).toMatchObject({
      toFormat: 'IQ4_NL',
      after: other,
      tried: [
        { format: 'Q4_0', measured: fast },
        { format: 'IQ4_NL', measured: other },
      ],
    });
    expect(requantizationLines(result.requantization!).at(-1)).toMatch(/^IQ4_NL is used.*as fast as Q4_0/);
  });

  it('uses one format though another could not be made, and says so', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    const working = tools({ other: fast });
    const result = await requantizeModel(
      { home, id: 'm', cpu: 'cpu' },
      {
        ...working,
        quantize: async (request) =>
          request.format === 'Q4_0'
            ? Promise.reject(new Error('killed by SIGABRT'))
            : working.quantize(request),
      },
    );
    expect(result.facts.format).toBe('IQ4_NL');
    expect(requantizationLines(result.requantization!).join('\n')).toMatch(/Q4_0 +could not.*SIGABRT/);
  });

  it('reads a record of the time when one format was tried', async () => {
    await using folder = await temporaryFolder();
    const { home, store } = await prepare(folder.path);
    await requantizeModel({ home, id: 'm', cpu: 'cpu' }, tools());
    const path = join(home, 'models', 'm', 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { requantization: Record<string, unknown> };
    delete manifest.requantization['tried'];
    await writeFile(path, JSON.stringify(manifest));
    const found = await store.find('m');
    expect(found?.facts.format).toBe('Q4_0');
    expect(isRequantizationDue(found!, 'cpu')).toBe(false);
    const lines = requantizationLines(found!.requantization!).join('\n');
    for (const figure of ['400', '1600', 'Q4_0 is used']) expect(lines).toContain(figure);
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
          if (!path.includes('.nearfar-')) return slow;
          if (path.includes('IQ4_NL')) return { ...fast, perplexity: 90 };
          const measured = isDisturbed ? { ...fast, decodeTokensPerSecond: 10 } : fast;
          isDisturbed = false;
          return measured;
        },
      },
    );
    expect(result.requantization).toMatchObject({ before: slow, after: fast });
    expect(result.facts.format).toBe('Q4_0');
  });

  it('refuses models that are not here or have nothing to be offered', async () => {
    await using folder = await temporaryFolder();
    const { home } = await prepare(folder.path);
    await expect(requantizeModel({ home, id: 'x', cpu: 'cpu' }, tools())).rejects.toMatchObject({
      kind: 'model_not_found',
    });
  });
});
