import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../chat/request.ts';
import { chatmlTemplate } from './chat-template.ts';
import { strftime } from './strftime.ts';
import {
  createTemplateProgram,
  TemplateRefusal,
  TemplateTooLong,
  type TemplateProgram,
} from './template-program.ts';

function program(
  template: string,
  bosToken = '<s>',
  eosToken = '</s>',
  maxOutputChars = 10_000,
): TemplateProgram {
  return createTemplateProgram({ template, bosToken, eosToken, maxOutputChars });
}

function fixture(name: string, bosToken?: string, eosToken?: string): TemplateProgram {
  return program(
    readFileSync(new URL(`fixtures/${name}.jinja`, import.meta.url), 'utf8'),
    bosToken,
    eosToken,
  );
}

const system: Message = { role: 'system', content: 'Be brief.' };
const question: Message = { role: 'user', content: 'Hi ' };
const reply: Message = { role: 'assistant', content: 'Hello' };
const more: Message = { role: 'user', content: 'Bye' };
const chat = [system, question, reply, more];

describe('templates of real models', () => {
  it('ChatML', () => {
    expect(program(chatmlTemplate).render(chat, true)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi <|im_end|>\n' +
        '<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n',
    );
    expect(program(chatmlTemplate).render([question], false)).toBe('<|im_start|>user\nHi <|im_end|>\n');
  });

  it('Llama 3', () => {
    expect(fixture('llama-3', '<|begin_of_text|>').render(chat, true)).toBe(
      '<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>' +
        '<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>' +
        '<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>' +
        '<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    );
  });

  it('Llama 3.2, which states the date', () => {
    const today = strftime(new Date(), '%d %b %Y');
    expect(fixture('llama-3.2', '<|begin_of_text|>').render([system, question], true)).toBe(
      '<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n' +
        `Today Date: ${today}\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>` +
        '<|start_header_id|>assistant<|end_header_id|>\n\n',
    );
  });

  it('Qwen 2.5, with its own system text where none is given', () => {
    expect(fixture('qwen-2.5').render([question], true)).toBe(
      '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' +
        '<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n',
    );
    expect(fixture('qwen-2.5').render(chat, true)).toBe(program(chatmlTemplate).render(chat, true));
  });

  it('Qwen 3, which drops earlier thoughts', () => {
    const thought: Message = { role: 'assistant', content: '<think>\nhm\n</think>\n\nHello' };
    expect(fixture('qwen-3').render([question, thought, more], true)).toBe(
      '<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n' +
        '<|im_start|>assistant\n',
    );
  });

  it('Phi-4', () => {
    expect(fixture('phi-4').render(chat, true)).toBe(
      '<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Hi <|im_end|>' +
        '<|im_start|>assistant<|im_sep|>Hello<|im_end|><|im_start|>user<|im_sep|>Bye<|im_end|><|im_start|>assistant<|im_sep|>',
    );
  });

  it('TinyLlama', () => {
    expect(fixture('tinyllama').render([system, question], true)).toBe(
      '<|system|>\nBe brief.</s>\n<|user|>\nHi </s>\n<|assistant|>\n',
    );
  });

  it('Mistral 7B', () => {
    expect(fixture('mistral-7b').render(chat, true)).toBe(
      '<s>[INST] Hi [/INST] Hello</s>[INST] Be brief.\n\nBye[/INST]',
    );
  });

  it('Gemma 3, which folds the system text itself', () => {
    expect(fixture('gemma-3', '<bos>').render(chat, true)).toBe(
      '<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n' +
        '<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n',
    );
  });
});

describe('templates without a system role', () => {
  it('get the system text in the first user turn: Gemma 2', () => {
    const gemma = fixture('gemma-2', '<bos>');
    expect(gemma.knowsSystemRole).toBe(false);
    expect(gemma.render(chat, true)).toBe(
      '<bos><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n' +
        '<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n',
    );
  });

  it('get it there: H2O-Danube 3', () => {
    expect(fixture('h2o-danube-3').render([system, question], true)).toBe(
      '<|prompt|>Be brief.\n\nHi</s><|answer|>',
    );
  });

  it('get it there where they would leave it out', () => {
    const silent = program(
      "{% for m in messages %}{% if m.role == 'user' %}[{{ m.content }}]{% endif %}{% endfor %}",
    );
    expect(silent.render([system, more], true)).toBe('[Be brief.\n\nBye]');
  });
});

describe('createTemplateProgram', () => {
  it('joins turns of one role and late system texts where the template refuses them', () => {
    const late: Message = { role: 'system', content: 'Late.' };
    expect(fixture('gemma-3', '<bos>').render([question, more], true)).toContain('Hi \n\nBye<end_of_turn>');
    expect(fixture('mistral-7b').render([question, late, more], true)).toBe(
      '<s>[INST] Hi \n\nLate.\n\nBye[/INST]',
    );
    // Where the template takes them as they are, they stay.
    expect(program(chatmlTemplate).render([question, late], false)).toContain('<|im_start|>system\nLate.');
  });

  it("keeps the template's own words when nothing helps", () => {
    expect(() => fixture('gemma-3').render([reply], true)).toThrow(TemplateRefusal);
    expect(() => fixture('gemma-3').render([reply], true)).toThrow('roles must alternate');
  });

  it('writes JSON as Hugging Face does: no HTML escapes, spaces after separators', () => {
    expect(program("{{ {'a': ['<é>', 1, none, true]} | tojson }}").render([], true)).toBe(
      '{"a": ["<é>", 1, null, true]}',
    );
  });

  it('bounds output and lists', () => {
    const long = program('{% for i in range(2000) %}0123456789{% endfor %}');
    expect(() => long.render([], true)).toThrow(TemplateTooLong);
    expect(() => program('{{ range(1000000000) | length }}').render([], true)).toThrow('too long');
    expect(program('{% for i in range(1, 7, 2) %}{{ i }}{% endfor %}').render([], true)).toBe('135');
    expect(program('{% for i in range(3) %}{{ i }}{% endfor %}').render([], true)).toBe('012');
  });

  it('cannot change what it was given', () => {
    const messages = [question];
    program('{% set ns = namespace(m=messages) %}{% set ns.m = [] %}').render(messages, true);
    expect(messages).toEqual([question]);
  });

  it('gives empty lists to templates that go through tools without asking', () => {
    const tools = program('{% for tool in tools %}{{ tool }}{% endfor %}{{ messages[0].content }}');
    expect(tools.render([more], true)).toBe('Bye');
    expect(program('{{ tools is defined }}').render([more], true)).toBe('false');
  });

  it('rejects what it cannot parse', () => {
    expect(() => program('{% for %}')).toThrow();
  });
});
