import { beforeEach, describe, expect, test } from 'vitest';
import type { Usage } from '../chat/part.ts';
import { createPromptCache, type CachedRequest, type PromptCache } from './prompt-cache.ts';

const price = {
  currency: 'USD',
  promptMicrosPerMillion: 5_000_000,
  cachedMicrosPerMillion: 500_000,
  completionMicrosPerMillion: 25_000_000,
  cacheWriteMicrosPerMillion: 6_250_000,
};
const minute = 60_000;
let at = 0;
let cache: PromptCache;

beforeEach(() => {
  at = 1_000_000;
  cache = open();
});

function open(isOn = true): PromptCache {
  return createPromptCache({ isOn, key: new Uint8Array(32).fill(7), priceOf: () => price, now: () => at });
}

const long = (seed: string): string =>
  Array.from({ length: 1200 }, (_, index) => `${seed} ${index}.`).join(' ');

function ask(body: Record<string, unknown>, other: Partial<CachedRequest> = {}): CachedRequest {
  return {
    modelId: 'anthropic/claude-opus-5',
    model: 'claude-opus-5',
    protocol: 'anthropic',
    takesCacheKey: false,
    tenant: 'team',
    privacy: 'open',
    body,
    ...other,
  };
}

const question = (text: string, system = long('Rule')): Record<string, unknown> => ({
  model: 'claude-opus-5',
  system,
  messages: [{ role: 'user', content: text }],
});

/** Without instructions. */
const alone = (text: string): Record<string, unknown> => ({
  messages: [{ role: 'user', content: long(text) }],
});

function usage(cached: number, written: number): Usage {
  return {
    promptTokenCount: 3500,
    cachedTokenCount: cached,
    completionTokenCount: 1,
    cacheWriteTokenCount: written,
  };
}

const paths = (plan: { marks: readonly { path: readonly unknown[] }[] }) =>
  plan.marks.map(({ path }) => path);

describe('Anthropic', () => {
  test('instructions are marked at once, a question by itself once it came again', () => {
    expect(cache.plan(ask(question('One?'))).marks).toEqual([
      { path: ['system'], member: 'cache_control', value: { type: 'ephemeral' }, textType: 'text' },
    ]);
    expect(paths(cache.plan(ask(alone('Two'))))).toEqual([]);
    at += minute;
    expect(paths(cache.plan(ask(alone('Three'))))).toEqual([]);
    at += minute;
    expect(paths(cache.plan(ask(alone('Two'))))).toEqual([['messages', 0, 'content']]);
  });

  test('a loop of an agent is marked from its first request on', () => {
    const tools = [{ name: 'read', description: long('Reads'), input_schema: {} }];
    const messages: object[] = [{ role: 'user', content: long('Do') }];
    expect(paths(cache.plan(ask({ tools, messages: [...messages] })))).toContainEqual([
      'messages',
      0,
      'content',
    ]);
    messages.push(
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'read', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: long('File') }] },
    );
    at += 1000;
    expect(paths(cache.plan(ask({ tools, messages }))).at(-1)).toEqual(['messages', 2, 'content', 0]);
  });

  test('what comes again every twenty minutes is marked for an hour', () => {
    for (let count = 0; count < 6; count += 1) {
      cache.plan(ask(question(`${count}?`))).abandon();
      at += 20 * minute;
    }
    expect(cache.plan(ask(question('Last?'))).marks.map(({ value }) => value)).toEqual([
      { type: 'ephemeral', ttl: '1h' },
    ]);
  });

  test('what comes again after hours is not marked', () => {
    for (let count = 0; count < 8; count += 1) {
      const marked = paths(cache.plan(ask(question(`${count}?`))));
      if (count > 2) expect(marked).toEqual([]);
      at += 200 * minute;
    }
  });

  test('a client that marks for itself is left alone, wherever it does', () => {
    const control = { cache_control: { type: 'ephemeral' } };
    const block = { type: 'text', text: 'Hi', ...control };
    cache.plan(ask(question('One?')));
    at += minute;
    for (const body of [
      { ...question('x'), ...control },
      { ...question('x'), system: [{ type: 'text', text: long('Rule'), ...control }] },
      { ...question('x'), messages: [{ role: 'user', content: [block] }] },
      { ...question('x'), tools: [{ name: 'a', input_schema: {}, ...control }] },
      {
        ...question('x'),
        messages: [{ role: 'user', content: [{ type: 'tool_result', content: [block] }] }],
      },
    ]) {
      expect(cache.plan(ask(body)).marks).toEqual([]);
    }
  });

  test('marks that a client moves about change no hash', () => {
    const plain = cache.plan(ask({ ...question('x'), system: [{ type: 'text', text: 'Hi' }] }));
    const marked = cache.plan(
      ask({ ...question('x'), system: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] }),
    );
    expect(marked.prefix).toEqual(plain.prefix);
    expect(cache.plan(ask({ ...question('x'), system: 'Hi' })).prefix).toEqual(plain.prefix);
  });

  test('what is local_only leaves neither marks nor hashes', () => {
    const plans = [1, 2, 3].map(() => cache.plan(ask(alone('x'), { privacy: 'local_only' })));
    expect(plans.every(({ prefix, marks }) => prefix === null && marks.length === 0)).toBe(true);
    at += minute;
    // Nor did it teach anything.
    expect(cache.plan(ask(alone('x'))).marks).toEqual([]);
    expect(
      cache.prefixOf({ input: { kind: 'text', text: 'x' }, tenant: 'a', privacy: 'local_only' }),
    ).toBeNull();
  });

  test('tenants learn nothing from each other', () => {
    const one = cache.plan(ask(alone('x')));
    at += minute;
    const other = cache.plan(ask(alone('x'), { tenant: 'others' }));
    expect(other.marks).toEqual([]);
    expect(cache.plan(ask(alone('x'))).marks).toHaveLength(1);
    expect(other.prefix?.family).not.toBe(one.prefix?.family);
  });

  test('marks go on through an outage: what was refused was not written', () => {
    const marksAfter = (isTold: boolean): number => {
      cache = open();
      cache.plan(ask(question('0?')));
      for (let refused = 1; refused < 40; refused += 1) {
        at += 1000;
        const plan = cache.plan(ask(question(`${refused}?`)));
        if (isTold) plan.abandon();
      }
      return cache.plan(ask(question('And now?'))).marks.length;
    };
    expect(marksAfter(true)).toBe(1);
    // Where nobody says that it was refused, it may have been written.
    expect(marksAfter(false)).toBe(0);
  });

  test('what the provider neither reads nor writes is not tried again', () => {
    cache.plan(ask(question('0?')));
    at += minute;
    const second = cache.plan(ask(question('1?')));
    expect(second.marks).toHaveLength(1);
    second.settle(usage(0, 0));
    at += minute;
    expect(cache.plan(ask(question('2?'))).marks).toEqual([]);
  });

  test('what is held is known until it is gone, and lives on where it is used', () => {
    const count = () => cache.heldTokenCount(ask(question('x')));
    cache.plan(ask(question('0?')));
    at += minute;
    cache.plan(ask(question('1?'))).settle(usage(0, 3400));
    expect(count()).toBeGreaterThan(3000);
    at += 4 * minute;
    cache.plan(ask(question('2?'))).settle(usage(3400, 0));
    at += 4 * minute;
    expect(count()).toBeGreaterThan(3000);
    at += 2 * minute;
    expect(count()).toBe(0);
  });

  test('off: nothing is marked, hashes are kept', () => {
    const off = open(false);
    const plans = [1, 2, 3].map(() => off.plan(ask(question('x'))));
    expect(plans.flatMap(({ marks }) => marks)).toEqual([]);
    expect(plans[0]?.prefix).not.toBeNull();
  });

  test('what an earlier run saw counts', () => {
    const { prefix } = cache.plan(ask(alone('x')));
    const marksOf = (tenant: string) => {
      const next = open();
      next.recall(prefix!, at - minute, tenant);
      return next.plan(ask(alone('x'))).marks;
    };
    expect(marksOf('team')).toHaveLength(1);
    // Rows of another tenant have hashes of their own; were one alike, it would teach its own tenant only.
    expect(open().plan(ask(alone('x'))).marks).toEqual([]);
  });
});

describe('OpenAI', () => {
  const chat = (text: string, other: Partial<CachedRequest> = {}) =>
    ask(
      {
        messages: [
          { role: 'system', content: long('Rule') },
          { role: 'user', content: text },
        ],
      },
      { protocol: 'openai', takesCacheKey: true, modelId: 'openai/gpt-6-sol', model: 'gpt-6-sol', ...other },
    );
  const keyOf = (request: CachedRequest) => cache.plan(request).members['prompt_cache_key'];

  test('gets a key of the family and the tenant, which tells neither', () => {
    const key = keyOf(chat('One?'));
    expect(key).toMatch(/^nf-[\w-]{32}$/);
    expect(keyOf(chat('Two?'))).toBe(key);
    expect(keyOf(chat('Two?', { tenant: 'others' }))).not.toBe(key);
    const other = {
      messages: [
        { role: 'system', content: 'Other' },
        { role: 'user', content: 'x' },
      ],
    };
    expect(keyOf(chat('', { body: other }))).not.toBe(key);
  });

  test('keeps the client’s own key, and is sent none where the server has no such field', () => {
    const body = { ...chat('x').body, prompt_cache_key: 'mine' };
    expect(keyOf(chat('x', { body }))).toBeUndefined();
    expect(keyOf(chat('x', { takesCacheKey: false }))).toBeUndefined();
  });

  test('is told not to write ends of prompts that nobody goes on from, and where the stable part ends', () => {
    const alone = { messages: [{ role: 'user', content: long('Once') }] };
    let plan = cache.plan(chat('', { body: alone }));
    expect(plan.members['prompt_cache_options']).toEqual({ mode: 'explicit' });
    expect(plan.marks).toEqual([]);
    at += minute;
    plan = cache.plan(chat('1?'));
    expect(plan.members['prompt_cache_options']).toEqual({ mode: 'explicit' });
    expect(plan.marks).toEqual([
      {
        path: ['messages', 0, 'content'],
        member: 'prompt_cache_breakpoint',
        value: { mode: 'explicit' },
        textType: 'text',
      },
    ]);
  });

  test('marks ends itself where conversations go on', () => {
    const messages: object[] = [{ role: 'system', content: long('Rule') }];
    let members: Readonly<Record<string, unknown>> = {};
    for (let turn = 0; turn < 6; turn += 1) {
      messages.push({ role: 'user', content: long(`Turn ${turn}`) });
      ({ members } = cache.plan(chat('', { body: { messages: [...messages] } })));
      messages.push({ role: 'assistant', content: 'Yes.' });
      at += minute;
    }
    expect(members['prompt_cache_options']).toBeUndefined();
  });
});
