import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolUse } from '../../chat/tool.ts';
import { createHarmonyParser, type HarmonySetup } from './harmony-parser.ts';
import type { ReplyEvent } from './reply-parser.ts';

/** Streams as openai/harmony's docs/format.md shows them. */

function tools(allowsParallel = true): ToolUse {
  const tool = (name: string) => ({ name, description: '', parameters: { type: 'object' }, field: 'tools' });
  return { tools: ['weather', 'time.now'].map(tool), choice: { kind: 'auto' }, allowsParallel };
}

const usual: HarmonySetup = { toolUse: tools(), beginsInMessage: false, isEnforced: () => false };

function read(pieces: readonly string[], changes: Partial<HarmonySetup> = {}): ReplyEvent[] {
  const parser = createHarmonyParser({ ...usual, ...changes });
  const joined: ReplyEvent[] = [];
  for (const event of [...pieces.flatMap((piece) => [...parser.push(piece)]), ...parser.flush()]) {
    const last = joined.at(-1);
    if ('text' in event && last !== undefined && 'text' in last && last.type === event.type)
      joined[joined.length - 1] = { type: event.type, text: last.text + event.text };
    else joined.push(event);
  }
  return joined;
}

const text = (value: string): ReplyEvent => ({ type: 'text', text: value });
const reasoning = (value: string): ReplyEvent => ({ type: 'reasoning', text: value });
const call = (name: string, json: string): ReplyEvent[] => [
  { type: 'call', name },
  { type: 'arguments', text: json },
  { type: 'call-end' },
];
const paris = '{"city": "Paris"}';
const toWeather = '<|channel|>commentary to=functions.weather <|constrain|>json<|message|>';

const streams: readonly (readonly [what: string, stream: string, events: readonly ReplyEvent[]])[] = [
  [
    'thoughts and an answer',
    '<|channel|>analysis<|message|>User asks: 2+2. Simple.<|end|><|start|>assistant<|channel|>final<|message|>2 + 2 = 4.<|return|>',
    [reasoning('User asks: 2+2. Simple.'), text('2 + 2 = 4.')],
  ],
  [
    'thoughts and a call, whose last word is no text',
    `<|channel|>analysis<|message|>Need to use weather.<|end|><|start|>assistant${toWeather}${paris}`,
    [reasoning('Need to use weather.'), ...call('weather', paris)],
  ],
  [
    'the recipient before the channel, as templates write it',
    ` to=functions.weather<|channel|>commentary json<|message|>${paris}<|call|>`,
    call('weather', paris),
  ],
  [
    'a preamble, then two calls',
    `<|channel|>commentary<|message|>**Plan**: ask twice.<|end|><|start|>assistant${toWeather}${paris}<|call|>` +
      '<|start|>assistant<|channel|>commentary to=functions.time.now <|constrain|>json<|message|>{}<|call|>',
    [text('**Plan**: ask twice.'), ...call('weather', paris), ...call('time.now', '{}')],
  ],
  [
    'a constrained final message',
    '<|channel|>final <|constrain|>json<|message|>{"a": 1}<|return|>',
    [text('{"a": 1}')],
  ],
  [
    'thoughts twice, and what looks like a word and is none',
    '<|channel|>analysis<|message|>a < b, <|x|> <|<|end|><|start|>assistant<|channel|>analysis<|message|>More.<|end|>' +
      '<|start|>assistant<|channel|>final<|message|>if (a <| b) <',
    [reasoning('a < b, <|x|> <|\n\nMore.'), text('if (a <| b) <')],
  ],
  ['a form without a header', '{"a": "<b>"}', [text('{"a": "<b>"}')]],
  ['a model that knows no headers', ' Hello <b>you</b>', [text(' Hello <b>you</b>')]],
  ['nothing behind a header', '<|channel|>final', []],
];

describe('an answer in messages', () => {
  it.each(streams)('%s', (_what, stream, events) => {
    expect(read([stream])).toEqual(events);
    expect(read(Array.from(stream))).toEqual(events);
  });

  it.each([
    ['of an unknown tool', `<|channel|>commentary to=functions.other<|message|>${paris}`],
    ['to a tool of the format', '<|channel|>commentary to=python<|message|>print(1)'],
    ['that is no object', `${toWeather}[1]`],
    ['that is cut short', `${toWeather}{"city": "Pa`],
  ])('leaves a call %s as it stands', (_what, stream) => {
    expect(read([stream])).toEqual([text(stream)]);
    expect(read(Array.from(stream))).toEqual([text(stream)]);
  });

  it('takes no call where none was offered, and one where one was allowed', () => {
    const one = `${toWeather}${paris}`;
    expect(read([one], { toolUse: null })).toEqual([text(one)]);
    const two = read([`${one}<|call|><|start|>assistant${one}`], { toolUse: tools(false) });
    expect(two.filter(({ type }) => type === 'call')).toHaveLength(1);
    expect(two.at(-1)).toMatchObject({ type: 'text' });
  });

  it('gives arguments as they come where a grammar holds, and leaves a call open that is cut short', () => {
    const parser = createHarmonyParser({ ...usual, isEnforced: () => true });
    expect(parser.push(`${toWeather}{"ci`)).toEqual([
      { type: 'call', name: 'weather' },
      { type: 'arguments', text: '{"ci' },
    ]);
    expect(parser.push('ty": "Pa')).toEqual([{ type: 'arguments', text: 'ty": "Pa' }]);
    expect(parser.push('ris"}')).toEqual([{ type: 'arguments', text: 'ris"}' }, { type: 'call-end' }]);
    expect(parser.callCount).toBe(1);
    expect(read([`${toWeather}{"city": "Pa`], { isEnforced: () => true }).map(({ type }) => type)).toEqual([
      'call',
      'arguments',
    ]);
  });

  it('goes on in the message that the prompt has begun', () => {
    const stream = ' and so on.<|end|><|start|>assistant<|channel|>final<|message|>More.';
    expect(read([stream], { beginsInMessage: true })).toEqual([text(' and so on.\n\nMore.')]);
  });

  it('knows whether it reasons', () => {
    const parser = createHarmonyParser(usual);
    const states = ['<|channel|>', 'analysis', '<|message|>', 'a', '<|end|>', '<|start|>assistant'].map(
      (piece) => {
        parser.push(piece);
        return parser.isReasoning;
      },
    );
    expect(states).toEqual([false, false, true, true, false, false]);
  });
});

describe('any messages, cut anywhere', () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      '<|channel|>analysis<|message|>',
      '<|channel|>final<|message|>',
      toWeather,
      ' to=functions.time.now<|channel|>commentary json<|message|>',
      '<|start|>assistant',
      '<|end|>',
      '<|call|>',
      '<|',
      '<',
      paris,
      '{"a": [1, {"b": "\\u00e9😀<|end|>"}]}',
      '{"a": ',
      ' ',
      '\n',
    ),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  );
  const replies = fc.array(fragment, { maxLength: 10 }).map((parts) => parts.join(''));

  it('give the same parts, and every call is whole', () => {
    fc.assert(
      fc.property(
        replies,
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.nat(12), { maxLength: 30 }),
        (reply, beginsInMessage, isEnforced, lengths) => {
          const given = { beginsInMessage, isEnforced: () => isEnforced };
          const characters = Array.from(reply);
          const pieces = lengths.map((length) => characters.splice(0, length).join(''));
          const events = read([reply], given);
          expect(read([...pieces, characters.join('')], given)).toEqual(events);
          if (isEnforced) return;
          for (const event of events)
            if (event.type === 'arguments') expect(typeof JSON.parse(event.text)).toBe('object');
          const count = (type: string): number => events.filter((event) => event.type === type).length;
          expect(count('call')).toBe(count('call-end'));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
