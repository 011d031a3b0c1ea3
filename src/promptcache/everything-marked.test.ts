import { describe, expect, test } from 'vitest';
import { anthropicBlocks } from './anthropic-blocks.ts';
import { anthropicRules, openaiRules, type CacheRules } from './cache-rules.ts';
import { createEverythingMarked, markedByClients } from './everything-marked.ts';
import { createKeyedHash } from './keyed-hash.ts';
import { openaiBlocks } from './openai-blocks.ts';
import { hashPrompt, type HashedBlock } from './prefix-hashes.ts';

const price = {
  currency: 'USD',
  promptMicrosPerMillion: 5_000_000,
  cachedMicrosPerMillion: 500_000,
  completionMicrosPerMillion: 25_000_000,
  cacheWriteMicrosPerMillion: 6_250_000,
};
const anthropic = anthropicRules('claude-opus-5', price)!;
const openai = openaiRules('gpt-6-sol', price)!;
const minute = 60_000;
const hash = createKeyedHash(new Uint8Array(32));
const long = (name: string): string => `${name} says a lot. `.repeat(400);
const user = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] });
const assistant = (text: string) => ({ role: 'assistant', content: [{ type: 'text', text }] });

function blocksOf(body: Record<string, unknown>, rules: CacheRules): readonly HashedBlock[] {
  const prompt = rules === anthropic ? anthropicBlocks(body) : openaiBlocks(body);
  return hashPrompt(prompt, 'team', hash)?.blocks ?? [];
}

function prompt(body: Record<string, unknown>, rules: CacheRules) {
  const blocks = blocksOf(body, rules);
  const places = blocks.map(({ endTokenCount }, index) => ({ tokenCount: endTokenCount, position: index }));
  return { modelId: 'm', blocks, places, tokenCount: blocks.at(-1)?.endTokenCount ?? 0, rules };
}

describe('everything marked', () => {
  test('is at Anthropic the last tool, the system text and the last two turns of the user', () => {
    const tool = (name: string) => ({ name, description: 'Does.', input_schema: {} });
    const result = { type: 'tool_result', tool_use_id: 'a', content: 'Done' };
    const body = {
      tools: [tool('a'), tool('b')],
      system: 'Rules',
      messages: [
        user('One'),
        assistant('Yes'),
        { role: 'user', content: [result, { type: 'text', text: 'Two' }] },
        assistant('No'),
        { role: 'user', content: [result] },
      ],
    };
    const blocks = blocksOf(body, anthropic);
    expect(markedByClients(blocks, anthropic).map((index) => blocks[index]?.path.join('.'))).toEqual([
      'tools.1',
      'system',
      'messages.2.content.1',
      'messages.4.content.0',
    ]);
    expect(markedByClients(blocks, openai)).toEqual([blocks.length - 1]);
  });

  test('writes what is new and reads what it holds, for five minutes from its last use', () => {
    const everything = createEverythingMarked();
    const first = { system: long('System'), messages: [user(long('One'))] };
    const next = { ...first, messages: [...first.messages, assistant('Yes'), user(long('Two'))] };
    const [one, two] = [prompt(first, anthropic), prompt(next, anthropic)];
    expect(everything.ask(one, 0).cost).toBeCloseTo(1.25 * one.tokenCount);
    expect(everything.ask(two, 4 * minute).cost).toBeCloseTo(
      0.1 * one.tokenCount + 1.25 * (two.tokenCount - one.tokenCount),
    );
    // Used four minutes ago.
    expect(everything.ask(one, 8 * minute).cost).toBeCloseTo(0.1 * one.tokenCount);
    expect(everything.ask(one, 14 * minute).cost).toBeCloseTo(1.25 * one.tokenCount);
  });

  test('costs what it costs unmarked where the prompt is too short', () => {
    const short = prompt({ system: 'Rules', messages: [user('Hi')] }, anthropic);
    expect(createEverythingMarked().ask(short, 0).cost).toBe(short.tokenCount);
  });

  test('is at OpenAI held for half an hour', () => {
    const everything = createEverythingMarked();
    const messages = [
      { role: 'system', content: long('System') },
      { role: 'user', content: 'One?' },
    ];
    const first = prompt({ messages }, openai);
    const next = prompt(
      { messages: [...messages, { role: 'assistant', content: 'Yes.' }, { role: 'user', content: 'Two?' }] },
      openai,
    );
    expect(everything.ask(first, 0).cost).toBeCloseTo(1.25 * first.tokenCount);
    expect(everything.ask(next, 29 * minute).cost).toBeCloseTo(
      0.1 * first.tokenCount + 1.25 * (next.tokenCount - first.tokenCount),
    );
    expect(everything.ask(next, 70 * minute).cost).toBeCloseTo(1.25 * next.tokenCount);
  });

  test('holds nothing of what was refused, and keeps what others asked meanwhile', () => {
    const everything = createEverythingMarked();
    const one = prompt({ system: long('System'), messages: [user('One?')] }, anthropic);
    everything.ask(one, 0).undo();
    expect(everything.ask(one, minute).cost).toBeCloseTo(1.25 * one.tokenCount);
    const refused = everything.ask(one, 2 * minute);
    everything.ask(one, 3 * minute);
    refused.undo();
    expect(everything.ask(one, 7 * minute).cost).toBeCloseTo(0.1 * one.tokenCount);
  });
});
