import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ToolUse } from '../../chat/tool.ts';
import { createHarmonyParser } from '../calls/harmony-parser.ts';
import { harmonyForm, harmonyTags } from '../calls/harmony.ts';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import { controlMarks } from '../grammar/gbnf.ts';
import { createReplyParser, type ReplyEvent } from '../calls/reply-parser.ts';
import type { ToolFamily } from '../calls/tool-family.ts';
import { toolGrammar, type ToolGrammarSetup } from '../calls/tool-grammar.ts';
import { createRandom } from '../sampling/random.ts';
import { createAnswerGrammar, type AnswerGrammar } from '../text/answer-grammar.ts';
import { createGrammarWalk } from './testing/grammar-walk.ts';
import { openTiny, type TinyModel } from './testing/open-tiny.ts';

/** What the grammars of tools let a model write, with the real library, is what the parser reads. */

let tiny: TinyModel;
beforeAll(async () => {
  tiny = await openTiny('dense');
  await tiny.model.grammars.prepare('root ::= "x"');
});
afterAll(() => {
  tiny.close();
});

const parameters = {
  type: 'object',
  properties: {
    city: { type: 'string', maxLength: 8 },
    days: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 7 }, maxItems: 3 },
  },
  required: ['city'],
  additionalProperties: false,
};
const fits = new Ajv2020().compile(parameters);
const noParameters = { type: 'object', properties: {}, additionalProperties: false };

function toolsOf(choice: ToolUse['choice'], allowsParallel = true): ToolUse {
  return {
    tools: [
      { name: 'weather', description: '', parameters, field: 'tools[0]' },
      { name: 'now', description: '', parameters: noParameters, field: 'tools[1]' },
    ],
    choice,
    allowsParallel,
  };
}

function setupOf(family: ToolFamily, changes: Partial<ToolGrammarSetup> = {}): ToolGrammarSetup {
  return { family, reasoning: null, beginsReasoning: false, controls: [], ...changes };
}

function read(text: string, toolUse: ToolUse, setup: ToolGrammarSetup): readonly ReplyEvent[] {
  const { family, reasoning, beginsReasoning } = setup;
  const isEnforced = (): boolean => true;
  const parser =
    family === 'harmony'
      ? createHarmonyParser({ toolUse, beginsInMessage: false, isEnforced })
      : createReplyParser({ toolUse, family, reasoning, beginsReasoning, isEnforced });
  return [...parser.push(text), ...parser.flush()];
}

const think = { open: '<think>', close: '</think>' };
const families: readonly ToolFamily[] = [
  ...['hermes', 'llama', 'mistral', 'mistral-named', 'gemma', 'generic'],
  ...['deepseek', 'deepseek-named', 'granite', 'phi', 'harmony'],
] as ToolFamily[];

describe.each(families)('%s', (family) => {
  it.each<[string, ToolUse, Partial<ToolGrammarSetup>]>([
    ['required', toolsOf({ kind: 'required' }), {}],
    ['required, one call', toolsOf({ kind: 'required' }, false), {}],
    ['named', toolsOf({ kind: 'named', name: 'weather' }), {}],
    ['behind a trigger', toolsOf({ kind: 'auto' }), {}],
  ])('%s: only calls, whole and right', (_what, toolUse, changes) => {
    const setup = setupOf(family, changes);
    const walk = createGrammarWalk(tiny.model, toolGrammar(toolUse, setup));
    const random = createRandom(7);
    const names = new Set<string>();
    for (let run = 0; run < 15; run++) {
      const text = walk.walk(random) ?? '';
      const events = read(text, toolUse, setup);
      const calls = events.filter((event) => event.type === 'call');
      expect(calls.length, text).toBeGreaterThan(0);
      if (!toolUse.allowsParallel) expect(calls).toHaveLength(1);
      expect(events.filter((event) => event.type === 'call-end')).toHaveLength(calls.length);
      expect(events.some((event) => event.type === 'text')).toBe(false);
      let name = '';
      for (const event of events) {
        if (event.type === 'call') names.add((name = event.name));
        if (event.type !== 'arguments') continue;
        const value: unknown = JSON.parse(event.text);
        if (name === 'weather') expect(fits(value), event.text).toBe(true);
        else expect(value).toEqual({});
      }
    }
    expect([...names].sort()).toEqual(toolUse.choice.kind === 'named' ? ['weather'] : ['now', 'weather']);
  });

  it.runIf(family !== 'harmony')('lets a model reason before it calls', () => {
    const toolUse = toolsOf({ kind: 'named', name: 'now' });
    const plain = createGrammarWalk(tiny.model, toolGrammar(toolUse, setupOf(family)));
    const setup = setupOf(family, { reasoning: think });
    const thoughtful = createGrammarWalk(tiny.model, toolGrammar(toolUse, setup));
    const call = plain.walk(createRandom(1)) ?? '';
    for (const text of [call, `<think>\nHm, 1 < 2.\n</think>\n\n${call}`]) {
      expect(thoughtful.accepts(text)).toBe(true);
      const called = read(text, toolUse, setup).filter((event) => event.type !== 'reasoning');
      expect(called[0]).toEqual({ type: 'call', name: 'now' });
    }
    expect(thoughtful.accepts(`<think>Hm.${call}`)).toBe(false);
    expect(plain.accepts(`<think></think>\n\n${call}`)).toBe(false);
  });

  it('begins with the closing tag where the prompt opened the reasoning', () => {
    const grammar = toolGrammar(
      toolsOf({ kind: 'named', name: 'now' }),
      setupOf(family, { reasoning: think, beginsReasoning: true }),
    );
    expect(grammar.triggers).toEqual(['</think>']);
    expect(createGrammarWalk(tiny.model, grammar).walk(createRandom(1))).toMatch(/^<\/think>\n\n/);
  });
});

describe('messages with channels', () => {
  it('may begin with thoughts, and end with the call', () => {
    const toolUse = toolsOf({ kind: 'named', name: 'now' });
    const setup = setupOf('harmony', { reasoning: harmonyTags });
    const walk = createGrammarWalk(tiny.model, toolGrammar(toolUse, setup));
    const call = '<|channel|>commentary to=functions.now <|constrain|>json<|message|>{}';
    const thought = '<|channel|>analysis<|message|>Hm, 1 < 2.<|end|><|start|>assistant';
    for (const text of [call, thought + call]) {
      expect(walk.accepts(text)).toBe(true);
      expect(read(text, toolUse, setup).filter(({ type }) => type === 'call')).toHaveLength(1);
    }
    expect(walk.accepts(call + call)).toBe(false);
    expect(walk.accepts(`${thought}<|channel|>final<|message|>`)).toBe(false);
  });

  it('have a form in the last one, with thoughts before it unless they are declined', () => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
    const form = compileGrammar({ kind: 'json', schema, field: 'f' });
    // This model has no such control tokens: their spelling stands for them.
    const spelled = (mayThink: boolean) => {
      const { text } = harmonyForm(form, mayThink);
      const spell = (_mark: string, hex: string): string =>
        JSON.stringify(Buffer.from(hex, 'hex').toString());
      return createGrammarWalk(tiny.model, { text: text.replace(controlMarks, spell), triggers: null });
    };
    const final = '<|channel|>final<|message|>{"a": 1}';
    const thought = '<|channel|>analysis<|message|>Hm {"a": 2}.<|end|><|start|>assistant';
    for (const mayThink of [true, false]) {
      const walk = spelled(mayThink);
      expect(walk.accepts(final)).toBe(true);
      expect(walk.accepts(`<|start|>assistant${final}`)).toBe(true);
      expect(walk.accepts(thought + final)).toBe(mayThink);
      expect(walk.accepts('{"a": 1}')).toBe(false);
      expect(walk.accepts('<|channel|>final<|message|>{"b": 1}')).toBe(false);
    }
  });
});

describe('an answer that is free until calls begin', () => {
  const byteToken = (byte: number): number => byte + 3;

  function answerGrammar(family: ToolFamily): AnswerGrammar {
    const { text, triggers, openers } = toolGrammar(toolsOf({ kind: 'auto' }), setupOf(family));
    const { grammars, vocabulary } = tiny.model;
    return createAnswerGrammar({
      open: () => grammars.open(text),
      triggers,
      openers,
      vocabulary,
      bytes: grammars.bytes,
    });
  }

  /** Writes what it may, byte by byte; the text up to the first byte that was refused. */
  function write(grammar: AnswerGrammar, text: string): string {
    let written = '';
    for (const byte of Buffer.from(text)) {
      if (!grammar.allows(byteToken(byte))) break;
      grammar.accept(byteToken(byte));
      written += String.fromCharCode(byte);
    }
    return written;
  }

  it.each<[ToolFamily, string, string, boolean]>([
    [
      'hermes',
      'Any {"name": "text"} and <tool_call>\n{"name": "we',
      'Any {"name": "text"} and <tool_call>\n{"name": "we',
      true,
    ],
    ['hermes', '<tool_call>\n{"name": "x"', '<tool_call>\n{"name": "', true],
    ['hermes', 'No call at all.', 'No call at all.', false],
    // Only an answer that begins so is a call of these families; JSON further on is text.
    ['llama', ' {"name": "x"', ' {"name": "', true],
    ['llama', 'See {"name": "x"}', 'See {"name": "x"}', false],
    ['llama', '{"names": ["x"]}', '{"names": ["x"]}', false],
    ['gemma', '{"name": "now", "parameters": {}}', '{"name": "now", "parameters": {}}', true],
    [
      'harmony',
      '<|channel|>commentary to=functions.now <|constrain|>json<|message|>{"x"',
      '<|channel|>commentary to=functions.now <|constrain|>json<|message|>{',
      true,
    ],
    [
      'harmony',
      ' to=functions.weather<|channel|>commentary json<|message|>{"city": "x"}!',
      ' to=functions.weather<|channel|>commentary json<|message|>{"city": "x"}',
      true,
    ],
    ['harmony', '<|channel|>final<|message|>a to=b.', '<|channel|>final<|message|>a to=b.', false],
    ['granite', 'Yes. <|tool_call|>[{"name": "x"', 'Yes. <|tool_call|>[{"name": "', true],
  ])('%s: %j', (family, text, expected, isActive) => {
    const grammar = answerGrammar(family);
    expect(write(grammar, text)).toBe(expected);
    expect(grammar.isActive()).toBe(isActive);
    grammar.free();
  });
});
