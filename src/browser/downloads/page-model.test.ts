import { describe, expect, it } from 'vitest';
import { fakeDisk } from './fakes.ts';
import { findModel } from './page-model.ts';

const listed = {
  object: 'list',
  data: [
    {
      id: 'tiny',
      format: 'Q4_0',
      grade: 'smoke test',
      license: 'Apache-2.0',
      context_length: 2048,
      files: [{ name: 'tiny.gguf', bytes: 7, sha256: 'ab'.repeat(32), url: '/models/files/tiny/tiny.gguf' }],
    },
  ],
};
const source = { model: 'tiny', gateway: { url: 'https://gateway.example/v1/', apiKey: 'sk-secret' } };

describe('the files of a model', () => {
  it('are those that the gateway lists, asked with the key, at its own address', async () => {
    const asked: [string, string | null][] = [];
    const fetch = (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      asked.push([url as string, new Headers(init?.headers).get('authorization')]);
      return Promise.resolve(Response.json(listed));
    };
    expect(await findModel(source, fakeDisk(), { fetch })).toEqual({
      id: 'tiny',
      grade: 'smoke test',
      contextTokenCount: 2048,
      files: [
        {
          url: 'https://gateway.example/models/files/tiny/tiny.gguf',
          path: 'tiny.gguf',
          bytes: 7,
          sha256: 'ab'.repeat(32),
          headers: { authorization: 'Bearer sk-secret' },
        },
      ],
    });
    expect(asked).toEqual([['https://gateway.example/models/files', 'Bearer sk-secret']]);
  });

  it('are known without a network where the gateway told them once, and its key is not kept', async () => {
    const disk = fakeDisk();
    await findModel(source, disk, { fetch: () => Promise.resolve(Response.json(listed)), keeps: true });
    const offline = () => Promise.reject(new TypeError('Failed to fetch'));
    expect((await findModel(source, disk, { fetch: offline })).files[0]?.bytes).toBe(7);
    for (const bytes of disk.files.values())
      expect(new TextDecoder().decode(bytes)).not.toContain('sk-secret');
    await expect(findModel(source, fakeDisk(), { fetch: offline })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });

  it('are refused where the gateway refuses them, whatever was kept', async () => {
    const disk = fakeDisk();
    await findModel(source, disk, { fetch: () => Promise.resolve(Response.json(listed)), keeps: true });
    for (const [status, kind] of [
      [401, 'unauthorized'],
      [403, 'forbidden'],
      [404, 'not_found'],
    ] as const) {
      const fetch = () => Promise.resolve(new Response('', { status }));
      await expect(findModel(source, disk, { fetch })).rejects.toMatchObject({ kind });
    }
    const other = () => Promise.resolve(Response.json({ ...listed, data: [] }));
    await expect(findModel(source, disk, { fetch: other })).rejects.toThrow('pages.models');
  });

  it('of the page’s own are taken as they are', async () => {
    const files = [
      { url: 'https://m.example/a/b.onnx?x=1', path: 'onnx/b.onnx', sha256: 'cd' },
      { url: 'https://m.example/config.json', bytes: 3 },
    ];
    expect((await findModel({ model: 'own', files }, fakeDisk())).files).toEqual([
      { url: 'https://m.example/a/b.onnx?x=1', path: 'onnx/b.onnx', bytes: null, sha256: 'cd' },
      { url: 'https://m.example/config.json', path: 'config.json', bytes: 3, sha256: null },
    ]);
  });
});
