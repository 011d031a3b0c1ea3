import { createHash } from 'node:crypto';
import type { Conversation, Message, ReasoningEffort } from '../../chat/request.ts';
import type { Tool, ToolCall, ToolUse } from '../../chat/tool.ts';
import type { ToolFamily } from '../calls/tool-family.ts';

/** What a template is given, by the convention of Hugging Face's `apply_chat_template`. */
export interface TemplateInput {
  readonly messages: readonly object[];
  /** Absent where there are none: templates ask whether it is defined. */
  readonly tools?: readonly object[];
  /** Read by the templates of models that can answer with and without reasoning: Qwen's name for it and many others'. */
  readonly enable_thinking?: boolean;
  /** DeepSeek's and Granite's. */
  readonly thinking?: boolean;
  /** GPT-OSS's, and some others' since. */
  readonly reasoning_effort?: 'low' | 'medium' | 'high';
}

export interface TemplateInputOptions {
  readonly family: ToolFamily;
  /** Some templates write the arguments out themselves and want text; most want the object. */
  readonly argumentForm: 'object' | 'text';
  /** Phi-4-mini's template looks for the tools, as text, in the system message. */
  readonly listsInSystem?: boolean;
  /** Whether messages without calls have an empty list of them. @default they have none */
  readonly hasEmptyCalls?: boolean;
  /** What the role of results is called. @default tool */
  readonly resultRole?: string;
}

const efforts = {
  none: 'low',
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
} as const satisfies Readonly<Record<ReasoningEffort, string>>;

/** A conversation in the names of templates; new objects at each call, for templates may change them. */
export function templateInput(conversation: Conversation, options: TemplateInputOptions): TemplateInput {
  const { messages, toolUse, reasoning } = conversation;
  return {
    messages: messages.map((message) => ({
      ...(options.hasEmptyCalls === true && { tool_calls: [] }),
      ...messageInput(message, options, toolUse),
    })),
    ...(toolUse === undefined ? {} : { tools: toolUse.tools.map(toolInput) }),
    ...(reasoning === undefined ? {} : { enable_thinking: reasoning.isWanted, thinking: reasoning.isWanted }),
    ...(reasoning?.effort === undefined ? {} : { reasoning_effort: efforts[reasoning.effort] }),
  };
}

/** The form in which OpenAI's API and the templates know a tool. */
export function toolInput({ name, description, parameters }: Tool): {
  readonly type: 'function';
  readonly function: object;
} {
  return { type: 'function', function: { name, description, parameters: structuredClone(parameters) } };
}

function messageInput(message: Message, options: TemplateInputOptions, toolUse?: ToolUse): object {
  const { role, content } = message;
  if (role === 'system' && options.listsInSystem === true && toolUse !== undefined)
    return { role, content, tools: JSON.stringify(toolUse.tools.map((tool) => toolInput(tool).function)) };
  if (message.role === 'tool') {
    return {
      role: options.resultRole ?? role,
      content,
      tool_call_id: callId(message.toolCallId, options.family),
      name: message.name,
    };
  }
  if (message.role !== 'assistant') return { role, content };
  const { reasoning, toolCalls = [] } = message;
  if (options.family === 'harmony') return harmonyMessage(message, options);
  // DeepSeek's templates write a call only where no text is said.
  const isSilent = content === '' && toolCalls.length > 0 && options.family.startsWith('deepseek');
  return {
    role,
    content: isSilent ? null : content,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls.map((call) => callInput(call, options)) }),
  };
}

/** GPT-OSS's template has thoughts or a text before a call, never both, and takes the text for thoughts. */
function harmonyMessage(
  { role, content, reasoning, toolCalls = [] }: Extract<Message, { role: 'assistant' }>,
  options: TemplateInputOptions,
): object {
  if (toolCalls.length === 0)
    return { role, content, ...(reasoning === undefined ? {} : { thinking: reasoning }) };
  const thinking = [reasoning ?? '', content].filter((text) => text !== '').join('\n\n');
  return { role, content: '', thinking, tool_calls: toolCalls.map((call) => callInput(call, options)) };
}

function callInput(call: ToolCall, { family, argumentForm }: TemplateInputOptions): object {
  return {
    id: callId(call.id, family),
    type: 'function',
    function: {
      name: call.name,
      arguments: argumentForm === 'object' ? callArguments(call) : call.arguments,
    },
  };
}

/** The arguments as an object; as the text that they are where they are no JSON (a call that was cut short). */
export function callArguments(call: ToolCall): unknown {
  try {
    return JSON.parse(call.arguments) as unknown;
  } catch {
    return call.arguments;
  }
}

/** Whether the arguments are what they should be. */
export function hasObject(call: ToolCall): boolean {
  const value = callArguments(call);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Mistral's templates insist on ids of nine letters and digits; others come from the same id, always the same. So do ids
 * that could spell a control token: templates write them out.
 */
function callId(id: string, family: ToolFamily): string {
  const isFit = family === 'mistral' ? /^[a-zA-Z0-9]{9}$/.test(id) : /^[\w.:-]+$/.test(id);
  if (isFit) return id;
  return createHash('sha256').update(id).digest('hex').slice(0, 9);
}
