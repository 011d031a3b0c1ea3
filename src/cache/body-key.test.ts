import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from '../chat/secret.ts';
import { bodyKey, type BodyOrigin, type BodyRequest } from './body-key.ts';

const origin: BodyOrigin = { modelId: 'open/big', clientKey: null };
const asked: BodyRequest = {
  tenant: 'one',
  privacy: 'open',
  protocol: 'openai',
  path: '/chat/completions',
  isStreamed: false,
  text: '{}',
  headers: {},
};

function keyOf(body: object | string, changes: Partial<BodyRequest> = {}, from = origin): string | null {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return bodyKey({ ...asked, text, ...changes }, from);
}

const value = fc.jsonValue({ maxDepth: 3 });
const body = fc
  .record(
    {
      messages: fc.array(fc.record({ role: fc.string(), content: value }), { maxLength: 3 }),
      temperature: fc.constantFrom(0, 0.5, 1, 1e-7),
      max_tokens: fc.nat(9),
      stop: fc.array(fc.string(), { maxLength: 2 }),
      response_format: value,
      metadata: fc.dictionary(fc.string(), value, { maxKeys: 3 }),
      unknown: value,
    },
    { requiredKeys: ['messages'] },
  )
  // As it comes over the wire: -0 is 0.
  .map((made) => JSON.parse(JSON.stringify(made)) as Record<string, unknown>);

/** The same, with the members of the body and of its messages the other way round, spaced and escaped otherwise. */
function disguised(made: Readonly<Record<string, unknown>>): string {
  const turned = Object.fromEntries(
    Object.entries({
      ...made,
      messages: (made['messages'] as object[]).map((message) =>
        Object.fromEntries(Object.entries(message).toReversed()),
      ),
    }).toReversed(),
  );
  return JSON.stringify(turned, null, '\t ').replace(
    /[^\x20-\x7e\s]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

test('order of members, white space and escapes of a body do not matter', () => {
  fc.assert(
    fc.property(body, (made) => {
      expect(keyOf(disguised(made))).toBe(keyOf(made));
    }),
  );
});

test('bodies that say different things never have one key', () => {
  fc.assert(
    fc.property(body, body, (one, other) => {
      // In sorted objects only their order may differ.
      if (JSON.stringify(sortedDeep(one)) === JSON.stringify(sortedDeep(other))) return;
      expect(keyOf(one)).not.toBe(keyOf(other));
    }),
  );
});

test('any change of one value is another key', () => {
  fc.assert(
    fc.property(
      body,
      fc.constantFrom('temperature', 'unknown', 'metadata', 'stop'),
      value,
      (made, name, changed) => {
        if (JSON.stringify(sortedDeep(made[name])) === JSON.stringify(sortedDeep(changed))) return;
        expect(keyOf({ ...made, [name]: changed })).not.toBe(keyOf(made));
      },
    ),
  );
});

function sortedDeep(one: unknown): unknown {
  if (Array.isArray(one)) return one.map(sortedDeep);
  if (typeof one !== 'object' || one === null) return one;
  const entries = Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sortedDeep(inner)]);
}

const plain = { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }], temperature: 0 };

test('marks for prompt caches do not count where they are marks, and count where they are text', () => {
  const mark = { cache_control: { type: 'ephemeral', ttl: '1h' } };
  const marked = {
    ...plain,
    ...mark,
    prompt_cache_key: 'k',
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', ...mark }] }],
  };
  expect(keyOf(marked)).toBe(keyOf(plain));
  const schema = (properties: object) => ({ ...plain, response_format: { schema: { properties } } });
  expect(keyOf(schema({ cache_control: { type: 'string' } }))).not.toBe(keyOf(schema({})));
  expect(keyOf({ ...plain, metadata: mark })).not.toBe(keyOf({ ...plain, metadata: {} }));
});

test('the order of a schema’s members counts, for it is the order of the answer’s', () => {
  const schema = (properties: object) => ({ ...plain, response_format: { schema: { properties } } });
  expect(keyOf(schema({ a: 1, b: 2 }))).not.toBe(keyOf(schema({ b: 2, a: 1 })));
});

test.each([
  ['a number that parsers round', '{"seed":9007199254740993}', '{"seed":9007199254740992}'],
  ['a member that stands there twice', '{"a":1,"a":2}', '{"a":2}'],
  ['which of two comes first', '{"a":1,"a":2}', '{"a":2,"a":1}'],
  ['a text and what looks like its end', '{"a":"b\\",\\"c\\":1"}', '{"a":"b","c":1}'],
  ['nothing and a member of nothing', '{}', '{"__proto__":{}}'],
])('%s counts', (_, one, other) => {
  expect(keyOf(one)).not.toBe(keyOf(other));
});

test('who asks, whom, and in which language counts; the model’s name and `stream` stand for themselves', () => {
  const keys = [
    keyOf(plain),
    keyOf(plain, { tenant: 'two' }),
    keyOf(plain, { privacy: 'local_only' }),
    keyOf(plain, { protocol: 'anthropic' }),
    keyOf(plain, { path: '/completions' }),
    keyOf(plain, { isStreamed: true }),
    keyOf(plain, { headers: { 'anthropic-beta': 'x' } }),
    keyOf(plain, {}, { ...origin, modelId: 'open/small' }),
    keyOf(plain, {}, { ...origin, clientKey: new Secret('one') }),
    keyOf(plain, {}, { ...origin, clientKey: new Secret('two') }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keyOf({ model: 'far', stream: false, ...plain })).toBe(keyOf({ ...plain, model: 'big' }));
});

test('what is nested without end has no key', () => {
  expect(keyOf(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toBeNull();
});
