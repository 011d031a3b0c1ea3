import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withMember } from './spliced-body.ts';

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
