import { describe, expect, it } from 'vitest';
import type { ChatInput } from '../../chat/request.ts';
import { createReplyReading, type ReplyVocabulary } from './reply-reading.ts';

/** Bytes, and control tokens from 256 on. */
function vocabularyOf(controls: readonly string[]): ReplyVocabulary {
  return {
    isControl: (token) => token >= 256,
    piece(token, special = false) {
      if (token < 256) return Uint8Array.of(token);
      return special ? Buffer.from(controls[token - 256] ?? '') : new Uint8Array();
    },
    tokenize(text) {
      const index = controls.indexOf(text);
      return index < 0 ? Int32Array.from(Buffer.from(text)) : Int32Array.of(256 + index);
    },
  };
}

const bytes = (text: string): number[] => [...Buffer.from(text)];
const tools: ChatInput = {
  kind: 'chat',
  messages: [],
  toolUse: {
    tools: [{ name: 'f', description: '', parameters: { type: 'object' }, field: 'tools[0]' }],
    choice: { kind: 'auto' },
    allowsParallel: true,
  },
};
const plain: ChatInput = { kind: 'chat', messages: [] };
const isFree = (): boolean => false;

describe('createReplyReading', () => {
  it('gives text only to control tokens of the syntax', () => {
    const reading = createReplyReading('[TOOL_CALLS]', vocabularyOf(['[TOOL_CALLS]', '</s>']), 'mistral');
    const textOf = (token: number): string => Buffer.from(reading.piece(token)).toString();
    expect([256, 257, 65].map(textOf)).toEqual(['[TOOL_CALLS]', '', 'A']);
  });

  it('parses only where there is something to find', () => {
    const silent = createReplyReading('', vocabularyOf([]), 'generic');
    expect(silent.createParser(plain, [], isFree)).toBeNull();
    expect(silent.createParser({ kind: 'text', text: '' }, [], isFree)).toBeNull();
    expect(
      silent
        .createParser(tools, [], isFree)
        ?.push('{"name": "f"}')
        .map((event) => event.type),
    ).toEqual(['call', 'arguments', 'call-end']);
  });

  describe('of GPT-OSS', () => {
    const words = [
      '<|start|>',
      '<|channel|>',
      '<|constrain|>',
      '<|message|>',
      '<|end|>',
      '<|call|>',
      '<|return|>',
    ];
    const template = '<|channel|>analysis<|message|>';
    const token = (word: string): number => 256 + words.indexOf(word);
    const reading = createReplyReading(template, vocabularyOf(words), 'harmony');

    it('finds thoughts without tools, and goes on in a message that the prompt has begun', () => {
      const prompt = [token('<|start|>'), ...bytes('assistant')];
      const stream =
        '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.';
      expect(reading.createParser(plain, prompt, isFree)?.push(stream)).toEqual([
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'Yes.' },
      ]);
      const begun = [
        ...prompt,
        token('<|channel|>'),
        ...bytes('final'),
        token('<|message|>'),
        ...bytes('So'),
      ];
      expect(reading.createParser(plain, begun, isFree)?.push(' it is')).toEqual([
        { type: 'text', text: ' it is' },
      ]);
    });

    it('leaves headers out of the text where a template names no thoughts', () => {
      const silent = createReplyReading('<|channel|>final<|message|>', vocabularyOf(words), 'harmony');
      const parser = silent.createParser(plain, [token('<|start|>'), ...bytes('assistant')], isFree);
      expect(parser?.push('<|channel|>final<|message|>Yes.')).toEqual([{ type: 'text', text: 'Yes.' }]);
    });

    it('puts the header of the last message before a form, with thoughts unless they are declined', () => {
      const form = { text: 'root ::= "x" r1\nr1 ::= "y"\n', triggers: null };
      const { text } = reading.formOf(form, plain);
      expect(text).toContain('harmony-form ::= "x" r1');
      expect(text).toMatch(/^root ::= .*"analysis".* <\{\w+\}> "final" <\{\w+\}> harmony-form$/m);
      const declined = { ...plain, reasoning: { isWanted: false, field: 'f' } };
      expect(reading.formOf(form, declined).text).toMatch(/^root ::= .*"final" <\{\w+\}> harmony-form$/m);
      expect(reading.formOf(form, declined).text).not.toContain('analysis');
      // A template alone does not make a model one of those.
      expect(createReplyReading(template, vocabularyOf([]), 'harmony').formOf(form, plain)).toBe(form);
      expect(createReplyReading('<think>', vocabularyOf(words), 'hermes').formOf(form, plain)).toBe(form);
    });

    it('ends thoughts that become too long as messages end', () => {
      const limited = { ...plain, reasoning: { isWanted: true, field: 'f', budgetTokenCount: 5 } };
      const spell = (input: ChatInput): string =>
        (reading.reasoningLimitOf(input)?.closing ?? [])
          .map((one) => Buffer.from(reading.piece(one)).toString())
          .join('');
      expect(spell(limited)).toBe('<|end|><|start|>assistant<|channel|>final<|message|>');
      expect(spell({ ...tools, reasoning: limited.reasoning })).toBe('<|end|><|start|>assistant');
    });
  });

  it.each([
    ['<think>\n', true],
    ['<think>\n\n</think>\n\n', false],
    ['assistant\n', false],
  ])('sees whether the prompt ends inside the reasoning: %j', (tail, expected) => {
    const template = "{{ '<think>' }}";
    for (const controls of [[], ['<think>', '</think>']]) {
      const vocabulary = vocabularyOf(controls);
      const reading = createReplyReading(template, vocabulary, 'hermes');
      const promptTokens = tail
        .split(/(<\/?think>)/)
        .flatMap((text) =>
          text === '' ? [] : [...vocabulary.tokenize(text, { addSpecial: false, parseSpecial: true })],
        );
      const parser = reading.createParser(plain, [...bytes('user: hi\n'), ...promptTokens], isFree);
      expect(parser?.isReasoning).toBe(expected);
    }
  });

  it('holds required calls to control tokens where the model has them, after the reasoning', async () => {
    const required: ChatInput = {
      ...tools,
      toolUse: { ...tools.toolUse!, choice: { kind: 'required' } },
      reasoning: { isWanted: true, field: 'think' },
    };
    const template = '<think>[TOOL_CALLS]';
    const spelled = createReplyReading(template, vocabularyOf([]), 'mistral');
    expect((await spelled.grammarOf(required, []))?.text).toContain('TOOL_CALLS');
    const marked = createReplyReading(template, vocabularyOf(['[TOOL_CALLS]', '</think>']), 'mistral');
    expect((await marked.grammarOf(required, []))?.text).not.toContain('TOOL_CALLS');
    const opened = await marked.grammarOf(required, bytes('<think>\n'));
    expect(opened?.triggers).toEqual(['</think>']);
    expect(await marked.grammarOf(plain, [])).toBeNull();
  });
});
