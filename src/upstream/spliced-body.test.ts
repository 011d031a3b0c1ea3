import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withInnerMembers, withMember } from './spliced-body.ts';

/** JSON of an object, written as clients do: with and without white space. */
const written = fc
  .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'))
  .map(([value, space]) => JSON.stringify(value, null, space));

describe('a member of a body', () => {
  it('is set, and every other member keeps its value and its place', () => {
    fc.assert(
      fc.property(written, fc.string(), fc.jsonValue(), (text, name, value) => {
        fc.pre(name !== '__proto__' && !text.includes('__proto__'));
        const before = JSON.parse(text) as Record<string, unknown>;
        const after = JSON.parse(withMember(text, name, value)) as Record<string, unknown>;
        expect(after).toEqual(JSON.parse(JSON.stringify({ ...before, [name]: value })));
        expect(Object.keys(after)).toEqual(Object.keys({ ...before, [name]: value }));
      }),
    );
  });

  it('changes no character outside itself', () => {
    const text = '{ "messages" : [ {"role":"user", "model":"x"} ],\n  "model"\t: "a\\"b" , "top_p":1.50 }';
    expect(withMember(text, 'model', 'gpt')).toBe(
      '{ "messages" : [ {"role":"user", "model":"x"} ],\n  "model"\t: "gpt" , "top_p":1.50 }',
    );
    expect(withMember(text, 'n', 2)).toBe(
      '{ "messages" : [ {"role":"user", "model":"x"} ],\n  "model"\t: "a\\"b" , "top_p":1.50 ,"n":2}',
    );
  });

  it('is set wherever it stands twice, for readers differ in which of them counts', () => {
    expect(withMember('{"model":"a","x":1 , "model" : null}', 'model', 'b')).toBe(
      '{"model":"b","x":1 , "model" : "b"}',
    );
  });
});

describe('members of objects inside a body', () => {
  const mark = (...path: (string | number)[]) => ({
    path,
    member: 'cache_control',
    value: { type: 'ephemeral' },
    textType: 'text',
  });
  const written = '"cache_control":{"type":"ephemeral"}';

  it('are added behind the others, and no other character changes', () => {
    const text =
      '{ "tools":[ {"b":1, "a":"]}"} , {} ],\n"messages" : [{"role":"user","content":[{"text":"\\u00e9\\"","type":"text" }]}]}';
    expect(
      withInnerMembers(text, [mark('messages', 0, 'content', 0), mark('tools', 0), mark('tools', 1)]),
    ).toBe(
      `{ "tools":[ {"b":1, "a":"]}",${written}} , {${written}} ],\n"messages" : ` +
        `[{"role":"user","content":[{"text":"\\u00e9\\"","type":"text" ,${written}}]}]}`,
    );
  });

  it('make a content block of a text, whose characters stay as they were escaped', () => {
    expect(withInnerMembers('{"system" : "a\\u00e9\\n", "x":1}', [mark('system')])).toBe(
      `{"system" : [{"type":"text","text":"a\\u00e9\\n",${written}}], "x":1}`,
    );
  });

  it('go into the last of two members of one name, as readers of JSON do', () => {
    expect(withInnerMembers('{"system":"a","system":"b"}', [mark('system')])).toBe(
      `{"system":"a","system":[{"type":"text","text":"b",${written}}]}`,
    );
  });

  it('change nothing where the path leads to no object and no text', () => {
    for (const path of [['nothing'], ['n'], ['list', 5], ['list', 'name'], ['n', 0]]) {
      const text = '{"n":1,"list":[{"a":1}]}';
      expect(withInnerMembers(text, [mark(...path)])).toBe(text);
    }
  });

  it('leave what the body says otherwise as it is', () => {
    const blocks = fc.array(
      fc.record({ type: fc.constant('text'), text: fc.string(), more: fc.jsonValue() }),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(blocks, fc.nat(), fc.constantFrom(undefined, 1), (content, at, space) => {
        const index = at % content.length;
        const text = JSON.stringify({ a: 1, messages: [{ role: 'user', content }] }, null, space);
        const marked = withInnerMembers(text, [mark('messages', 0, 'content', index)]);
        const after = JSON.parse(marked) as { messages: [{ content: Record<string, unknown>[] }] };
        const block = after.messages[0].content[index]!;
        expect(block['cache_control']).toEqual({ type: 'ephemeral' });
        delete block['cache_control'];
        expect(after).toEqual(JSON.parse(text));
      }),
    );
  });
});
