import { describe, expect, it } from 'vitest';
import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolUse } from '../../chat/tool.ts';
import { createTemplateProgram, type TemplateProgram } from './template-program.ts';

/** Templates in the shape of those that models with calls of their own bring; written for this test. */

interface Asked extends Pick<TemplateProgram, 'knowsTools' | 'toolFamily'> {
  converse(conversation: Conversation): string;
}

function program(template: string): Asked {
  const made = createTemplateProgram({ template, bosToken: '<s>', eosToken: '</s>', maxOutputChars: 10_000 });
  return { ...made, converse: (conversation) => made.render(conversation, true) };
}

const system: Message = { role: 'system', content: 'Be brief.' };
const question: Message = { role: 'user', content: 'Hi ' };
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
const call = (id: string, city: string) => ({ id, name: 'weather', arguments: JSON.stringify({ city }) });
const result = (id: string, content: string): Message => ({
  role: 'tool',
  content,
  toolCallId: id,
  name: 'weather',
});
const calling: Message = {
  role: 'assistant',
  content: '',
  toolCalls: [call('call_1', 'Paris'), call('call_2', 'Rome')],
};
const results = [result('call_1', 'sun'), result('call_2', 'rain')];
const exchange: readonly Message[] = [question, calling, ...results];

describe('calls in a syntax of their own', () => {
  /** In the shape of GPT-OSS's: one call a message, with thoughts before it, and the name of the tool from the call before. */
  const gptOss = `<|start|>system<|message|>Reasoning: {{ reasoning_effort or 'medium' }}<|end|>
{%- set messages_ = messages %}{% if messages[0].role == 'system' or tools %}<|start|>developer<|message|>
{%- if messages[0].role == 'system' %}{{ messages[0].content }}{% set messages_ = messages[1:] %}{% endif %}
{%- for t in tools or [] %}type {{ t.function.name }}{% endfor %}<|end|>{% endif %}{% set last = namespace(name=none) %}
{%- for m in messages_ %}{% if m.role == 'assistant' and 'tool_calls' in m %}
{%- if m.content and m.thinking %}{{ raise_exception('not both') }}{% endif %}
{%- if m.thinking %}<|start|>assistant<|channel|>analysis<|message|>{{ m.thinking }}<|end|>{% endif %}
{%- set c = m.tool_calls[0].function %}{% set last.name = c.name %}
{{- '<|start|>assistant to=functions.' + c.name + '<|channel|>commentary json<|message|>' + c.arguments | tojson + '<|call|>' }}
{%- elif m.role == 'assistant' %}<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>
{%- elif m.role == 'tool' %}{{ '<|start|>functions.' + last.name + ' to=assistant<|channel|>commentary<|message|>' + m.content | tojson + '<|end|>' }}
{%- else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}
{%- if add_generation_prompt %}<|start|>assistant{% endif %}`;

  it('GPT-OSS: one call a message, thoughts and text together, effort', () => {
    const oss = program(gptOss);
    expect(oss).toMatchObject({ knowsTools: true, toolFamily: 'harmony' });
    const said = { ...calling, content: 'Let me.', reasoning: 'Hm.' } as Message;
    const reasoning = { isWanted: true, field: 'f', effort: 'xhigh' } as const;
    const text = oss.converse({ messages: [system, question, said, ...results], toolUse, reasoning });
    expect(text).toContain('Reasoning: high');
    expect(text).toContain('<|channel|>analysis<|message|>Hm.\n\nLet me.<|end|>');
    const order = ['"city": "Paris"', '"sun"', '"city": "Rome"', '"rain"'].map((piece) =>
      text.indexOf(piece),
    );
    expect(order.every((place) => place > 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(text).toMatch(/<\|start\|>assistant$/);
  });

  /** In the shape of DeepSeek's: V3 writes a call only where nothing is said, and neither lists tools. */
  const deepseek = (before: string, after: string): string => `{{ bos_token }}
{%- for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% endif %}{% endfor %}
{%- for m in messages %}{% if m.role == 'user' %}<｜User｜>{{ m.content }}
{%- elif m.role == 'assistant' and m.tool_calls and m.content is none %}<｜Assistant｜><｜tool▁calls▁begin｜>
{%- for c in m.tool_calls %}{{ '<｜tool▁call▁begin｜>${before}' + c.function.arguments + '${after}<｜tool▁call▁end｜>' }}{% endfor %}<｜tool▁calls▁end｜>
{%- elif m.role == 'assistant' %}<｜Assistant｜>{{ m.content }}
{%- elif m.role == 'tool' %}<｜tool▁output▁begin｜>{{ m.content }}<｜tool▁output▁end｜>{% endif %}{% endfor %}<｜Assistant｜>`;

  it.each([
    [
      'deepseek',
      deepseek("function<｜tool▁sep｜>' + c.function.name + '\\n```json\\n", '\\n```'),
      '<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{"city":"Paris"}\n```<｜tool▁call▁end｜>',
      'function<｜tool▁sep｜>function name\n```json\n{"argument": "value"}\n```<｜tool▁call▁end｜>',
    ],
    [
      'deepseek-named',
      deepseek("' + c.function.name + '<｜tool▁sep｜>", ''),
      '<｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city":"Paris"}<｜tool▁call▁end｜>',
      '<｜tool▁call▁begin｜>function name<｜tool▁sep｜>{"argument": "value"}<｜tool▁call▁end｜>',
    ],
  ])('%s: tools are told as the model writes calls', (family, template, written, told) => {
    const model = program(template);
    expect(model).toMatchObject({ knowsTools: false, toolFamily: family });
    const text = model.converse({ messages: [system, ...exchange], toolUse });
    expect(text).toContain(`<s>Be brief.\n\nYou can call functions.`);
    expect(text).toContain('"name":"weather","description":"Weather of a city."');
    expect(text).toContain(told);
    expect(text).toContain(written);
    expect(text).toContain('<｜tool▁output▁begin｜>sun<｜tool▁output▁end｜><｜tool▁output▁begin｜>rain');
    expect(text).not.toContain('<tool_response>');
  });

  it('DeepSeek: what is said stands before the calls', () => {
    const template = deepseek("function<｜tool▁sep｜>' + c.function.name + '\\n```json\\n", '\\n```');
    const said = { ...calling, content: 'Let me look.' } as Message;
    const text = program(template).converse({ messages: [question, said, ...results], toolUse });
    expect(text).toMatch(/<｜Assistant｜>Let me look\.<｜Assistant｜><｜tool▁calls▁begin｜>/);
  });

  it('Granite 3: the template lists tools, calls are the text that they were, results have a role', () => {
    const granite = program(
      `{% if tools %}<|start_of_role|>available_tools<|end_of_role|>{{ tools | tojson }}<|end_of_text|>{% endif %}
{%- for m in messages %}<|start_of_role|>{{ m.role }}<|end_of_role|>{{ m.content }}<|end_of_text|>{% endfor %}`,
    );
    expect(granite).toMatchObject({ knowsTools: false, toolFamily: 'granite' });
    const text = granite.converse({ messages: exchange, toolUse });
    expect(text).toContain('available_tools<|end_of_role|>[{"type": "function"');
    expect(text).toContain(
      '<|start_of_role|>assistant<|end_of_role|><|tool_call|>[{"name": "weather", "arguments": {"city":"Paris"}}, ' +
        '{"name": "weather", "arguments": {"city":"Rome"}}]<|end_of_text|>',
    );
    expect(text).toContain('<|start_of_role|>tool_response<|end_of_role|>rain');
    expect(text).not.toContain('You can call functions');
  });

  it('Phi-4-mini: the tools are a text of the system message', () => {
    const phi = program(
      `{% for m in messages %}{% if m.role == 'system' and 'tools' in m %}<|system|>{{ m.content }}<|tool|>{{ m.tools }}<|/tool|><|end|>
{%- else %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endif %}{% endfor %}<|assistant|>`,
    );
    expect(phi).toMatchObject({ knowsTools: false, toolFamily: 'phi' });
    for (const messages of [exchange, [system, ...exchange]]) {
      const text = phi.converse({ messages, toolUse });
      expect(text).toMatch(/^<\|system\|>[^<]+<\|tool\|>\[\{"name":"weather",/);
      expect(text).toContain(
        '<|assistant|><|tool_call|>[{"name": "weather", "arguments": {"city":"Paris"}}, ',
      );
      expect(text).toContain(
        '}]<|/tool_call|><|end|><|tool_response|>sun<|end|><|tool_response|>rain<|end|>',
      );
    }
    expect(phi.converse({ messages: [system, question] })).toBe(
      '<|system|>Be brief.<|end|><|user|>Hi <|end|><|assistant|>',
    );
  });

  it('goes through the calls of messages that have none', () => {
    const careless = program(
      `{% for t in tools %}<|tool|>{{ t.function | tojson }}<|/tool|>{% endfor %}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}
{%- for c in m.tool_calls %}<|tool_call|>{{ c.function | tojson }}<|/tool_call|>{% endfor %}{% endfor %}`,
    );
    expect(careless).toMatchObject({ knowsTools: true, toolFamily: 'phi' });
    expect(
      careless.converse({
        messages: [question, { role: 'assistant', content: 'Hello' }, { role: 'user', content: 'Bye' }],
      }),
    ).toContain('<|assistant|>Hello<|user|>Bye');
  });
});
