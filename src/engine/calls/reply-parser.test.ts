import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolUse } from '../../chat/tool.ts';
import { createReplyParser, type ReplyEvent, type ReplyParserSetup } from './reply-parser.ts';
import type { ToolFamily } from './tool-family.ts';

const families: readonly ToolFamily[] = [
  ...['hermes', 'llama', 'mistral', 'mistral-named', 'gemma', 'generic'],
  ...['deepseek', 'deepseek-named', 'granite', 'phi'],
] as ToolFamily[];

function tools(allowsParallel = true): ToolUse {
  const tool = (name: string) => ({ name, description: '', parameters: { type: 'object' }, field: 'tools' });
  return { tools: ['weather', 'time.now'].map(tool), choice: { kind: 'auto' }, allowsParallel };
}

function setup(family: ToolFamily, changes: Partial<ReplyParserSetup> = {}): ReplyParserSetup {
  return {
    toolUse: tools(),
    family,
    reasoning: null,
    beginsReasoning: false,
    isEnforced: () => false,
    ...changes,
  };
}

/** What became of a text that came in these pieces; neighbouring pieces of one kind joined. */
function read(pieces: readonly string[], given: ReplyParserSetup): ReplyEvent[] {
  const parser = createReplyParser(given);
  const events = [...pieces.flatMap((piece) => [...parser.push(piece)]), ...parser.flush()];
  const joined: ReplyEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if ('text' in event && last !== undefined && 'text' in last && last.type === event.type) {
      joined[joined.length - 1] = { type: event.type, text: last.text + event.text };
    } else joined.push(event);
  }
  return joined;
}

const text = (value: string): ReplyEvent => ({ type: 'text', text: value });
const call = (name: string, json: string): ReplyEvent[] => [
  { type: 'call', name },
  { type: 'arguments', text: json },
  { type: 'call-end' },
];
const paris = '{"city": "Paris"}';
const weather = call('weather', paris);

describe('calls of each family', () => {
  it.each<[ToolFamily, string, ReplyEvent[]]>([
    ['hermes', `<tool_call>\n{"name": "weather", "arguments": ${paris}}\n</tool_call>`, weather],
    ['hermes', `<tool_call>{"arguments": ${paris}, "name": "weather"}</tool_call>`, weather],
    ['hermes', `<tool_call>\n{"name": "weather", "arguments": ${paris}}`, weather],
    [
      'hermes',
      `Let me look.\n\n<tool_call>{"name":"weather","arguments":${paris}}</tool_call>\n<tool_call>{"name":"time.now"}</tool_call>\n Done.`,
      [text('Let me look.'), ...weather, ...call('time.now', '{}'), text('Done.')],
    ],
    ['hermes', `{"name": "weather", "arguments": ${paris}}`, weather],
    [
      'hermes',
      '<tool_call>{"name":"weather","arguments":"{\\"city\\":\\"Rome\\"}"}</tool_call>',
      call('weather', '{"city":"Rome"}'),
    ],
    [
      'generic',
      `<tool_call>{"type":"function","function":{"name":"weather","arguments":${paris}}}</tool_call>`,
      weather,
    ],
    [
      'generic',
      `Sure:\n\`\`\`json\n{"name": "weather", "arguments": ${paris}}\n\`\`\`\nDone`,
      [text('Sure:'), ...weather, text('Done')],
    ],
    ['llama', `{"name": "weather", "parameters": ${paris}}`, weather],
    [
      'llama',
      `<|python_tag|>{"type": "function", "name": "weather", "parameters": ${paris}}; {"name": "time.now", "parameters": {}}`,
      [...weather, ...call('time.now', '{}')],
    ],
    [
      'llama',
      '<|python_tag|>weather.call(city="Paris", days=3)',
      call('weather', '{"city":"Paris","days":3}'),
    ],
    ['llama', `<function=weather>${paris}</function>`, weather],
    [
      'mistral',
      `[TOOL_CALLS][{"name": "weather", "arguments": ${paris}}, {"name": "time.now", "arguments": {}, "id": "abcdefghi"}]`,
      [...weather, ...call('time.now', '{}')],
    ],
    [
      'mistral',
      `Yes.[TOOL_CALLS]weather[ARGS]${paris}[TOOL_CALLS]time.now[CALL_ID]abc[ARGS]{}`,
      [text('Yes.'), ...weather, ...call('time.now', '{}')],
    ],
    ['gemma', `{"name": "weather", "parameters": ${paris}}`, weather],
    [
      'gemma',
      '```tool_code\nprint(default_api.weather(city=\'Paris\', tags=["a", None], at={"x": -1.5}, ok=True))\n```',
      call('weather', '{"city":"Paris","tags":["a",null],"at":{"x":-1.5},"ok":true}'),
    ],
    [
      'gemma',
      '[weather(city="Paris"), time.now()]',
      [...call('weather', '{"city":"Paris"}'), ...call('time.now', '{}')],
    ],
    ['gemma', `\`\`\`json\n{"name": "weather", "parameters": ${paris}}\n\`\`\``, weather],
    [
      'deepseek',
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n\`\`\`json\n${paris}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
      weather,
    ],
    [
      'deepseek',
      `I look.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n\`\`\`json\n${paris}\n\`\`\`<｜tool▁call▁end｜>\n` +
        '<｜tool▁call▁begin｜>function<｜tool▁sep｜>time.now\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      [text('I look.'), ...weather, ...call('time.now', '{}')],
    ],
    ['deepseek', `<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n\`\`\`json\n${paris}\n\`\`\``, weather],
    [
      'deepseek-named',
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>${paris}<｜tool▁call▁end｜>` +
        '<｜tool▁call▁begin｜>time.now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      [...weather, ...call('time.now', '{}')],
    ],
    ['granite', `<|tool_call|>[{"name": "weather", "arguments": ${paris}}]`, weather],
    [
      'granite',
      `<|tool_call|> [{"name": "weather", "arguments": ${paris}}, {"name": "time.now", "arguments": {}}]\n`,
      [...weather, ...call('time.now', '{}')],
    ],
    ['granite', `<tool_call>[{"arguments": ${paris}, "name": "weather"}]`, weather],
    ['phi', `<|tool_call|>[{"name": "weather", "arguments": ${paris}}]<|/tool_call|>`, weather],
    [
      'phi',
      `<|tool_call|>{"name": "weather", "arguments": ${paris}}<|/tool_call|><|tool_call|>{"name": "time.now", "arguments": {}}<|/tool_call|>`,
      [...weather, ...call('time.now', '{}')],
    ],
    ['phi', `Well: functools[{"name": "weather", "arguments": ${paris}}]`, [text('Well:'), ...weather]],
  ])('%s: %s', (family, reply, expected) => {
    expect(read([reply], setup(family))).toEqual(expected);
    expect(read(Array.from(reply), setup(family))).toEqual(expected);
  });
});

describe('what is no call is text, as it stands', () => {
  it.each<[ToolFamily, string]>([
    ['hermes', '<tool_call>'],
    ['hermes', '<tool_call>{"name": "weather", "arguments": {"city": '],
    ['hermes', ' <tool_call>{"name": "unknown", "arguments": {}}</tool_call>\n'],
    ['hermes', '<tool_call>{"name": "weather", "arguments": [1]}</tool_call>'],
    ['hermes', '<tool_call>{"name": "weather", "arguments": {"a": 01}}</tool_call> and on'],
    ['hermes', 'It is <b>5 < 6</b>, and <tool_ca'],
    ['hermes', 'Not first: {"name": "weather", "arguments": {}}'],
    ['hermes', '{"name": "Anna", "age": 5}'],
    ['hermes', '   \n'],
    ['llama', '<|python_tag|>import os'],
    ['llama', '{"name": "weather"'],
    ['mistral', '[TOOL_CALLS] [] and [TOOL_CALLS]weather{'],
    ['gemma', '```python\nprint(1 + 2)\n```'],
    ['gemma', '[1, 2]'],
    ['gemma', '```tool_code\nweather("Paris")\n```'],
    ['generic', '```json\n{"a": 1}\n```'],
    ['deepseek', '<｜tool▁calls▁begin｜><｜tool▁calls▁end｜>'],
    ['deepseek', '<｜tool▁call▁begin｜>function<｜tool▁sep｜>other\n```json\n{}\n```<｜tool▁call▁end｜>'],
    ['deepseek-named', '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": '],
    ['granite', '<|tool_call|>[]'],
    ['phi', 'functools[1] and <|tool_call|>'],
  ])('%s: %s', (family, reply) => {
    expect(read([reply], setup(family))).toEqual([text(reply)]);
  });

  it('is found behind a false start', () => {
    const reply = `<tool_call> <tool_call>{"name": "weather", "arguments": ${paris}}</tool_call>`;
    expect(read([reply], setup('hermes'))).toEqual([text('<tool_call>'), ...weather]);
  });

  it('keeps the whole calls before a malformed one', () => {
    const reply = `[TOOL_CALLS][{"name": "weather", "arguments": ${paris}}, {"name": 5}]`;
    expect(read([reply], setup('mistral'))).toEqual([...weather, text(', {"name": 5}]')]);
  });

  it('holds where no parallel calls were allowed: the second is text', () => {
    const one = `<tool_call>{"name": "weather", "arguments": ${paris}}</tool_call>`;
    expect(read([one + one], setup('hermes', { toolUse: tools(false) }))).toEqual([...weather, text(one)]);
  });

  it.each<[ToolFamily, string, string]>([
    ['mistral', `[TOOL_CALLS][{"name": "weather", "arguments": ${paris}}`, ', {"name": "time.now"}]'],
    [
      'hermes',
      `<tool_call>[{"name": "weather", "arguments": ${paris}}`,
      ', {"name": "time.now"}]</tool_call>',
    ],
    ['llama', `{"name": "weather", "parameters": ${paris}}`, '; {"name": "time.now", "parameters": {}}'],
    ['gemma', '```tool_code\nweather(city="Paris")\n', 'time.now()\n```'],
    [
      'deepseek-named',
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>${paris}`,
      '<｜tool▁call▁end｜><｜tool▁call▁begin｜>time.now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    ],
    ['granite', `<|tool_call|>[{"name": "weather", "arguments": ${paris}}`, ', {"name": "time.now"}]'],
  ])('holds within one frame too: %s', (family, first, rest) => {
    const events = read([first + rest], setup(family, { toolUse: tools(false) }));
    expect(events.map((event) => event.type)).toEqual(['call', 'arguments', 'call-end', 'text']);
    expect(events.at(-1)).toEqual(text(rest));
  });
});

describe('a call behind an opener after which a grammar holds', () => {
  const enforced = setup('hermes', { isEnforced: () => true });

  it('goes out as it is written', () => {
    const parser = createReplyParser(enforced);
    expect(parser.push('<tool_call>\n{"name": "weather", "arguments": {"ci')).toEqual([
      { type: 'call', name: 'weather' },
      { type: 'arguments', text: '{"ci' },
    ]);
    expect(parser.push('ty": "Pa')).toEqual([{ type: 'arguments', text: 'ty": "Pa' }]);
    expect(parser.push('ris"}}')).toEqual([{ type: 'arguments', text: 'ris"}' }, { type: 'call-end' }]);
    expect(parser.flush()).toEqual([]);
    expect(parser.callCount).toBe(1);
  });

  it('stays open where the answer is cut short', () => {
    const reply = '<tool_call>\n{"name": "weather", "arguments": {"city": "Pa';
    expect(read([reply], enforced)).toEqual([
      { type: 'call', name: 'weather' },
      { type: 'arguments', text: '{"city": "Pa' },
    ]);
  });
});

describe('reasoning', () => {
  const think = { open: '<think>', close: '</think>' };
  const thinking = setup('hermes', { reasoning: think });
  const reasoning = (value: string): ReplyEvent => ({ type: 'reasoning', text: value });

  it.each<[string, boolean, ReplyEvent[]]>([
    ['<think>\nHm, 1 < 2.\n</think>\n\nYes.', false, [reasoning('Hm, 1 < 2.'), text('Yes.')]],
    ['Hm.\n</think>\nYes.', true, [reasoning('Hm.'), text('Yes.')]],
    ['\n\n</think>\n\nYes.', true, [text('Yes.')]],
    ['<think> cut sho</th', false, [reasoning('cut sho</th')]],
    ['I <think> so.', false, [text('I <think> so.')]],
    ['<thi', false, [text('<thi')]],
    // These tags have no tags of the answer.
    ['<think>a</think><response>b', false, [reasoning('a'), text('<response>b')]],
    [
      `<think>a <tool_call>b</think>\n<tool_call>{"name": "weather", "arguments": ${paris}}</tool_call>`,
      false,
      [reasoning('a <tool_call>b'), ...weather],
    ],
  ])('%j', (reply, beginsReasoning, expected) => {
    expect(read([reply], { ...thinking, beginsReasoning })).toEqual(expected);
    expect(read(Array.from(reply), { ...thinking, beginsReasoning })).toEqual(expected);
  });

  it.each<[string, ReplyEvent[]]>([
    [
      '<think>Hm.</think><response>\nYes, <b>1</b>.\n</response>\n',
      [reasoning('Hm.'), text('Yes, <b>1</b>.\n')],
    ],
    ['<think>Hm.</think>\n\nYes </resp', [reasoning('Hm.'), text('Yes </resp')]],
    ['<think>Hm.</think><response>cut </resp', [reasoning('Hm.'), text('cut </resp')]],
    ['<think>Hm.</think><response> </response>', [reasoning('Hm.')]],
    ['Yes.</response>', [text('Yes.</response>')]],
    [
      `<think>Hm.</think><response><|tool_call|>[{"name": "weather", "arguments": ${paris}}]</response>`,
      [reasoning('Hm.'), ...weather],
    ],
  ])('of Granite, with tags around the answer: %j', (reply, expected) => {
    const answer = { open: '<response>', close: '</response>' };
    const granite = setup('granite', { reasoning: { ...think, answer } });
    expect(read([reply], granite)).toEqual(expected);
    expect(read(Array.from(reply), granite)).toEqual(expected);
  });

  it('knows whether it is under way', () => {
    const parser = createReplyParser(thinking);
    const states = ['<thi', 'nk>', 'a', '</think>', 'b'].map((piece) => {
      parser.push(piece);
      return parser.isReasoning;
    });
    expect(states).toEqual([false, true, true, false, false]);
  });
});

describe('any text, cut anywhere', () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      '<tool_call>',
      '</tool_call>',
      '[TOOL_CALLS]',
      '<|python_tag|>',
      '<function=',
      '```',
      '```tool_code\n',
      '<think>',
      '</think>',
      '<response>',
      '</response>',
      '<｜tool▁calls▁begin｜>',
      '<｜tool▁call▁begin｜>',
      'function<｜tool▁sep｜>weather\n```json\n',
      '<｜tool▁call▁end｜>',
      '<｜tool▁calls▁end｜>',
      '<|tool_call|>',
      '<|/tool_call|>',
      'functools[',
      `{"name": "weather", "arguments": ${paris}}`,
      '{"name": "time.now", "parameters": {"a": [1, {"b": "\\u00e9😀"}]}}',
      '{"name": "',
      '"arguments": {',
      'weather(city="Paris")',
      'weather[ARGS]{"a": null}',
      ', ',
      '; ',
      '\n',
      ' ',
      '[',
      ']',
      '}',
    ),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  );
  const replies = fc.array(fragment, { maxLength: 10 }).map((parts) => parts.join(''));

  it('gives the same parts', () => {
    fc.assert(
      fc.property(
        replies,
        fc.constantFrom(...families),
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.nat(12), { maxLength: 30 }),
        (reply, family, thinks, isEnforced, lengths) => {
          const given = setup(family, {
            reasoning: thinks
              ? { open: '<think>', close: '</think>', answer: { open: '<response>', close: '</response>' } }
              : null,
            isEnforced: () => isEnforced,
          });
          const characters = Array.from(reply);
          const pieces = lengths.map((length) => characters.splice(0, length).join(''));
          expect(read([...pieces, characters.join('')], given)).toEqual(read([reply], given));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('loses nothing but syntax: without calls every character comes back', () => {
    fc.assert(
      fc.property(replies, fc.constantFrom(...families), (reply, family) => {
        const events = read([reply], setup(family));
        if (events.some((event) => event.type === 'call')) {
          for (const event of events) {
            if (event.type === 'arguments') expect(typeof JSON.parse(event.text)).toBe('object');
          }
          const ended = events.filter((event) => event.type === 'call-end').length;
          expect(events.filter((event) => event.type === 'call').length).toBe(ended);
        } else {
          expect(events).toEqual(reply === '' ? [] : [text(reply)]);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
