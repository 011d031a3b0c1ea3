import { readdirSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minilmWeights } from '../minilm.ts';
import { chromiumMissing, startChromium } from './chromium.ts';
import { minilmOnnx } from './minilm-onnx.ts';
import { openPage } from './open-page.ts';
import { openSite, type Site } from './site.ts';
import { transformersFolder } from './transformers-library.ts';

/** all-MiniLM-L6-v2 in a real Chromium, as ONNX through Transformers.js and as GGUF through wllama: two ways that must agree. */

const texts = [
  'A cat sleeps on the sofa.',
  'The kitten is taking a nap on the couch.',
  'Interest rates rose by half a percent.',
];

describe.skipIf(chromiumMissing !== null)('vectors in Chromium', { timeout: 120_000 }, () => {
  let site: Site;
  let browser: Browser;
  let page: Page;
  let files: readonly {
    readonly url: string;
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];

  const closers: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const folder = await minilmOnnx();
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    );
    files = names.map((name) => {
      const bytes = readFileSync(join(folder, name));
      return {
        url: `/pages/minilm-${name.replaceAll('/', '-')}`,
        path: name,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      };
    });
    site = await openSite({
      models: { 'all-minilm-l6-v2': await minilmWeights() },
      files: names.map((name) => ({ name: `minilm-${name.replaceAll('/', '-')}`, path: join(folder, name) })),
      transformers: await transformersFolder(),
    });
    closers.push(() => site.close());
    browser = await startChromium();
    closers.push(() => browser.close());
    page = await openPage(await browser.newContext(), site);
    // The first time, packages and weights are fetched.
  }, 600_000);
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  it('of Transformers.js and of wllama agree, mean what the texts mean, and come from nowhere else', async () => {
    const foreign: string[] = [];
    page.context().on('request', (request) => {
      if (!request.url().startsWith(site.url) && !request.url().startsWith('blob:'))
        foreign.push(request.url());
    });
    const { onnx, gguf, hits, tokens } = await page.evaluate(
      async ({ given, sources }) => {
        const { createNear, transformers, wllama } = window.testing;
        const near = createNear({
          backends: [
            transformers({ source: { model: 'minilm-onnx', files: sources }, task: 'embed', threadCount: 1 }),
            wllama({
              source: { model: 'all-minilm-l6-v2', gateway: { url: '/' } },
              embeddings: true,
              contextTokenCount: 256,
              threadCount: 1,
            }),
          ],
        });
        await near.prepare({ backend: 'transformers' });
        const one = await near.embed(given, { backend: 'transformers' });
        const found = await near.search('a cat that is resting', given, { backend: 'transformers' });
        await near.prepare({ backend: 'wllama' });
        const other = await near.embed(given, { backend: 'wllama' });
        return {
          onnx: one.vectors.map((vector) => [...vector]),
          gguf: other.vectors.map((vector) => [...vector]),
          hits: found.map(({ index }) => index),
          tokens: [one.promptTokenCount, other.promptTokenCount],
        };
      },
      { given: texts, sources: files },
    );
    const cosine = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    expect(onnx.map((vector) => vector.length)).toEqual([384, 384, 384]);
    for (const [index, vector] of onnx.entries()) {
      expect(cosine(vector, vector)).toBeCloseTo(1, 4);
      // Eight bits on one side, 32 on the other.
      expect(cosine(vector, gguf[index] ?? [])).toBeGreaterThan(0.97);
    }
    expect(cosine(onnx[0] ?? [], onnx[1] ?? [])).toBeGreaterThan(cosine(onnx[0] ?? [], onnx[2] ?? []) + 0.3);
    expect(hits[2]).toBe(2);
    expect(tokens[0]).toBe(tokens[1]);
    expect(foreign).toEqual([]);
  });

  it('are not to be had of a chat model, and chats not of theirs', async () => {
    const refused = await page.evaluate(async (sources) => {
      const near = window.testing.createNear({
        backends: [
          window.testing.transformers({
            source: { model: 'minilm-onnx', files: sources },
            task: 'embed',
            threadCount: 1,
          }),
        ],
      });
      return near.chat('Hello').then(
        () => 'answered',
        (error: unknown) => (error as { readonly kind: string }).kind,
      );
    }, files);
    expect(refused).not.toBe('answered');
  });

  it('WebLLM sees the WebGPU adapter, and says why a model that is not there cannot be loaded', async () => {
    const result = await page.evaluate(async () => {
      const near = window.testing.createNear({
        backends: [
          window.testing.webLlm({
            model: {
              model_id: 'nothing',
              model: `${location.origin}/nothing/`,
              model_lib: `${location.origin}/nothing.wasm`,
            },
          }),
        ],
      });
      const availability = (await near.status()).backends[0]?.availability;
      const error = await near.prepare({ backend: 'webllm' }).then(
        () => null,
        (thrown: unknown) => thrown as { readonly kind: string; readonly message: string },
      );
      return { state: availability?.state, kind: error?.kind, message: error?.message };
    });
    expect(result).toMatchObject({ state: 'downloadable', kind: 'unavailable' });
    expect(result.message).toContain('nothing could not be loaded');
  });
});
