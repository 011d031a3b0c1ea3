import { messageContent, type ContentPart } from '../../chat/content.ts';
import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolCall } from '../../chat/tool.ts';
import { effortReasoning } from '../reasoning-effort.ts';
import { textOfContent } from '../text-content.ts';
import { invalid } from '../tool-use.ts';
import type { ResultBlock } from './content-schema.ts';
import { mediaPart } from './media-block.ts';
import type { CountTokensBody } from './messages-schema.ts';
import { anthropicToolUse } from './tool-schema.ts';

type Turn = CountTokensBody['messages'][number];

/**
 * The system text becomes the first message, results of tools become messages of their own, and turns of the same role
 * in a row are one, as Anthropic has it.
 * @throws NearfarError `invalid_request` for a result without a call or a block in the wrong turn
 */
export function conversationOf(
  body: Pick<CountTokensBody, 'messages' | 'system' | 'tools' | 'tool_choice' | 'thinking' | 'output_config'>,
): Conversation {
  const messages: Message[] = [];
  const system = textOfContent(body.system ?? '');
  if (system !== '') messages.push({ role: 'system', content: system });
  /** Names of the tools that were called, by the calls' ids. */
  const called = new Map<string, string>();
  body.messages.forEach((turn, index) => {
    for (const message of turnMessages(turn, `messages[${index}]`, called)) addMessage(messages, message);
  });
  const use = anthropicToolUse(body);
  return {
    messages,
    ...(use === undefined ? {} : { toolUse: use }),
    reasoning: reasoningOf(body),
  };
}

/** Who does not ask for thinking gets none, where the model can do without; an effort is how long, not whether. */
function reasoningOf({
  thinking,
  output_config: config,
}: Pick<CountTokensBody, 'thinking' | 'output_config'>): NonNullable<Conversation['reasoning']> {
  if ((thinking?.type ?? 'disabled') === 'disabled') return { isWanted: false, field: 'thinking' };
  return {
    ...effortReasoning(config?.effort, 'output_config.effort'),
    isWanted: true,
    field: 'thinking',
    ...budget(thinking),
  };
}

function budget(thinking: CountTokensBody['thinking']): { readonly budgetTokenCount?: number } {
  const tokenCount =
    thinking?.type === 'enabled' || thinking?.type === 'adaptive' ? thinking.budget_tokens : null;
  return typeof tokenCount === 'number' ? { budgetTokenCount: tokenCount } : {};
}

function turnMessages(turn: Turn, field: string, called: Map<string, string>): readonly Message[] {
  if (typeof turn.content === 'string') return [{ role: turn.role, content: turn.content }];
  const said: ContentPart[] = [];
  const thoughts: string[] = [];
  const toolCalls: ToolCall[] = [];
  const results: Message[] = [];
  turn.content.forEach((block, index) => {
    const place = `${field}.content[${index}]`;
    const needs = (role: Turn['role']): void => {
      if (turn.role !== role)
        throw invalid(`${place}.type`, `${block.type} belongs into a turn of the ${role}`);
    };
    switch (block.type) {
      case 'text':
        said.push({ type: 'text', text: block.text });
        break;
      case 'image':
      case 'document':
        needs('user');
        said.push(mediaPart(block, place));
        break;
      case 'thinking':
        needs('assistant');
        thoughts.push(block.thinking);
        break;
      case 'tool_use':
        needs('assistant');
        called.set(block.id, block.name);
        toolCalls.push({ id: block.id, name: block.name, arguments: JSON.stringify(block.input) });
        break;
      case 'tool_result': {
        needs('user');
        const name = called.get(block.tool_use_id);
        if (name === undefined) throw invalid(`${place}.tool_use_id`, 'no tool_use before it has this id');
        const content = resultContent(block.content ?? '', block.is_error === true, `${place}.content`);
        results.push({ role: 'tool', ...content, toolCallId: block.tool_use_id, name });
        break;
      }
    }
  });
  const { content, ...media } = messageContent(said);
  if (turn.role !== 'assistant') {
    const isSilent = said.length === 0 && results.length > 0;
    return isSilent ? results : [...results, { role: turn.role, content, ...media }];
  }
  return [
    {
      role: 'assistant',
      content,
      ...(thoughts.length === 0 ? {} : { reasoning: thoughts.join('\n') }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    },
  ];
}

/** Templates have no field for a failure: the text says it. */
function resultContent(
  content: string | readonly ResultBlock[],
  isFailure: boolean,
  field: string,
): ReturnType<typeof messageContent> {
  const parts =
    typeof content === 'string'
      ? [{ type: 'text' as const, text: content }]
      : content.map((block, index): ContentPart =>
          block.type === 'text' ? { type: 'text', text: block.text } : mediaPart(block, `${field}[${index}]`),
        );
  if (!isFailure) return messageContent(parts);
  const [first, ...rest] = parts;
  return messageContent(
    first?.type === 'text'
      ? [{ type: 'text', text: `Error: ${first.text}` }, ...rest]
      : [{ type: 'text', text: 'Error: ' }, ...parts],
  );
}

function addMessage(messages: Message[], message: Message): void {
  const last = messages.at(-1);
  const joined = last === undefined ? null : joinMessages(last, message);
  if (joined === null) messages.push(message);
  else messages[messages.length - 1] = joined;
}

function joinMessages(first: Message, second: Message): Message | null {
  if (first.role === 'assistant' && second.role === 'assistant') {
    const reasoning = [first.reasoning, second.reasoning].filter((text) => text !== undefined);
    const toolCalls = [...(first.toolCalls ?? []), ...(second.toolCalls ?? [])];
    return {
      role: 'assistant',
      content: joinTexts(first.content, second.content),
      ...(reasoning.length === 0 ? {} : { reasoning: reasoning.join('\n') }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    };
  }
  if (first.role === 'tool' || first.role !== second.role) return null;
  const content = joinTexts(first.content, second.content);
  if (first.role !== 'user' || second.role !== 'user') return { ...first, content };
  if (first.parts === undefined && second.parts === undefined) return { ...first, content };
  return { ...first, content, parts: [...partsOf(first), ...partsOf(second)] };
}

function partsOf({ content, parts }: Extract<Message, { role: 'user' }>): readonly ContentPart[] {
  return parts ?? (content === '' ? [] : [{ type: 'text', text: content }]);
}

function joinTexts(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first}\n${second}`;
}
