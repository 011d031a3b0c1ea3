import { NearfarError } from '../../chat/error.ts';
import type { ChatRequest, Conversation, Message } from '../../chat/request.ts';
import { overflowField } from '../context-overflow.ts';
import type { Envelope } from '../envelope.ts';
import { effortReasoning } from '../reasoning-effort.ts';
import { textOfContent } from '../text-content.ts';
import type { ChatBody } from './chat-schema.ts';
import { userContent } from './user-content.ts';
import { invalid } from '../tool-use.ts';
import { outputFormat } from './response-format.ts';
import {
  openaiSampling,
  openaiSpeculation,
  openaiStatedSampling,
  priorityOfTier,
  stopList,
} from './sampling-schema.ts';
import { openaiToolUse } from './tool-schema.ts';

/** @throws NearfarError `invalid_request` where fields contradict each other */
export function chatRequest(body: ChatBody, envelope: Envelope): ChatRequest {
  return {
    ...envelope,
    requestedModel: body.model,
    input: { kind: 'chat', ...conversation(body) },
    sampling: openaiSampling(body),
    ...openaiSpeculation(body),
    statedSampling: openaiStatedSampling(body),
    stop: stopList(body.stop),
    maxTokenCount: maxTokenCount(body),
    choiceCount: body.n ?? 1,
    topLogprobCount: topLogprobCount(body),
    isStreamed: body.stream ?? false,
    priority: envelope.priority ?? priorityOfTier(body.service_tier),
    ignoreEndOfGeneration: body.ignore_eos ?? false,
    outputFormat: outputFormat(body.response_format),
    keepAliveSeconds: null,
    ...overflowField(body),
  };
}

function conversation(body: ChatBody): Conversation {
  const use = openaiToolUse(body);
  const reasoning = effortReasoning(body.reasoning_effort, 'reasoning_effort');
  return {
    messages: toMessages(body.messages),
    startsNewTurn: startsNewTurn(body),
    ...(use === undefined ? {} : { toolUse: use }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
}

function toMessages(messages: ChatBody['messages']): readonly Message[] {
  /** Names of the tools that were called, by the calls' ids. */
  const called = new Map<string, string>();
  return messages.map((message, index): Message => {
    switch (message.role) {
      case 'system':
      case 'developer':
        return { role: 'system', content: textOfContent(message.content) };
      case 'user':
        return { role: 'user', ...userContent(message.content, `messages[${index}].content`) };
      case 'assistant': {
        const toolCalls = (message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function }));
        for (const { id, name } of toolCalls) called.set(id, name);
        const { content, reasoning_content: reasoning } = message;
        if ((content === undefined || content === null) && toolCalls.length === 0) {
          throw invalid(`messages[${index}].content`, 'expected text, or tool_calls beside it');
        }
        return {
          role: 'assistant',
          content: textOfContent(content ?? ''),
          ...(typeof reasoning === 'string' ? { reasoning } : {}),
          ...(toolCalls.length === 0 ? {} : { toolCalls }),
        };
      }
      case 'tool': {
        const name = called.get(message.tool_call_id);
        if (name === undefined) {
          throw invalid(`messages[${index}].tool_call_id`, 'no tool call before this message has this id');
        }
        return {
          role: 'tool',
          content: textOfContent(message.content),
          toolCallId: message.tool_call_id,
          name,
        };
      }
      case 'function':
        throw new NearfarError('unsupported', 'messages: the older role "function" is not supported.', {
          field: 'messages',
        });
    }
  });
}

/**
 * Whether a last message of the assistant is left as it is, for another to follow. `add_generation_prompt` is vLLM's
 * second switch for the same thing.
 */
function startsNewTurn(body: ChatBody): boolean {
  const { continue_final_message: continues, add_generation_prompt: adds } = body;
  const isLast = body.messages.at(-1)?.role === 'assistant';
  if (typeof continues === 'boolean' && continues === adds) {
    const message = continues
      ? 'continue_final_message: true goes with "add_generation_prompt": false.'
      : 'continue_final_message: false goes with "add_generation_prompt": true.';
    throw new NearfarError('invalid_request', message, { field: 'continue_final_message' });
  }
  if (!isLast && continues === true) {
    throw new NearfarError(
      'invalid_request',
      'continue_final_message: expected the last message to be of the role assistant.',
      { field: 'continue_final_message' },
    );
  }
  if (!isLast && adds === false) {
    throw new NearfarError(
      'unsupported',
      'add_generation_prompt: only a last message of the assistant can be continued.',
      { field: 'add_generation_prompt' },
    );
  }
  return continues === false || adds === true;
}

/** `max_tokens` is the old name of `max_completion_tokens`. */
function maxTokenCount(body: ChatBody): number | null {
  const { max_tokens: older, max_completion_tokens: newer } = body;
  if (typeof older === 'number' && typeof newer === 'number' && older !== newer) {
    throw new NearfarError(
      'invalid_request',
      'max_tokens: differs from max_completion_tokens; send only one.',
      {
        field: 'max_tokens',
      },
    );
  }
  return newer ?? older ?? null;
}

function topLogprobCount(body: ChatBody): number | null {
  if (body.logprobs === true) return body.top_logprobs ?? 0;
  if (typeof body.top_logprobs === 'number' && body.top_logprobs > 0) {
    throw new NearfarError('invalid_request', 'top_logprobs: needs "logprobs": true.', {
      field: 'top_logprobs',
    });
  }
  return null;
}
