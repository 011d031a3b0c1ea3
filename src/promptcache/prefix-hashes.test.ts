import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromPrefixText, toPrefixText } from '../ledger/prefix-text.ts';
import { anthropicBlocks } from './anthropic-blocks.ts';
import { createKeyedHash } from './keyed-hash.ts';
import { hashesOf, hashPrompt } from './prefix-hashes.ts';

const key = new Uint8Array(32).fill(3);

function prefixOf(body: Record<string, unknown>, secret = key) {
  return hashPrompt(anthropicBlocks(body), 'team', createKeyedHash(secret))!.prefix;
}

/** Leading hashes that two prompts have in common. */
function common(one: string, other: string): number {
  const others = hashesOf(other);
  return hashesOf(one).findIndex((hash, index) => hash !== others[index]);
}

const lines = fc.array(fc.string({ minLength: 20, maxLength: 300 }), { minLength: 3, maxLength: 40 });

describe('hashes of a prompt', () => {
  test('agree exactly as far as two prompts do, in blocks of 64 tokens', () => {
    fc.assert(
      fc.property(lines, fc.nat(), (all, at) => {
        const index = at % all.length;
        const changed = all.with(index, `${all[index] ?? ''}!`);
        const [one, other] = [all, changed].map((system) =>
          prefixOf({ system: system.join('\n'), messages: [{ role: 'user', content: 'Hi' }] }),
        );
        const offset = all.slice(0, index).join('\n').length + (all[index]?.length ?? 0);
        const shared = common(one!.chain, other!.chain);
        // A block has at most 256 characters, and at least 64 but where a content block ends.
        expect(shared).toBeGreaterThanOrEqual(Math.max(0, Math.floor(offset / 256) - 1));
        expect(shared * 64).toBeLessThanOrEqual(offset + 256);
        expect(one!.family).not.toBe(other!.family);
      }),
    );
  });

  test('say nothing without the key, and are the same with it', () => {
    const body = { system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }] };
    expect(prefixOf(body)).toEqual(prefixOf(body));
    expect(common(prefixOf(body).chain, prefixOf(body, new Uint8Array(32)).chain)).toBe(0);
  });

  test('are bounded in number however long the prompt is, and come back from a row', () => {
    const messages = Array.from({ length: 400 }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: `${index} ${'word '.repeat(2000)}`,
    }));
    const prefix = prefixOf({ system: 'x'.repeat(100_000), messages });
    expect(hashesOf(prefix.chain).length).toBeLessThanOrEqual(160);
    expect(toPrefixText(prefix).length).toBeLessThan(3000);
    expect(fromPrefixText(prefix.family, toPrefixText(prefix))).toEqual(prefix);
  });

  test.each(['\n', ' '])(
    'of contents by themselves meet again behind a change of another length (%j)',
    (end) => {
      const rules = Array.from(
        { length: 60 },
        (_, index) => `Rule ${index}: ${'do this well '.repeat(5)}${index * 7919}`,
      ).join(end);
      const [one, other] = ['It is Monday.', 'It is a rainy Wednesday in November.'].map((day) =>
        prefixOf({ system: `${day}${end}${rules}`, messages: [{ role: 'user', content: 'Hi' }] }),
      );
      const others = new Set(hashesOf(other!.contents));
      expect(common(one!.chain, other!.chain)).toBe(0);
      expect(hashesOf(one!.contents).filter((hash) => others.has(hash)).length).toBeGreaterThan(10);
    },
  );

  test('of settings that change what follows part the messages, not the system text', () => {
    const body = { system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }] };
    const [plain, thinking] = [prefixOf(body), prefixOf({ ...body, thinking: { type: 'adaptive' } })];
    expect(thinking.family).toBe(plain.family);
    expect(common(plain.chain, thinking.chain)).toBe(1);
  });
});
