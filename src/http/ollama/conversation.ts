import { messageContent } from '../../chat/content.ts';
import type { Conversation, Message } from '../../chat/request.ts';
import type { ToolCall } from '../../chat/tool.ts';
import { imageOfBase64 } from '../media.ts';
import { effortReasoning } from '../reasoning-effort.ts';
import { invalid } from '../tool-use.ts';
import type { OllamaChatBody } from './prompt-schema.ts';
import { ollamaToolUse, toolCallOf } from './tool-schema.ts';

/**
 * Results name their call by id, or by the tool's name, or are taken in order: Ollama's clients do each of these.
 * @throws NearfarError `invalid_request` for a result that no call waits for
 */
export function ollamaConversation(body: OllamaChatBody): Conversation {
  const waiting: ToolCall[] = [];
  let callCount = 0;

  function callOf(result: {
    tool_call_id?: string | null | undefined;
    tool_name?: string | null | undefined;
  }): ToolCall | undefined {
    const { tool_call_id: id, tool_name: name } = result;
    const index = waiting.findIndex((call) =>
      typeof id === 'string' ? call.id === id : typeof name !== 'string' || name === '' || call.name === name,
    );
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  }

  const messages = (body.messages ?? []).map((message, index): Message => {
    const { role, content, images } = message;
    if (role !== 'user' && (images ?? []).length > 0) {
      throw invalid(`messages[${index}].images`, 'belong into messages of the user');
    }
    if (message.role === 'tool') {
      const call = callOf(message);
      if (call === undefined)
        throw invalid(`messages[${index}]`, 'expected a tool call before it that has no result yet');
      return { role: 'tool', content: content ?? '', toolCallId: call.id, name: call.name };
    }
    if (message.role !== 'assistant') {
      if (typeof content !== 'string') throw invalid(`messages[${index}].content`, 'expected string');
      if (role === 'user') return { role, ...withImages(content, images, `messages[${index}].images`) };
      return { role: 'system', content };
    }
    const toolCalls = (message.tool_calls ?? []).map((call) => toolCallOf(call, callCount++));
    waiting.push(...toolCalls);
    if (typeof content !== 'string' && toolCalls.length === 0) {
      throw invalid(`messages[${index}].content`, 'expected text, or tool_calls beside it');
    }
    const { thinking } = message;
    return {
      role,
      content: content ?? '',
      ...(typeof thinking === 'string' && thinking !== '' ? { reasoning: thinking } : {}),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
    } as Message;
  });
  const use = ollamaToolUse(body.tools, body.tool_choice);
  return { messages, ...(use === undefined ? {} : { toolUse: use }), ...ollamaReasoning(body.think) };
}

/** The text, then the images. @throws NearfarError `invalid_request` naming the image that is none */
export function withImages(
  text: string,
  images: readonly string[] | null | undefined,
  field: string,
): ReturnType<typeof messageContent> {
  return messageContent([
    { type: 'text', text },
    ...(images ?? []).map((image, index) => imageOfBase64(image, `${field}[${index}]`)),
  ]);
}

type Think = boolean | 'low' | 'medium' | 'high' | null | undefined;

export function ollamaReasoning(think: Think): Pick<Conversation, 'reasoning'> {
  if (typeof think === 'string') {
    const reasoning = effortReasoning(think, 'think');
    return reasoning === undefined ? {} : { reasoning };
  }
  return typeof think === 'boolean' ? { reasoning: { isWanted: think, field: 'think' } } : {};
}
