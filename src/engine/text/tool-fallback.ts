import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolCall, ToolUse } from '../../chat/tool.ts';
import type { ToolFamily } from '../calls/tool-family.ts';
import { callArguments, toolInput } from './template-input.ts';

/**
 * For templates that know no tools: they are described in the system text, calls become the text that the model would
 * have written, and results come as the user's turn. Gemma is told in the words of Google's guide and writes the bare
 * object; all others are told to write as Hermes does, which is the syntax most widely trained.
 */
export function tellTools(conversation: Conversation, family: ToolFamily): Conversation {
  const { toolUse, messages, ...rest } = conversation;
  const written = joinResults(
    messages.map((message) => writeMessage(message, family)),
    messages,
  );
  if (toolUse === undefined) return { ...rest, messages: written };
  const text = family === 'gemma' ? gemmaText(toolUse) : genericText(toolUse);
  const [first, ...others] = written;
  const told: readonly Message[] =
    first?.role === 'system'
      ? [{ role: 'system', content: `${first.content}\n\n${text}` }, ...others]
      : [{ role: 'system', content: text }, ...written];
  return { ...rest, messages: told };
}

function writeMessage(message: Message, family: ToolFamily): Message {
  if (message.role === 'tool') {
    const { content } = message;
    return { role: 'user', content: `<tool_response>\n${content}\n</tool_response>` };
  }
  if (message.role !== 'assistant' || message.toolCalls === undefined) return message;
  const { toolCalls, ...rest } = message;
  const calls = toolCalls.map((call) => writeCall(call, family)).join('\n');
  return { ...rest, content: message.content === '' ? calls : `${message.content}\n${calls}` };
}

function writeCall(call: ToolCall, family: ToolFamily): string {
  const name = JSON.stringify(call.name);
  const text = JSON.stringify(callArguments(call));
  if (family === 'gemma') return `{"name": ${name}, "parameters": ${text}}`;
  return `<tool_call>\n{"name": ${name}, "arguments": ${text}}\n</tool_call>`;
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

function genericText(toolUse: ToolUse): string {
  const several = toolUse.allowsParallel ? ' Several calls are written one after another.' : '';
  return `You can call functions. They are listed between <tools> and </tools>, one a line, with the JSON Schema of their arguments:
<tools>
${toolLines(toolUse)}
</tools>
To call a function, write its name and its arguments as JSON, like this:
<tool_call>
{"name": "function name", "arguments": {"argument": "value"}}
</tool_call>${several}
Results come back between <tool_response> and </tool_response>. If no function is needed, answer in plain text.`;
}

function gemmaText(toolUse: ToolUse): string {
  return `You have access to functions. If you decide to invoke any of the functions, you MUST put it in the format of {"name": function name, "parameters": dictionary of argument name and its value}. You SHOULD NOT include any other text in the response if you call a function.
${toolLines(toolUse)}`;
}
