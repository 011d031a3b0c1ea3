import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  anthropicHello,
  beginStream,
  fakeUpstream,
  openaiHello,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** Pictures and documents: every dialect in, by its official client, to every protocol out. */

const png = Buffer.from('\x89PNG\r\n\x1a\nxx', 'latin1').toString('base64');
const pdf = Buffer.from('%PDF-1.7 xx.').toString('base64');
const pngUrl = `data:image/png;base64,${png}`;
const documented = readFileSync(join(import.meta.dirname, 'fixtures/upstreams/documented-responses.sse'));

let chat: FakeUpstream;
let same: FakeUpstream;
let claude: FakeUpstream;
let lama: FakeUpstream;
let all: readonly FakeUpstream[];
let far: FarGateway;
let openai: OpenAI;
let anthropic: Anthropic;
let ollama: Ollama;

beforeAll(async () => {
  chat = await fakeUpstream(openaiHello);
  claude = await fakeUpstream(anthropicHello);
  same = await fakeUpstream((response) => {
    beginStream(response);
    response.end(documented);
  });
  lama = await fakeUpstream((response) => {
    beginStream(response, 'application/x-ndjson');
    response.write('{"message":{"role":"assistant","content":"Hello there"},"done":false}\n');
    response.end('{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":2}\n');
  });
  all = [chat, same, claude, lama];
  const inside = { boundary: 'inside' };
  far = await farGateway({
    logLevel: 'error',
    // Nobody reads pictures, and their addresses say where machines are: that is of other tests.
    privacy: { detect: 'off' },
    upstreams: [
      { ...inside, name: 'chat', preset: 'openai', baseUrl: `${chat.url}/v1`, models: ['m'] },
      { ...inside, name: 'same', protocol: 'openai-responses', baseUrl: `${same.url}/v1`, models: ['m'] },
      { ...inside, name: 'claude', protocol: 'anthropic', baseUrl: claude.url, models: ['m'] },
      { ...inside, name: 'lama', protocol: 'ollama', baseUrl: lama.url, models: ['m'] },
    ],
  });
  openai = new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: far.url, maxRetries: 0 });
  ollama = new Ollama({ host: far.url });
});

afterAll(async () => {
  await far.close();
  await Promise.all(all.map((upstream) => upstream.close()));
});

beforeEach(() => {
  for (const upstream of all) upstream.arrived.length = 0;
});

const clients: Readonly<Record<string, (model: string) => Promise<unknown>>> = {
  'chat completions': (model) =>
    openai.chat.completions.create({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image_url', image_url: { url: pngUrl } },
          ],
        },
      ],
    }),
  responses: (model) =>
    openai.responses.create({
      model,
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What?' },
            { type: 'input_image', image_url: pngUrl, detail: 'auto' },
          ],
        },
      ],
    }),
  messages: (model) =>
    anthropic.messages.create({
      model,
      max_tokens: 20,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
          ],
        },
      ],
    }),
  ollama: (model) => ollama.chat({ model, messages: [{ role: 'user', content: 'What?', images: [png] }] }),
};

/** The conversation as it arrived. */
const arrivals: Readonly<Record<string, () => unknown>> = {
  'chat/m': () => chat.arrived[0]?.body['messages'],
  'same/m': () => same.arrived[0]?.body['input'],
  'claude/m': () => claude.arrived[0]?.body['messages'],
  'lama/m': () => lama.arrived[0]?.body['messages'],
};
const expected: Readonly<Record<string, unknown>> = {
  'chat/m': [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What?' },
        { type: 'image_url', image_url: { url: pngUrl } },
      ],
    },
  ],
  'same/m': [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'What?' },
        { type: 'input_image', image_url: pngUrl, detail: 'auto' },
      ],
    },
  ],
  'claude/m': [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
      ],
    },
  ],
  'lama/m': [{ role: 'user', content: 'What?', images: [png] }],
};
/** Who speaks the upstream's own dialect: there bytes pass. */
const own: Readonly<Record<string, string>> = {
  'chat completions': 'chat/m',
  responses: 'same/m',
  messages: 'claude/m',
  ollama: 'lama/m',
};

describe.each(Object.keys(clients))('an image by %s', (dialect) => {
  it.each(Object.keys(arrivals).filter((model) => own[dialect] !== model))('arrives at %s', async (model) => {
    await clients[dialect]?.(model);
    expect(arrivals[model]?.()).toMatchObject(expected[model] as object);
  });
});

const file = {
  type: 'file' as const,
  file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` },
};
const sound = { type: 'input_audio' as const, input_audio: { data: 'AAAA', format: 'wav' as const } };
const named = (url: string) => ({ type: 'image_url' as const, image_url: { url } });
const ask = (
  model: string,
  part: OpenAI.Chat.Completions.ChatCompletionContentPart,
  headers: Record<string, string> = {},
) =>
  openai.chat.completions.create(
    { model, messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, part] }] },
    { headers },
  );

describe('what else is handed over', () => {
  it('documents arrive where there is a place for them', async () => {
    await ask('claude/m', file);
    expect(claude.arrived[0]?.body['messages']).toMatchObject([
      {
        content: [
          {},
          {
            type: 'document',
            title: 'a.pdf',
            source: { type: 'base64', media_type: 'application/pdf', data: pdf },
          },
        ],
      },
    ]);
    await ask('same/m', file);
    expect(same.arrived[0]?.body['input']).toMatchObject([
      {
        content: [
          {},
          { type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${pdf}` },
        ],
      },
    ]);
    await anthropic.messages.create({
      model: 'chat/m',
      max_tokens: 20,
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'Grüße' },
              title: 'b',
            },
          ],
        },
      ],
    });
    const text = Buffer.from('Grüße').toString('base64');
    expect(chat.arrived[0]?.body['messages']).toMatchObject([
      { content: [{ type: 'file', file: { filename: 'b', file_data: `data:text/plain;base64,${text}` } }] },
    ]);
  });

  it('a screenshot as the result of a tool arrives where there is a place for it', async () => {
    const body = {
      input: [
        { role: 'user' as const, content: 'Look.' },
        { type: 'function_call' as const, call_id: 'c1', name: 'look', arguments: '{}' },
        {
          type: 'function_call_output' as const,
          call_id: 'c1',
          output: [{ type: 'input_image' as const, image_url: pngUrl, detail: 'auto' as const }],
        },
      ],
    };
    await openai.responses.create({ model: 'claude/m', ...body });
    expect(claude.arrived[0]?.body['messages']).toMatchObject([
      {},
      {},
      { content: [{ type: 'tool_result', content: [{ type: 'image', source: { data: png } }] }] },
    ]);
    await expect(openai.responses.create({ model: 'chat/m', ...body })).rejects.toMatchObject({
      status: 400,
      param: 'input[2].output[0]',
    });
  });

  it('addresses are left to upstreams that read them themselves', async () => {
    const url = 'https://pictures.example/a.png';
    await ask('claude/m', named(url));
    expect(claude.arrived[0]?.body['messages']).toMatchObject([
      { content: [{}, { type: 'image', source: { type: 'url', url } }] },
    ]);
    await ask('same/m', named(url));
    expect(JSON.stringify(same.arrived[0]?.body)).toContain(url);
  });

  it('addresses that are read here must be public ones', async () => {
    for (const url of [`${lama.url}/a.png`, 'http://169.254.169.254/latest', 'http://[::1]/a.png']) {
      await expect(ask('lama/m', named(url))).rejects.toMatchObject({
        status: 400,
        param: 'messages[0].content[1]',
      });
    }
    expect(all.flatMap(({ arrived }) => arrived)).toEqual([]);
  });

  it('nothing that is local_only names an address, also where bytes pass', async () => {
    const local = { 'x-nearfar-privacy': 'local_only' };
    for (const model of ['chat/m', 'same/m', 'claude/m', 'lama/m']) {
      await expect(ask(model, named('https://pictures.example/a.png'), local)).rejects.toMatchObject({
        status: 403,
      });
      await ask(model, named(pngUrl), local);
    }
    expect(all.map(({ arrived }) => arrived.length)).toEqual([1, 1, 1, 1]);
  });

  it('of what is local_only, arguments of calls and schemas may hold addresses', async () => {
    const url = 'https://pictures.example/a.png';
    const streamed = anthropic.messages.stream(
      {
        model: 'claude/m',
        max_tokens: 20,
        messages: [
          { role: 'user', content: 'Read it.' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'read', input: { url } }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: url }] },
        ],
        tools: [{ name: 'read', input_schema: { type: 'object', default: { url } } }],
      },
      { headers: { 'x-nearfar-privacy': 'local_only' } },
    );
    await streamed.finalMessage();
    expect(claude.arrived).toHaveLength(1);
    const shown = anthropic.messages.create(
      {
        model: 'claude/m',
        max_tokens: 20,
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url } }] }],
      },
      { headers: { 'x-nearfar-privacy': 'local_only' } },
    );
    await expect(shown).rejects.toMatchObject({ status: 403 });
  });

  it.each<[string, string, OpenAI.Chat.Completions.ChatCompletionContentPart, string]>([
    ['sound to Anthropic', 'claude/m', sound, 'messages[0].content[1]'],
    ['sound to the responses API', 'same/m', sound, 'messages[0].content[1]'],
    ['sound to Ollama', 'lama/m', sound, 'messages[0].content[1]'],
    ['files to Ollama', 'lama/m', file, 'messages[0].content[1]'],
    ['what is no image', 'claude/m', named('ftp://x'), 'messages[0].content[1].image_url.url'],
    ['broken base64', 'claude/m', named('data:image/png;base64,=A'), 'messages[0].content[1].image_url.url'],
    [
      'an image of a type that Anthropic does not read',
      'claude/m',
      named('data:image/tiff;base64,AAAA'),
      'messages[0].content[1]',
    ],
    [
      'a file that would have to be here',
      'claude/m',
      { type: 'file', file: { file_id: 'file-1' } },
      'messages[0].content[1].file.file_id',
    ],
  ])('is a 400 that names it: %s', async (_what, model, part, param) => {
    await expect(ask(model, part)).rejects.toMatchObject({ status: 400, param });
    expect(all.flatMap(({ arrived }) => arrived)).toEqual([]);
  });
});
