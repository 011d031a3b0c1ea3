import vm from 'node:vm';
import { rolldown } from 'rolldown';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundlePage, coreChunks, sizeOf, type PageChunk } from './core-size.ts';

/** What a page gets of `nearfar/browser`: how much, and nothing that only Node has. */

let chunks: readonly PageChunk[];

beforeAll(async () => {
  chunks = await bundlePage();
});

describe('the bundle for pages', () => {
  test('imports nothing of Node, in no chunk', () => {
    const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
    expect(imports.filter((one) => !chunks.some(({ file }) => file === one))).toEqual([]);
    expect(
      chunks
        .filter(({ code }) => /(from|import\()\s*["'`](node:|fs|crypto|buffer|net)/.test(code))
        .map(({ file }) => file),
    ).toEqual([]);
    expect(chunks.length).toBeGreaterThan(5);
  });

  test('has a core of less than 15 kB, compressed, with no detectors in it', () => {
    const { gzipBytes, later } = sizeOf(chunks);
    expect(gzipBytes).toBeLessThan(15_000);
    const modules = coreChunks(chunks).flatMap((chunk) => chunk.modules);
    expect(modules).toContain('src/route/decide.ts');
    expect(modules.filter((name) => /^src\/privacy\/(detect|lexicon|scan)/.test(name))).toEqual([]);
    expect(later.flatMap((chunk) => chunk.modules)).toContain('src/privacy/detect/iban.ts');
  });

  test('runs where there is no Node: judges, answers in the page, and asks the gateway', async () => {
    const build = await rolldown({
      input: path.resolve(import.meta.dirname, '../../src/browser/index.ts'),
      platform: 'browser',
      external: ['@mlc-ai/web-llm', '@huggingface/transformers', '@wllama/wllama'],
      // Of workers, which nothing starts here.
      transform: { define: { 'import.meta': '{}' } },
    });
    const { output } = await build.generate({ format: 'iife', name: 'nearfar', codeSplitting: false });
    await build.close();
    const sent: string[] = [];
    const page = {
      ...{
        TextEncoder,
        TextDecoder,
        URL,
        AbortController,
        AbortSignal,
        Headers,
        Response,
        EventTarget,
        Blob,
      },
      ...{ setTimeout, clearTimeout, performance, crypto, queueMicrotask },
      fetch: (url: string) => {
        sent.push(url);
        const chunk = { choices: [{ index: 0, delta: { content: 'far' }, finish_reason: 'stop' }] };
        const body = `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
        return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
      },
    };
    const context = vm.createContext(page);
    vm.runInContext(output[0].code, context);
    const run = vm.runInContext(
      `(async () => {
        const can = { streaming: true, schema: true, tools: true, images: false, audio: false, embeddings: false, chat: true, tokenCounts: 'none', contextTokenCount: null };
        const timings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };
        const backend = {
          name: 'page', boundary: 'machine',
          detect: async () => ({ state: 'ready', model: 'm', downloadBytes: 0, can, note: null }),
          load: async () => {}, dispose: async () => {},
          async *chat() {
            yield { type: 'start', model: 'm', grade: 'basic', promptTokenCount: 1, cachedTokenCount: 0 };
            yield { type: 'text-delta', choice: 0, text: 'near' };
            yield { type: 'choice-end', choice: 0, reason: 'stop' };
            yield { type: 'finish', usage: { promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 1 }, timings };
          },
        };
        const near = nearfar.createNear({
          backends: [{ name: 'page', boundary: 'machine', open: async () => backend }],
          gateway: { url: 'https://gateway.example/v1' },
          policy: { prefer: 'far' },
        });
        const open = await near.chat('Hello');
        const kept = [];
        for (const text of ['My IBAN is DE89 3704 0044 0532 0130 00', 'bitcoin 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'the server is at 2001:db8::8a2e:370:7334', 'Call my colleague Maria Huber at home'])
          kept.push((await near.chat(text)).route);
        return JSON.stringify({ open: open.text, kept, node: [typeof Buffer, typeof process, typeof require] });
      })()`,
      context,
    ) as Promise<string>;
    const { open, kept, node } = JSON.parse(await run) as {
      readonly open: string;
      readonly kept: readonly { readonly backend: string; readonly detectors: readonly string[] }[];
      readonly node: readonly string[];
    };
    expect(node).toEqual(['undefined', 'undefined', 'undefined']);
    expect(open).toBe('far');
    expect(kept.map(({ backend }) => backend)).toEqual(['page', 'page', 'page', 'page']);
    expect(kept.flatMap(({ detectors }) => detectors)).toEqual(
      expect.arrayContaining(['iban', 'ip_address.v6']),
    );
    expect(sent).toEqual(['https://gateway.example/v1/chat/completions']);
  }, 60_000);
});
