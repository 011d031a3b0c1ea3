import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolCall, ToolUse } from '../../chat/tool.ts';
import type { ToolFamily } from '../calls/tool-family.ts';
import { writings } from '../calls/writings.ts';
import { separateCalls } from './template-adaptation.ts';
import { callArguments, toolInput } from './template-input.ts';
import type { ToolRoles } from './template-tools.ts';

/**
 * For templates that know no tools, or not all about them. Calls become the text that the model would have written, as its
 * family writes them. Where nothing else is known the tools are described in the system text and results come as the user's
 * turn: Gemma is told in the words of Google's guide and writes the bare object; all others are told to write as Hermes does,
 * which is the syntax most widely trained. DeepSeek's templates write calls and list no tools.
 */
export function tellTools(conversation: Conversation, roles: ToolRoles): Conversation {
  const { family, lists, exchanges } = roles;
  const { toolUse, ...rest } = conversation;
  const written = writeExchanges(conversation.messages, roles);
  if (toolUse === undefined) return { ...rest, messages: written };
  if (lists) {
    const isMissing = roles.input.listsInSystem === true && written[0]?.role !== 'system';
    return { ...conversation, messages: isMissing ? [phiSystem, ...written] : written };
  }
  const text = family === 'gemma' ? gemmaText(toolUse) : plainText(toolUse, family, exchanges);
  const [first, ...others] = written;
  const told: readonly Message[] =
    first?.role === 'system'
      ? [{ role: 'system', content: `${first.content}\n\n${text}` }, ...others]
      : [{ role: 'system', content: text }, ...written];
  return { ...rest, messages: told };
}

/** Phi-4-mini's model card begins so. */
const phiSystem: Message = { role: 'system', content: 'You are a helpful assistant with some tools.' };

function writeExchanges(messages: readonly Message[], roles: ToolRoles): readonly Message[] {
  const { family, lists, exchanges } = roles;
  if (exchanges) {
    // DeepSeek's older templates write what is said behind the calls.
    const spoken = family === 'deepseek' ? messages.flatMap(sayBefore) : messages;
    return roles.writesSeveral ? spoken : separateCalls(spoken);
  }
  const written = messages.map((message) => writeMessage(message, family, lists));
  return lists ? written : joinResults(written, messages);
}

function sayBefore(message: Message): readonly Message[] {
  if (message.role !== 'assistant' || message.toolCalls === undefined || message.content === '')
    return [message];
  const { toolCalls, ...said } = message;
  return [said, { role: 'assistant', content: '', toolCalls }];
}

/** @param hasResultRole whether the template has a role for results */
function writeMessage(message: Message, family: ToolFamily, hasResultRole: boolean): Message {
  if (message.role === 'tool' && !hasResultRole) {
    const { content } = message;
    return { role: 'user', content: `<tool_response>\n${content}\n</tool_response>` };
  }
  if (message.role !== 'assistant' || message.toolCalls === undefined) return message;
  const { toolCalls, ...rest } = message;
  const calls = writeCalls(toolCalls, family);
  return { ...rest, content: message.content === '' ? calls : `${message.content}\n${calls}` };
}

function writeCalls(calls: readonly ToolCall[], family: ToolFamily): string {
  const { open, before, after, separator, close } = writings[family];
  const texts = calls.map((call) => before(call.name) + JSON.stringify(callArguments(call)) + after);
  return open + texts.join(separator ?? '\n') + close;
}

/** Results that came one after another are one turn. */
function joinResults(written: readonly Message[], original: readonly Message[]): readonly Message[] {
  const joined: Message[] = [];
  written.forEach((message, index) => {
    const last = joined.at(-1);
    const follows = original[index]?.role === 'tool' && original[index - 1]?.role === 'tool';
    if (follows && last !== undefined) {
      joined[joined.length - 1] = { role: 'user', content: `${last.content}\n${message.content}` };
    } else joined.push(message);
  });
  return joined;
}

function toolLines({ tools }: ToolUse): string {
  return tools.map((tool) => JSON.stringify(toolInput(tool))).join('\n');
}

function plainText(toolUse: ToolUse, family: ToolFamily, hasResultRole: boolean): string {
  const { open, before, after, close } = writings[family];
  const several = toolUse.allowsParallel ? ' Several calls are written one after another.' : '';
  const results = hasResultRole ? '' : 'Results come back between <tool_response> and </tool_response>. ';
  return `You can call functions. They are listed between <tools> and </tools>, one a line, with the JSON Schema of their arguments:
<tools>
${toolLines(toolUse)}
</tools>
To call a function, write its name and its arguments as JSON, like this:
${open}${before('function name')}{"argument": "value"}${after}${close}${several}
${results}If no function is needed, answer in plain text.`;
}

function gemmaText(toolUse: ToolUse): string {
  return `You have access to functions. If you decide to invoke any of the functions, you MUST put it in the format of {"name": function name, "parameters": dictionary of argument name and its value}. You SHOULD NOT include any other text in the response if you call a function.
${toolLines(toolUse)}`;
}
