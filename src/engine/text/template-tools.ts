import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolUse } from '../../chat/tool.ts';
import { toolFamilyOf, writtenFamilyOf, type ToolFamily } from '../calls/tool-family.ts';
import type { TemplateInputOptions } from './template-input.ts';

/** What a template knows of tools; the rest is told in its place (tool-fallback.ts). */
export interface ToolRoles {
  /** How the model will write its calls. */
  readonly family: ToolFamily;
  /** The tools come out. */
  readonly lists: boolean;
  /** Calls and results come out. */
  readonly exchanges: boolean;
  /** Whether all calls of one message come out, or it refuses them; else only the first does. */
  readonly writesSeveral: boolean;
  readonly input: TemplateInputOptions;
}

const probeQuestion: Message = { role: 'user', content: 'hello' };
const probeSystem: Message = { role: 'system', content: 'system' };

const probeTools: ToolUse = {
  tools: [
    {
      name: 'nearfar_probe_tool',
      description: 'Probe.',
      parameters: { type: 'object', properties: { probe: { type: 'string', description: 'Probe.' } } },
      field: 'tools',
    },
  ],
  choice: { kind: 'auto' },
  allowsParallel: true,
};
/** Nine letters and digits: Mistral's templates take no other. */
const probeCall = {
  id: 'nearfar01',
  name: 'nearfar_probe_tool',
  arguments: '{"probe":"nearfar-call-probe"}',
};
const secondCall = { ...probeCall, id: 'nearfar02', arguments: '{"probe":"nearfar-second-probe"}' };
const probeResult: Message = {
  role: 'tool',
  content: 'nearfar-result-probe',
  toolCallId: probeCall.id,
  name: probeCall.name,
};
const probeExchange: readonly Message[] = [
  probeQuestion,
  { role: 'assistant', content: '', toolCalls: [probeCall] },
  probeResult,
];
const probeSeveral: readonly Message[] = [
  probeQuestion,
  { role: 'assistant', content: '', toolCalls: [probeCall, secondCall] },
  probeResult,
  { ...probeResult, toolCallId: secondCall.id },
];

/** Families whose syntax is told where a template leaves a part of it out. */
const nativeFamilies: readonly ToolFamily[] = ['deepseek', 'granite', 'phi'];

/** Tries what comes out of a template, by giving it tools, a call and a result. @param run may throw */
export function probeToolRoles(
  template: string,
  run: (conversation: Conversation, input: TemplateInputOptions) => string,
): ToolRoles {
  const wordFamily = toolFamilyOf(template);
  const rendered = (conversation: Conversation, input: TemplateInputOptions): string => {
    try {
      return run(conversation, input);
    } catch {
      return '';
    }
  };
  const lists = (input: TemplateInputOptions): boolean =>
    rendered(
      {
        messages: input.listsInSystem === true ? [probeSystem, probeQuestion] : [probeQuestion],
        toolUse: probeTools,
      },
      input,
    ).includes(probeCall.name);
  const exchangeOf = (input: TemplateInputOptions): string => {
    const text = rendered({ messages: probeExchange, toolUse: probeTools }, input);
    return text.includes('nearfar-call-probe') && text.includes('nearfar-result-probe') ? text : '';
  };
  const writesSeveral = (input: TemplateInputOptions): boolean => {
    const text = rendered({ messages: probeSeveral, toolUse: probeTools }, input);
    return text === '' || text.includes('nearfar-second-probe');
  };
  const told = (family: 'gemma' | 'generic'): ToolRoles => ({
    family,
    lists: false,
    exchanges: false,
    writesSeveral: true,
    input: { family: wordFamily, argumentForm: 'object' },
  });
  if (wordFamily === 'generic' || wordFamily === 'gemma') return told(wordFamily);

  const inputs: readonly TemplateInputOptions[] = [
    { family: wordFamily, argumentForm: 'object' },
    { family: wordFamily, argumentForm: 'text' },
  ];
  for (const input of inputs) {
    const exchanged = exchangeOf(input);
    const family = exchanged === '' ? null : writtenFamilyOf(wordFamily, probeCall.name, exchanged);
    if (family === null) continue;
    const isListed = lists(input);
    // Else one that leaves something out is not trusted with any of it.
    if (!isListed && !nativeFamilies.includes(wordFamily)) continue;
    return { family, lists: isListed, exchanges: true, writesSeveral: writesSeveral(input), input };
  }
  if (!nativeFamilies.includes(wordFamily)) return told('generic');

  // Calls are told as the text that they were, and results have a role of their own.
  for (const listsInSystem of [false, true]) {
    const input: TemplateInputOptions = {
      family: wordFamily,
      argumentForm: 'object',
      listsInSystem,
      resultRole: 'tool_response',
    };
    const answered = rendered({ messages: [probeQuestion, probeResult] }, input);
    if (!lists(input) || !answered.includes(probeResult.content)) continue;
    return { family: wordFamily, lists: true, exchanges: false, writesSeveral: true, input };
  }
  return told('generic');
}
