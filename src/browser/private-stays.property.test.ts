import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NearfarError, type ErrorKind } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { Availability } from './backend.ts';
import { createNear } from './create-near.ts';
import {
  allAbilities,
  answerEvents,
  eventsOf,
  fakeBackend,
  fakeEnvironment,
  partsOf,
  read,
  recordingNetwork,
  refusalOf,
  type FakeBackend,
  type RecordingNetwork,
} from './fakes.ts';
import type { CallOptions, Near, NearInput, PolicyOptions } from './near.ts';

/** Whatever the device, the settings and the failures: nothing private reaches the network. Thousands of requests. */

const secrets = [
  'DE89 3704 0044 0532 0130 00',
  '4111 1111 1111 1111',
  'maria.huber@klinikum-sued.example.org',
  'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7bq5\n-----END RSA PRIVATE KEY-----',
] as const;
const encodings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `Please look at this: ${text}, thanks.`,
  (text) => Buffer.from(`my secret is ${text} and nothing else`).toString('base64'),
  (text) => encodeURIComponent(`note ${text}`),
];
const plain = [
  'What is the capital of France?',
  'Tell me a joke.',
  'How do I sort a list in Python?',
] as const;

const kinds: readonly ErrorKind[] = [
  'unavailable',
  'model_crashed',
  'timeout',
  'context_overflow',
  'unsupported',
  'rate_limited',
  'internal',
  'invalid_request',
];
const states: readonly Availability['state'][] = [
  'ready',
  'downloaded',
  'downloadable',
  'downloading',
  'unavailable',
];

interface Device {
  readonly facts: Parameters<typeof fakeEnvironment>[0];
  readonly policy: PolicyOptions;
  readonly pages: readonly PageModel[];
  readonly network: 'up' | 'down' | 'refuses' | 'breaks off';
}

interface PageModel {
  readonly state: Availability['state'];
  readonly fails: ErrorKind | 'throws' | 'ends' | null;
  readonly after: number;
  readonly can: Partial<typeof allAbilities>;
}

const device: fc.Arbitrary<Device> = fc.record({
  facts: fc.record({
    isOnline: fc.boolean(),
    isHidden: fc.boolean(),
    battery: fc.option(
      fc.record({ level: fc.double({ min: 0, max: 1, noNaN: true }), isCharging: fc.boolean() }),
      { nil: null },
    ),
    savesData: fc.boolean(),
  }),
  policy: fc.record({
    prefer: fc.constantFrom('auto', 'near', 'far'),
    nearBelow: fc.constantFrom(0, 0.5, 1),
    minBattery: fc.constantFrom(0, 0.2, 1),
    leavesHidden: fc.boolean(),
    download: fc.constantFrom('never' as const, { maxBytes: Infinity }),
  }),
  pages: fc.array(
    fc.record({
      state: fc.constantFrom(...states),
      fails: fc.option(fc.constantFrom(...kinds, 'throws' as const, 'ends' as const)),
      after: fc.nat(3),
      can: fc.record({
        schema: fc.boolean(),
        tools: fc.boolean(),
        images: fc.boolean(),
        embeddings: fc.boolean(),
      }),
    }),
    { maxLength: 3 },
  ),
  network: fc.constantFrom('up', 'up', 'down', 'refuses', 'breaks off'),
});

function pageModel({ state, fails, after, can }: PageModel, index: number): FakeBackend {
  const name = `page${String(index)}`;
  const availability: Availability =
    state === 'unavailable'
      ? { state, reason: 'Not here.' }
      : {
          state,
          model: name,
          downloadBytes: state === 'downloadable' ? 1e6 : 0,
          can: { ...allAbilities, ...can },
          note: null,
        };
  return fakeBackend({
    name,
    availability,
    vectors: (texts) => texts.map(() => Float32Array.from([1])),
    *answer(): Generator<ChatPart> {
      const parts = partsOf('{"a": 1}', name);
      if (fails === null) {
        yield* parts;
        return;
      }
      yield* parts.slice(0, after);
      if (fails === 'throws') throw new Error('lost');
      if (fails !== 'ends') yield { type: 'error', error: new NearfarError(fails, 'failed') };
    },
  });
}

function networkOf(kind: Device['network']): RecordingNetwork {
  return recordingNetwork(({ url }) => {
    if (kind === 'down') throw new TypeError('Failed to fetch');
    if (kind === 'refuses') return refusalOf(503, 'overloaded');
    if (kind === 'breaks off') return eventsOf(answerEvents('half').slice(0, 2), '');
    return url.endsWith('/embeddings')
      ? Response.json({
          model: 'e',
          data: [
            { index: 0, embedding: [1] },
            { index: 1, embedding: [1] },
          ],
        })
      : eventsOf(answerEvents('{"a": 1}'));
  });
}

function nearOf({ facts, policy, pages }: Device, network: RecordingNetwork, allowsMedia = false): Near {
  return createNear({
    gateway: { url: 'https://gateway.example/v1', fetch: network.fetch },
    backends: pages.map(pageModel),
    environment: fakeEnvironment(facts),
    policy,
    privacy: { allowsMedia },
  });
}

const secretText = fc
  .tuple(fc.constantFrom(...secrets), fc.constantFrom(...encodings))
  .map(([secret, encode]) => encode(secret));

/** A request with something private somewhere in it. */
const privateInput: fc.Arbitrary<NearInput> = fc
  .record({
    text: secretText,
    place: fc.constantFrom(
      'prompt',
      'system',
      'user',
      'assistant',
      'stop',
      'tool',
      'schema',
      'image',
      'user name',
    ),
    model: fc.constantFrom('auto', 'gpt-5', 'gateway', 'claude'),
    isLast: fc.boolean(),
  })
  .map(({ text, place, model, isLast }): NearInput => {
    const question = { role: 'user', content: plain[0] } as const;
    const around = (message: object) => (isLast ? [question, message] : [message, question]) as never;
    switch (place) {
      case 'prompt':
        return text;
      case 'system':
        return { model, messages: [{ role: 'system', content: text }, question] };
      case 'user':
      case 'assistant':
        return { model, messages: around({ role: place, content: text }) };
      case 'stop':
        return { model, messages: [question], stop: text };
      case 'tool':
        return {
          model,
          messages: [question],
          tools: [{ type: 'function', function: { name: 'look', description: text } }],
        };
      case 'schema':
        return {
          model,
          messages: [question],
          response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { description: text } } },
        };
      case 'user name':
        return { model, messages: [question], user: text };
      case 'image':
        return {
          model,
          messages: [
            {
              role: 'user',
              content: [
                {
                  type: 'image_url',
                  image_url: { url: `data:image/png;base64,${btoa('picture'.repeat(50))}` },
                },
              ],
            },
          ],
        };
    }
  });

async function ask(
  near: Near,
  input: NearInput,
  way: 'chat' | 'stream' | 'openai',
  options: CallOptions = {},
): Promise<void> {
  try {
    if (way === 'chat') await near.chat(input, options);
    else if (way === 'stream') await read(near.stream(input, options));
    else {
      const messages = typeof input === 'string' ? [{ role: 'user' as const, content: input }] : null;
      const body = messages === null ? (input as { readonly messages: never }) : { messages };
      for await (const _ of await near.openai.chat.completions.create({ ...body, stream: true }, options));
    }
  } catch {
    // An error is an answer that keeps it.
  }
}

const way = fc.constantFrom('chat', 'stream', 'openai');

describe('nothing private reaches the network', () => {
  test('whatever the device is, and whatever fails', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(device, privateInput, way, async (given, input, how) => {
        const network = networkOf(given.network);
        await ask(nearOf(given, network), input, how);
        expect(network.sent).toEqual([]);
        count += 1;
      }),
      { numRuns: 2_000 },
    );
    expect(count).toBeGreaterThanOrEqual(2_000);
  }, 120_000);

  test('and what is open does, so that silence means something', async () => {
    let sentCount = 0;
    await fc.assert(
      fc.asyncProperty(device, fc.constantFrom(...plain), way, async (given, input, how) => {
        const network = networkOf(given.network);
        await ask(nearOf(given, network), input, how);
        sentCount += network.sent.length;
      }),
      { numRuns: 300 },
    );
    expect(sentCount).toBeGreaterThan(30);
  }, 60_000);

  test('what was asked to stay, and the turns behind it, in one session', async () => {
    await fc.assert(
      fc.asyncProperty(
        device,
        fc.constantFrom(...plain),
        way,
        fc.boolean(),
        async (given, text, how, isMarked) => {
          const network = networkOf(given.network);
          const near = nearOf(given, network);
          const first = isMarked ? text : `${text} ${secrets[0]}`;
          await ask(near, first, how, { session: 's', ...(isMarked ? { privacy: 'local_only' } : {}) });
          await ask(near, text, how, { session: 's' });
          await ask(near, { model: 'gpt-5', messages: [{ role: 'user', content: text }] }, how, {
            session: 's',
          });
          expect(network.sent).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  }, 60_000);

  test('nor by vectors, search and the tasks', async () => {
    const task = fc.constantFrom(
      'embed',
      'search',
      'summarize',
      'translate',
      'rewrite',
      'count',
      'embeddings',
    );
    await fc.assert(
      fc.asyncProperty(device, secretText, task, async (given, text, what) => {
        const network = networkOf(given.network);
        const near = nearOf(given, network);
        const calls: Readonly<Record<typeof what, () => Promise<unknown>>> = {
          embed: () => near.embed([plain[0], text]),
          search: () => near.search(text, [...plain]),
          summarize: () => near.summarize(text),
          translate: () => near.translate(text, { to: 'de' }),
          rewrite: () => near.rewrite(plain[0], { context: text }),
          count: () => near.countTokens(text),
          embeddings: () => near.openai.embeddings.create({ model: 'text-embedding-3-small', input: text }),
        };
        await calls[what]().catch(() => undefined);
        expect(network.sent).toEqual([]);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe('every stream ends once', () => {
  const anyPart: fc.Arbitrary<ChatPart> = fc.constantFrom(
    ...partsOf('ab'),
    { type: 'text-delta', choice: 1, text: 'x' },
    { type: 'tool-call-start', choice: 0, call: 0, id: 'c', name: 'look' },
    { type: 'tool-call-delta', choice: 0, call: 3, arguments: '{}' },
    { type: 'error', error: new NearfarError('model_crashed', 'lost') },
  );
  const ending = fc.constantFrom('returns', 'throws', 'hangs');

  test('whatever a backend does, in exactly one finish or error, and it is the last part', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyPart, { maxLength: 8 }),
        ending,
        fc.boolean(),
        fc.option(fc.nat(6)),
        async (given, end, hasGateway, abortAt) => {
          const page = fakeBackend({
            name: 'page',
            async *answer(_, signal) {
              yield* given;
              if (end === 'throws') throw new Error('lost');
              if (end === 'hangs') await once(signal, 'abort');
            },
          });
          const network = networkOf('up');
          const near = createNear({
            backends: [page],
            environment: fakeEnvironment(),
            privacy: { mode: 'off' },
            ...(hasGateway ? { gateway: { url: 'https://gateway.example', fetch: network.fetch } } : {}),
          });
          const stream = near.stream('Hello');
          // Who hangs is told to stop; the others may be.
          const timer =
            end === 'hangs' || abortAt !== null
              ? setTimeout(() => {
                  stream.abort();
                }, abortAt ?? 1)
              : undefined;
          const parts = await read(stream);
          clearTimeout(timer);
          const ends = parts.filter(({ type }) => type === 'finish' || type === 'error');
          expect(ends).toHaveLength(1);
          expect(parts.at(-1)).toBe(ends[0]);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});
