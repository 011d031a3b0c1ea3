import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolUse } from '../../chat/tool.ts';
import { chatmlTemplate } from './chat-template.ts';
import { strftime } from './strftime.ts';
import {
  createTemplateProgram,
  TemplateRefusal,
  TemplateTooLong,
  type TemplateProgram,
} from './template-program.ts';

interface Asked extends Pick<TemplateProgram, 'knowsSystemRole' | 'knowsTools' | 'toolFamily'> {
  render(messages: readonly Message[], addGenerationPrompt: boolean): string;
  /** With tools, and what else a conversation has. */
  converse(conversation: Conversation): string;
}

function program(template: string, bosToken = '<s>', eosToken = '</s>', maxOutputChars = 10_000): Asked {
  const made = createTemplateProgram({ template, bosToken, eosToken, maxOutputChars });
  return {
    ...made,
    render: (messages, addGenerationPrompt) => made.render({ messages }, addGenerationPrompt),
    converse: (conversation) => made.render(conversation, true),
  };
}

function fixture(name: string, bosToken?: string, eosToken?: string): Asked {
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

describe('tools', () => {
  const toolUse: ToolUse = {
    tools: [
      {
        name: 'weather',
        description: 'Weather of a city.',
        parameters: { type: 'object', properties: { city: { type: 'string' } } },
        field: 'tools',
      },
    ],
    choice: { kind: 'auto' },
    allowsParallel: true,
  };
  const listed =
    '{"type": "function", "function": {"name": "weather", "description": "Weather of a city.", ' +
    '"parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}';
  const call = (id: string, city: string) => ({ id, name: 'weather', arguments: JSON.stringify({ city }) });
  const result = (id: string, content: string): Message => ({
    role: 'tool',
    content,
    toolCallId: id,
    name: 'weather',
  });
  const exchange: readonly Message[] = [
    question,
    { role: 'assistant', content: '', toolCalls: [call('call_1', 'Paris'), call('call_2', 'Rome')] },
    result('call_1', 'sun'),
    result('call_2', 'rain'),
  ];

  it('go to Qwen as its template has them, with objects as arguments', () => {
    const qwen = fixture('qwen-2.5');
    expect(qwen).toMatchObject({ knowsTools: true, toolFamily: 'hermes' });
    const text = qwen.converse({ messages: exchange, toolUse });
    expect(text).toContain(`<tools>\n${listed}\n</tools>`);
    expect(text).toContain('<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>');
    expect(text).toContain('<tool_response>\nrain\n</tool_response>');
    // Without tools to offer, earlier calls are still told.
    expect(qwen.converse({ messages: exchange })).toContain('{"city": "Rome"}');
  });

  it('go to Mistral with ids of nine characters, the same for call and result', () => {
    const mistral = fixture('mistral-nemo');
    expect(mistral).toMatchObject({ knowsTools: true, toolFamily: 'mistral' });
    const text = mistral.converse({ messages: exchange, toolUse });
    expect(text).toContain(`[AVAILABLE_TOOLS][${listed}][/AVAILABLE_TOOLS]`);
    const ids = [...text.matchAll(/"(?:id|call_id)": "(\w{9})"/g)].map(([, id]) => id);
    expect(ids).toHaveLength(4);
    expect(ids.slice(0, 2)).toEqual(ids.slice(2));
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('go to Llama 3 one call a turn, each with its result', () => {
    const llama = fixture('llama-3.1');
    expect(llama).toMatchObject({ knowsTools: true, toolFamily: 'llama' });
    const text = llama.converse({ messages: exchange, toolUse });
    const order = ['"city": "Paris"', 'sun', '"city": "Rome"', 'rain'].map((piece) => text.indexOf(piece));
    expect(order.every((place) => place > 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it.each([
    ['ChatML', () => program(chatmlTemplate), 'generic'],
    ['a template that lists tools and forgets results', () => fixture('llama-3.2'), 'generic'],
    ['Gemma 3', () => fixture('gemma-3', '<bos>'), 'gemma'],
    ['Gemma 2, without a system role', () => fixture('gemma-2', '<bos>'), 'gemma'],
  ])('are told in plain text to %s', (_name, make, family) => {
    const template = make();
    expect(template).toMatchObject({ knowsTools: false, toolFamily: family });
    const text = template.converse({ messages: [system, ...exchange], toolUse });
    expect(text).toContain('"name":"weather","description":"Weather of a city."');
    expect(text).toContain(
      family === 'gemma'
        ? '{"name": "weather", "parameters": {"city":"Rome"}}'
        : '<tool_call>\n{"name": "weather", "arguments": {"city":"Rome"}}\n</tool_call>',
    );
    expect(text).toContain('<tool_response>\nsun\n</tool_response>\n<tool_response>\nrain\n</tool_response>');
    expect(text).toContain('Be brief.');
  });

  /** Written as Mistral's later models write calls; roles must alternate, but for calls and results. */
  const namedTemplate = `{{ bos_token }}{{ tools | tojson }}{% set ns = namespace(count=0) %}{% for m in messages %}
{% if m.role == 'user' or (m.role == 'assistant' and not m.tool_calls) %}
{% if (m.role == 'user') != (ns.count % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
{% set ns.count = ns.count + 1 %}{% endif %}
{% if m.role == 'system' and not loop.first %}{{ raise_exception('no late system') }}{% endif %}
{% if m.role == 'tool' %}[TOOL_RESULTS]{{ m.content }}[/TOOL_RESULTS]{% elif m.tool_calls %}
{% for c in m.tool_calls %}[TOOL_CALLS]{{ c.function.name }}[ARGS]{{ c.function.arguments | tojson }}{% endfor %}
{% else %}[{{ m.role }}]{{ m.content }}{% endif %}{% endfor %}`;

  it('are written by name where the template writes them so', () => {
    const named = program(namedTemplate);
    expect(named).toMatchObject({ knowsTools: true, toolFamily: 'mistral-named' });
    expect(named.converse({ messages: exchange, toolUse })).toContain(
      '[TOOL_CALLS]weather[ARGS]{"city": "Paris"}',
    );
  });

  it('are told in plain text where the template has XML of its own in the tag, as GLM', () => {
    const glm = program(
      `{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>
{{ c.function.name }}{% for k, v in c.function.arguments.items() %}<arg_key>{{ k }}</arg_key><arg_value>{{ v }}</arg_value>
{% endfor %}</tool_call>{% endfor %}{% endfor %}`,
    );
    expect(glm).toMatchObject({ knowsTools: false, toolFamily: 'generic' });
    expect(glm.converse({ messages: exchange, toolUse })).toContain(
      '{"name": "weather", "arguments": {"city":"Paris"}}',
    );
  });

  it('let the user speak right behind results where the template would have the assistant speak', () => {
    const text = program(namedTemplate).converse({ messages: [...exchange, more], toolUse });
    expect(text).toContain('[TOOL_RESULTS]rain\n\nBye[/TOOL_RESULTS]');
  });

  it('refuse a call that was cut short only where the template needs its parts', () => {
    const cut: readonly Message[] = [
      question,
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'a', name: 'weather', arguments: '{"city": "Pa' }],
      },
      result('a', 'sun'),
    ];
    expect(fixture('qwen-2.5').converse({ messages: cut, toolUse })).toContain('Pa');
    const strict = program(
      `{{ tools | tojson }}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>
{"name": "{{ c.function.name }}"{% for k, v in c.function.arguments.items() %}"{{ k }}": "{{ v }}"{% endfor %}}</tool_call>
{% endfor %}{% endfor %}`,
    );
    expect(strict.knowsTools).toBe(true);
    expect(() => strict.converse({ messages: cut, toolUse })).toThrow(TemplateRefusal);
    expect(() => strict.converse({ messages: cut, toolUse })).toThrow(/call of weather/);
  });

  it('hide ids that could spell a control token', () => {
    const ids = program(
      `{{ tools | tojson }}{% for m in messages %}{{ m.tool_call_id }}{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>
{"name": "{{ c.function.name }}", "id": "{{ c.id }}", {{ c.function.arguments | tojson }}{% endfor %}{% endfor %}`,
    );
    const spelled: readonly Message[] = [
      question,
      { role: 'assistant', content: '', toolCalls: [call('<|im_end|>', 'Paris'), call('call_2', 'Rome')] },
      result('<|im_end|>', 'sun'),
      result('call_2', 'rain'),
    ];
    const text = ids.converse({ messages: spelled, toolUse });
    expect(text).not.toContain('<|im_end|>');
    expect(text.match(/call_2/g)).toHaveLength(2);
    const [id] = /[0-9a-f]{9}(?=sun)/.exec(text) ?? [];
    expect(text).toContain(`"id": "${id}"`);
  });

  it('join results in one turn for templates without tools, whether tools are offered or not', () => {
    const text = fixture('gemma-3', '<bos>').converse({ messages: exchange });
    expect(text).toContain('<tool_response>\nsun\n</tool_response>\n<tool_response>\nrain\n</tool_response>');
  });

  it('can be asked for answers without reasoning', () => {
    const reasoning = { isWanted: false, field: 'think' };
    const closed = '<think>\n\n</think>\n\n';
    expect(fixture('qwen-3').converse({ messages: [question], reasoning })).toContain(closed);
    expect(fixture('qwen-3').converse({ messages: [question] })).not.toContain(closed);
  });
});

describe('createTemplateProgram', () => {
  it('joins turns of one role and late system texts where the template refuses them', () => {
    const late: Message = { role: 'system', content: 'Late.' };
    expect(fixture('gemma-3', '<bos>').render([question, more], true)).toContain('Hi \n\nBye<end_of_turn>');
    expect(fixture('mistral-7b').render([question, late, more], true)).toBe(
      '<s>[INST] Hi \n\nLate.\n\nBye[/INST]',
    );
    const last = [question, reply, late];
    expect(fixture('gemma-3', '<bos>').render(last, true)).toContain('user\nLate.<end_of_turn>');
    const forgetful = program(
      "{% for m in messages %}{% if m.role != 'system' or loop.first %}[{{ m.content }}]{% endif %}{% endfor %}",
    );
    expect(forgetful.render([system, question, reply, late, more], true)).toBe(
      '[Be brief.][Hi ][Hello][Late.\n\nBye]',
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
