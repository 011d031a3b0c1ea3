// Over 400 lines: one gateway, every way into it.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeGateway } from '../src/cli/compose.ts';
import { loadSettings } from '../src/config/load.ts';
import { readAudits } from '../src/ledger/audit-rows.ts';
import { openState } from '../src/cli/open-state.ts';
import { anthropicHello, fakeUpstream, openaiHello, sendJson, type FakeUpstream } from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** What somebody's request says, in the pipeline: nothing of it arrives outside, whichever way it comes in. */

const planted = 'jane.roe@initech-payroll.example';
let open: FakeUpstream;
let claude: FakeUpstream;
let talk: FakeUpstream;
let inside: FakeUpstream;
let far: FarGateway;

const settings = () => ({
  logLevel: 'error',
  far: 'open/big',
  aliases: { 'gpt-4o': 'open/big', kept: 'cluster/own' },
  fallbacks: { 'open/big': ['claude/clever'], both: ['cluster/own', 'open/big'] },
  privacy: { terms: [{ name: 'projects', words: ['Falcon Nine Lives'], patterns: ['PRJ-\\d{4}'] }] },
  upstreams: [
    { name: 'open', baseUrl: `${open.url}/v1`, models: ['big', 'vectors'], retries: 1, hedge: 10 },
    { name: 'claude', protocol: 'anthropic', baseUrl: claude.url, models: ['clever'], retries: 0 },
    {
      name: 'talk',
      protocol: 'openai-responses',
      baseUrl: `${talk.url}/v1`,
      models: ['speaker'],
      retries: 0,
    },
    { name: 'cluster', baseUrl: `${inside.url}/v1`, boundary: 'inside', models: ['own'], retries: 0 },
  ],
});

beforeAll(async () => {
  open = await fakeUpstream(openaiHello);
  claude = await fakeUpstream(anthropicHello);
  talk = await fakeUpstream((response) => {
    sendJson(response, 500, { error: { message: 'never' } });
  });
  inside = await fakeUpstream(openaiHello);
  far = await farGateway(settings());
});

afterAll(async () => {
  await far.close();
  await Promise.all([open.close(), claude.close(), talk.close(), inside.close()]);
});

beforeEach(() => {
  for (const upstream of [open, claude, talk, inside]) upstream.arrived.length = 0;
  inside.respond = openaiHello;
});

const openai = (headers: Record<string, string> = {}) =>
  new OpenAI({ apiKey: 'any', baseURL: `${far.url}/v1`, maxRetries: 0, defaultHeaders: headers });
const anthropic = () => new Anthropic({ apiKey: 'any', baseURL: far.url, maxRetries: 0 });
const ollama = () => new Ollama({ host: far.url });
const outside = () => [open, claude, talk].flatMap(({ arrived }) => arrived.map(({ text }) => text));
const user = (content: string) => [{ role: 'user' as const, content }];
const tainted = `Draft a mail to ${planted} about the invoice.`;

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(far.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

describe('a request in which a detector finds something', () => {
  const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'openai, relayed',
      () => openai().chat.completions.create({ model: 'open/vectors', messages: user(tainted) }),
    ],
    ['openai, a chain', () => openai().chat.completions.create({ model: 'gpt-4o', messages: user(tainted) })],
    [
      'openai to Anthropic',
      () => openai().chat.completions.create({ model: 'clever', messages: user(tainted) }),
    ],
    [
      'openai, streamed',
      async () => {
        const stream = await openai().chat.completions.create({
          model: 'far',
          stream: true,
          messages: user(tainted),
        });
        for await (const _ of stream) continue;
      },
    ],
    ['completions', () => openai().completions.create({ model: 'open/big', prompt: tainted })],
    ['embeddings', () => openai().embeddings.create({ model: 'open/vectors', input: ['one', tainted] })],
    ['responses, relayed', () => openai().responses.create({ model: 'talk/speaker', input: tainted })],
    ['responses to openai', () => openai().responses.create({ model: 'far', input: tainted })],
    [
      'anthropic, relayed',
      () => anthropic().messages.create({ model: 'clever', max_tokens: 9, messages: user(tainted) }),
    ],
    [
      'anthropic to openai',
      () => anthropic().messages.create({ model: 'far', max_tokens: 9, messages: user(tainted) }),
    ],
    ['ollama chat', () => ollama().chat({ model: 'far', messages: user(tainted) })],
    ['ollama generate', () => ollama().generate({ model: 'far', prompt: tainted })],
    ['ollama embed', () => ollama().embed({ model: 'open/vectors', input: tainted })],
  ];

  it.each(ways)('%s: nothing arrives outside, and the error says what found it', async (_, ask) => {
    const error: unknown = await ask().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toMatch(/found by email/);
    expect(String(error)).not.toContain(planted);
    expect(outside()).toEqual([]);
    const [row] = await far.rows();
    expect(row).toMatchObject({ privacy: 'local_only', status: 403 });
    expect(JSON.stringify(row)).not.toContain(planted);
  });

  it('an upstream inside answers it, and says so', async () => {
    const { data, response } = await openai()
      .chat.completions.create({ model: 'kept', messages: user(tainted) })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello there');
    expect(response.headers.get('x-nearfar-privacy')).toBe('local_only');
    const streamed = await anthropic()
      .messages.create({ model: 'kept', max_tokens: 9, messages: user(tainted) })
      .withResponse();
    expect(streamed.response.headers.get('x-nearfar-privacy')).toBe('local_only');
    expect(inside.arrived).toHaveLength(2);
    expect(outside()).toEqual([]);
  });

  it('an open one goes where it was asked to, and nothing is said of it', async () => {
    const { response } = await openai()
      .chat.completions.create({ model: 'far', messages: user('What is the sum of two and three?') })
      .withResponse();
    expect(response.headers.get('x-nearfar-privacy')).toBeNull();
    expect(open.arrived.length).toBeGreaterThan(0);
    expect((await far.rows())[0]).toMatchObject({ privacy: 'open', status: 200 });
  });

  it('the owner’s words are found, and named by their name', async () => {
    for (const text of ['How is falcon nine lives going?', 'Close prj-0042 today.']) {
      await expect(
        openai().chat.completions.create({ model: 'far', messages: user(text) }),
      ).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining('own_term.projects') as string,
      });
    }
    expect(outside()).toEqual([]);
  });

  it('what nobody here reads stays', async () => {
    const image_url = {
      url: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk',
    };
    const picture = [{ role: 'user' as const, content: [{ type: 'image_url' as const, image_url }] }];
    for (const model of ['open/vectors', 'far', 'clever']) {
      await expect(openai().chat.completions.create({ model, messages: picture })).rejects.toMatchObject({
        status: 403,
        message: expect.stringContaining('unread.image') as string,
      });
    }
    await expect(
      openai().embeddings.create({ model: 'open/vectors', input: [[1, 2, 3]] }),
    ).rejects.toMatchObject({ message: expect.stringContaining('unread.tokens') as string });
    expect(outside()).toEqual([]);
  });
});

describe('any place of a body', () => {
  const bodies: readonly ((text: string) => { path: string; body: object })[] = [
    (text) => ({
      path: '/v1/chat/completions',
      body: { model: 'open/vectors', messages: user('Hi'), metadata: { [text]: 'x' } },
    }),
    (text) => ({
      path: '/v1/chat/completions',
      body: { model: 'open/vectors', messages: user('Hi'), user: text },
    }),
    (text) => ({
      path: '/v1/chat/completions',
      body: { model: 'open/vectors', messages: user('Hi'), some_new_field: [{ deep: { er: text } }] },
    }),
    (text) => ({
      path: '/v1/chat/completions',
      body: {
        model: 'far',
        messages: [
          ...user('Hi'),
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'f', arguments: `{"a":"${text}"}` } },
            ],
          },
          { role: 'tool', tool_call_id: 'c1', content: 'done' },
        ],
      },
    }),
    (text) => ({
      path: '/v1/chat/completions',
      body: {
        model: 'clever',
        messages: user('Hi'),
        tools: [
          {
            type: 'function',
            function: {
              name: 'f',
              parameters: { type: 'object', properties: { [text]: { type: 'string' } } },
            },
          },
        ],
      },
    }),
    (text) => ({
      path: '/v1/chat/completions',
      body: {
        model: 'far',
        messages: user('Hi'),
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'object', properties: { a: { enum: [text] } } } },
        },
      },
    }),
    (text) => ({
      path: '/v1/messages',
      body: { model: 'clever', max_tokens: 9, system: [{ type: 'text', text }], messages: user('Hi') },
    }),
    (text) => ({
      path: '/v1/messages',
      body: {
        model: 'far',
        max_tokens: 9,
        messages: [
          ...user('Hi'),
          {
            role: 'assistant',
            content: [{ type: 'tool_use', id: 't1', name: 'f', input: { deep: [{ a: text }] } }],
          },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] },
        ],
      },
    }),
    (text) => ({ path: '/v1/responses', body: { model: 'talk/speaker', instructions: text, input: 'Hi' } }),
    (text) => ({
      path: '/v1/responses',
      body: {
        model: 'far',
        input: [
          ...user('Hi'),
          { type: 'function_call', call_id: 'c', name: 'f', arguments: `{"x":"${text}"}` },
        ],
      },
    }),
    (text) => ({ path: '/v1/completions', body: { model: 'open/big', prompt: 'Hi', suffix: text } }),
    (text) => ({ path: '/api/chat', body: { model: 'far', messages: [{ role: 'system', content: text }] } }),
  ];
  const secrets = [
    planted,
    '4111 1111 1111 1111',
    'DE89 3704 0044 0532 0130 00',
    'ghp_0123456789abcdefghijABCDEFGHIJ012345',
    'PRJ-0042',
  ];
  /** As clients may write it. */
  const forms: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => `please ${text} now`,
    (text) =>
      Array.from(text)
        .map((letter) => `%${letter.codePointAt(0)?.toString(16).padStart(2, '0') ?? ''}`)
        .join(''),
    (text) => Buffer.from(`it says: ${text}`).toString('base64'),
    (text) => text.replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  ];

  it('planted strings reach nobody outside', async () => {
    const asked = fc.record({
      bodyOf: fc.constantFrom(...bodies),
      text: fc.constantFrom(...secrets),
      form: fc.constantFrom(...forms),
      session: fc.integer({ min: 0, max: 1e9 }),
    });
    await fc.assert(
      fc.asyncProperty(asked, async ({ bodyOf, text, form, session }) => {
        const { path, body } = bodyOf(form(text));
        const response = await post(path, body, { 'x-nearfar-session': `s${session}` });
        const told = await response.text();
        expect(response.status, `${path} ${JSON.stringify(body)} ${told}`).toBeGreaterThanOrEqual(400);
        expect(outside()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a session', () => {
  const ask = (content: string, session: string | null, model = 'far') =>
    openai(session === null ? {} : { 'x-nearfar-session': session }).chat.completions.create({
      model,
      messages: user(content),
    });

  it('that was tainted stays so, over a restart too; others are not', async () => {
    await expect(ask(tainted, 'one')).rejects.toMatchObject({ status: 403 });
    await expect(ask('And the weather?', 'one')).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('its session was tainted before') as string,
    });
    await ask('And the weather?', 'two');
    const { home } = far;
    const loaded = await loadSettings({ environment: {}, workingFolder: home, home });
    const next = await composeGateway(loaded);
    try {
      const request = (session: string) =>
        new Request('http://127.0.0.1/v1/chat/completions', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-nearfar-session': session, host: '127.0.0.1' },
          body: JSON.stringify({ model: 'far', messages: user('And the weather tomorrow?') }),
        });
      expect((await next.fetch(request('one'))).status).toBe(403);
      expect((await next.fetch(request('three'))).status).toBe(200);
    } finally {
      await next.close();
    }
  });

  it('is known by how it begins where nobody names it', async () => {
    const begin = [
      ...user('Let us plan the party.'),
      { role: 'assistant' as const, content: 'Gladly. Whom shall we invite?' },
    ];
    const create = (messages: OpenAI.ChatCompletionMessageParam[]) =>
      openai().chat.completions.create({ model: 'far', messages });
    await create([...begin, ...user('Some friends.')]);
    await expect(create([...begin, ...user(`Invite ${planted}.`)])).rejects.toMatchObject({ status: 403 });
    // The address was taken out of the history; the session is what it was.
    await expect(create([...begin, ...user('Some friends.')])).rejects.toMatchObject({ status: 403 });
    const other = [begin[0]!, { role: 'assistant' as const, content: 'With pleasure! When is it?' }];
    await create([...other, ...user('On Sunday.')]);
  });

  it('goes on from a stored response with what that one said', async () => {
    const first = await openai().responses.create({ model: 'kept', input: tainted, store: true });
    await expect(
      openai().responses.create({ model: 'far', input: 'Shorter, please.', previous_response_id: first.id }),
    ).rejects.toMatchObject({ status: 403 });
    expect(outside()).toEqual([]);
    const again = await openai().responses.create({
      model: 'kept',
      input: 'Shorter, please.',
      previous_response_id: first.id,
    });
    expect(again.output_text).toBe('Hello there');
  });
});

describe('where what is inside is down', () => {
  it('the answer is 503 with the reason, and nobody outside is asked', async () => {
    inside.respond = (response) => {
      sendJson(response, 500, { error: { message: 'out of memory' } });
    };
    for (const ask of [
      () => openai().chat.completions.create({ model: 'both', messages: user(tainted) }),
      () => openai().chat.completions.create({ model: 'kept', messages: user(tainted) }),
      () => anthropic().messages.create({ model: 'kept', max_tokens: 5, messages: user(tainted) }),
    ]) {
      const error: unknown = await ask().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ status: expect.toBeOneOf([503, 404]) as number });
      expect(String(error)).not.toContain(planted);
    }
    expect(outside()).toEqual([]);
  });
});

describe('what was decided', () => {
  it('stands in the audit and the metrics, without a word of the text', async () => {
    await openai()
      .chat.completions.create({ model: 'far', messages: user(`Card 4111 1111 1111 1111 of ${planted}`) })
      .catch(() => undefined);
    await openai().chat.completions.create({ model: 'kept', messages: user(tainted) });
    await far.gateway.ledger.flush();
    const { home } = far;
    const state = await openState(
      await loadSettings({ environment: {}, workingFolder: home, home }),
      () => undefined,
    );
    const [answered, refused] = await readAudits(state, { from: 0, to: Date.now() + 1000 }, 2);
    await state.close();
    expect(refused).toMatchObject({
      requestedModel: 'far',
      label: 'local_only',
      mode: 'block',
      reasons: ['detector', 'near_is_not_assistant'],
      went: 'nowhere',
      model: null,
      status: 403,
    });
    expect(refused?.detectors).toEqual(expect.arrayContaining(['email', 'payment_card']));
    expect(answered).toMatchObject({ went: 'inside', model: 'cluster/own', status: 200 });
    const page = await (await fetch(`${far.url}/metrics`)).text();
    expect(page).toMatch(
      /nearfar_privacy_decisions_total\{label="local_only",mode="block",went="nowhere"\} \d+/,
    );
    expect(page).toMatch(/nearfar_privacy_detections_total\{detector="payment_card"\} \d+/);
    expect(page + JSON.stringify([answered, refused])).not.toContain('4111');
  });

  it('is listed by nearfar privacy audit', async () => {
    const row = (await far.rows())[0];
    const main = path.resolve(import.meta.dirname, '../src/cli/main.ts');
    const args = ['privacy', 'audit', '--home', far.home, '--json', '--since', 'today', '--limit', '3'];
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args]);
    const listed = JSON.parse(stdout) as Record<string, unknown>[];
    expect(listed).toHaveLength(3);
    expect(listed[0]).toMatchObject({
      request_id: row?.requestId,
      mode: 'block',
      went: 'inside',
      status: 200,
    });
    expect(stdout).not.toContain(planted);
  });
});
