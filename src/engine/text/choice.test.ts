import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReasoningLimit } from '../calls/reasoning-splitter.ts';
import { createReplyParser, type ReplyParser } from '../calls/reply-parser.ts';
import { createChoice, type Choice, type ChoiceEnd, type ReplyPart } from './choice.ts';
import { createDetokenizer } from './detokenizer.ts';
import { createStopMatcher } from './stop-matcher.ts';

/** A vocabulary of bytes and a few longer pieces; token 0 ends the generation. */
const longer = ['', 'STOP', 'ST', 'OP', 'hello ', 'wörld', '😀'].map((text) => Buffer.from(text));
const firstByte = longer.length;
const vocabTokenCount = firstByte + 256;
const pieceOf = (token: number): Uint8Array => longer[token] ?? Uint8Array.of(token - firstByte);
const byteToken = (byte: number): number => firstByte + byte;

interface Options {
  readonly stops?: readonly string[];
  readonly maxTokenCount?: number;
  readonly topLogprobCount?: number | null;
  readonly ignoreEndOfGeneration?: boolean;
  readonly replyParser?: ReplyParser;
  readonly reasoningLimit?: ReasoningLimit;
}

/** A choice whose sampler follows a script. */
function scripted(tokens: readonly number[], options: Options = {}): Choice {
  let next = 0;
  return createChoice({
    choiceIndex: 2,
    sampler: { sample: () => tokens[next++]!, accept: () => undefined },
    detokenizer: createDetokenizer(pieceOf),
    stopMatcher: createStopMatcher(options.stops ?? []),
    replyParser: options.replyParser ?? null,
    reasoningLimit: options.reasoningLimit ?? null,
    pieceOf,
    maxTokenCount: options.maxTokenCount ?? 1_000,
    isEndOfGeneration: (token) => token === 0,
    ignoreEndOfGeneration: options.ignoreEndOfGeneration ?? false,
    topLogprobCount: options.topLogprobCount ?? null,
    grammar: null,
  });
}

const logits = Float32Array.from({ length: vocabTokenCount }, (_, token) => -token / 10);

function play(tokens: readonly number[], options: Options = {}) {
  const choice = scripted(tokens, options);
  const all: ReplyPart[] = [];
  let end: ChoiceEnd | null = null;
  for (let step = 0; step < tokens.length && end === null; step += 1) {
    const result = choice.advance(logits);
    all.push(...result.parts);
    end = result.end;
  }
  const parts = all.filter((part) => part.type === 'text-delta');
  return {
    all,
    parts,
    end,
    reasoningTokenCount: choice.reasoningTokenCount,
    text: parts.map((part) => part.text).join(''),
    logprobs: parts.flatMap((part) => part.logprobs ?? []),
    tokenCount: choice.tokenCount,
  };
}

describe('createChoice', () => {
  it('ends at an end-of-generation token, which counts and has no text', () => {
    const { text, end, tokenCount } = play([4, 5, 0]);
    expect(text).toBe('hello wörld');
    expect(end).toEqual({ type: 'choice-end', choice: 2, reason: 'stop' });
    expect(tokenCount).toBe(3);
  });

  it('goes on through it where that is asked for', () => {
    const { text, end } = play([4, 0, 5], { ignoreEndOfGeneration: true, maxTokenCount: 3 });
    expect(text).toBe('hello wörld');
    expect(end?.reason).toBe('length');
  });

  it('ends with length, and shows what was held back or unfinished', () => {
    expect(play([4, 2], { stops: ['STOP'], maxTokenCount: 2 }).text).toBe('hello ST');
    expect(play([4, byteToken(0xf0)], { maxTokenCount: 2 }).text).toBe('hello \uFFFD');
  });

  it('stops at a stop string across tokens and keeps it out of the text', () => {
    const { text, end, tokenCount } = play([4, 2, 3, 5], { stops: ['STOP'] });
    expect(text).toBe('hello ');
    expect(end).toEqual({ type: 'choice-end', choice: 2, reason: 'stop_sequence', stopSequence: 'STOP' });
    expect(tokenCount).toBe(3);
  });

  it('prefers the stop string to the length where both come with one token', () => {
    expect(play([1], { stops: ['STOP'], maxTokenCount: 1 }).end?.reason).toBe('stop_sequence');
  });

  it('reports logprobs with their text, none for stop strings and end tokens', () => {
    const stopped = play([4, 2, 3], { stops: ['STOP'], topLogprobCount: 2 });
    expect(stopped.logprobs.map((entry) => entry.token)).toEqual([4]);
    const ended = play([2, 4, 0], { stops: ['STOP'], topLogprobCount: 2 });
    expect(ended.parts.map((part) => [part.text, part.logprobs?.map((entry) => entry.token)])).toEqual([
      ['SThello ', [2, 4]],
    ]);
    const [first] = ended.logprobs;
    expect(first?.bytes).toEqual([...Buffer.from('ST')]);
    expect(first?.top.map((entry) => entry.token)).toEqual([0, 1]);
    expect(first?.logprob).toBeLessThan(first?.top[0]?.logprob ?? -Infinity);
  });

  it('gives the bytes of a split character with the character', () => {
    const bytes = [...Buffer.from('😀')].map(byteToken);
    const { parts } = play([...bytes, 4], { topLogprobCount: 0, maxTokenCount: 5 });
    expect(parts.map((part) => [part.text, part.logprobs?.map((entry) => entry.token)])).toEqual([
      ['😀', bytes],
      ['hello ', [4]],
    ]);
  });

  it('gives a token that is partly a stop string with the part that is shown', () => {
    const { text, logprobs } = play([4, 1], { stops: ['OP'], topLogprobCount: 0 });
    expect(text).toBe('hello ST');
    expect(logprobs.map((entry) => entry.token)).toEqual([4, 1]);
  });

  it('loses and repeats nothing: text and logprobs are those of the tokens before the stop', () => {
    const token = fc.oneof(
      fc.integer({ min: 1, max: firstByte - 1 }),
      fc.constantFrom(...Buffer.from('STOPaé😀')).map(byteToken),
    );
    fc.assert(
      fc.property(
        fc.array(token, { minLength: 1, maxLength: 20 }),
        fc.subarray(['STOP', 'OP', 'hel', 'd😀']),
        (tokens, stops) => {
          const { text, parts, end, logprobs, tokenCount } = play(tokens, {
            stops,
            topLogprobCount: 0,
            maxTokenCount: tokens.length,
          });
          const whole = new TextDecoder().decode(Buffer.concat(tokens.slice(0, tokenCount).map(pieceOf)));
          expect(end).not.toBeNull();
          // The token that completes a stop string may hold more text, which nobody sees.
          if (end?.reason === 'stop_sequence') expect(whole.startsWith(text + end.stopSequence!)).toBe(true);
          else expect(text).toBe(whole);
          for (const stop of stops) expect(text.includes(stop)).toBe(false);
          const shown = logprobs.map((entry) => entry.token);
          expect(tokens.slice(0, shown.length)).toEqual(shown);
          if (end?.reason === 'length') expect(shown).toEqual(tokens);
          for (const part of parts) expect(part.text !== '' || part.logprobs?.length !== 0).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  const tools = {
    tools: [{ name: 'f', description: '', parameters: {}, field: 'tools' }],
    choice: { kind: 'auto' },
    allowsParallel: true,
  } as const;
  const parser = (): ReplyParser =>
    createReplyParser({
      toolUse: tools,
      family: 'hermes',
      reasoning: { open: '<think>', close: '</think>' },
      beginsReasoning: false,
      isEnforced: () => false,
    });
  const written = (text: string): number[] => [...Buffer.from(text)].map(byteToken);

  it.each([
    // The script goes on where it was; a model would go on from the closing tag.
    ['<think>abcdefghijklmYes.', 'abcdefghijkl', 'mYes.'],
    ['<think>ab</think>Yes.', 'ab', 'Yes.'],
    ['No thoughts.', '', 'No thoughts.'],
  ])('closes reasoning at its bound, and no other: %s', (script, reasoning, answer) => {
    const reasoningLimit = { tokenCount: 12, closing: written('\n</think>\n\n') };
    const choice = scripted([...written(script), 0], { replyParser: parser(), reasoningLimit });
    const told = { 'reasoning-delta': '', 'text-delta': '' };
    for (let end: ChoiceEnd | null = null; end === null;) {
      const step = choice.advance(logits);
      ({ end } = step);
      for (const part of step.parts) {
        if (part.type === 'reasoning-delta' || part.type === 'text-delta') told[part.type] += part.text;
      }
    }
    expect(told).toEqual({ 'reasoning-delta': reasoning, 'text-delta': answer });
  });

  it('takes reasoning and calls apart, counts the one and ends for the other', () => {
    const call = '<tool_call>{"name":"f","arguments":{"é":1}}</tool_call>';
    const { all, end, reasoningTokenCount, tokenCount } = play(
      [...written(`<think>hm</think>a\n${call}`), 0],
      { replyParser: parser() },
    );
    expect(all.map((part) => part.type)).toEqual([
      'reasoning-delta',
      'reasoning-delta',
      'text-delta',
      'tool-call-start',
      'tool-call-delta',
      'tool-call-end',
    ]);
    expect(all[3]).toMatchObject({
      choice: 2,
      call: 0,
      name: 'f',
      id: expect.stringMatching(/^call_\w+$/) as string,
    });
    expect(all[4]).toMatchObject({ arguments: '{"é":1}' });
    expect(end).toEqual({ type: 'choice-end', choice: 2, reason: 'tool_calls' });
    // The closing tag is drawn inside the reasoning, the opening one before it.
    expect(reasoningTokenCount).toBe('hm</think>'.length);
    expect(tokenCount).toBeGreaterThan(reasoningTokenCount!);
  });

  it('reports the logprobs of all tokens, those of calls included, and cuts a call short at the bound', () => {
    const tokens = written('<tool_call>{"name":"f"');
    const { logprobs, end, text } = play(tokens, {
      replyParser: parser(),
      topLogprobCount: 0,
      maxTokenCount: tokens.length,
    });
    expect(logprobs.map((entry) => entry.token)).toEqual(tokens);
    expect(text).toBe('<tool_call>{"name":"f"');
    expect(end?.reason).toBe('length');
  });
});
