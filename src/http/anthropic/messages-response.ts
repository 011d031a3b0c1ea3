import type { ChatPart, FinishReason, Usage } from '../../chat/part.ts';
import { collectAnswer } from '../collected-answer.ts';
import type { PartEncoder } from '../event-stream.ts';
import { anthropicErrorBody } from './error.ts';

export interface MessagesResponseOptions {
  readonly requestId: string;
  /** The request's `max_tokens`: an answer that ends sooner for its length has filled the context. */
  readonly maxTokenCount: number;
}

interface AnthropicUsage {
  /** Prompt tokens that were computed anew. */
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
}

/** A whole answer as a `message`. */
export function anthropicMessage(parts: readonly ChatPart[], options: MessagesResponseOptions): object {
  const answer = collectAnswer(parts, 1);
  const [choice] = answer.choices;
  const text = choice?.text ?? '';
  return {
    ...messageHead(options, answer.model),
    content: text === '' ? [] : [{ type: 'text', text, citations: null }],
    stop_reason: stopReason(choice?.reason ?? 'stop', answer.usage.completionTokenCount, options),
    stop_sequence: choice?.stopSequence ?? null,
    usage: anthropicUsage(answer.usage),
  };
}

/**
 * Events in the documented order: message_start, content_block_start, ping, content_block_delta (many),
 * content_block_stop, message_delta, message_stop. https://docs.anthropic.com/en/api/messages-streaming
 */
export function messageEventEncoder(options: MessagesResponseOptions): PartEncoder {
  let end: Extract<ChatPart, { type: 'choice-end' }> | null = null;
  return (part) => {
    switch (part.type) {
      case 'start':
        return (
          event('message_start', {
            message: {
              ...messageHead(options, part.model),
              content: [],
              stop_reason: null,
              stop_sequence: null,
              usage: anthropicUsage({ ...part, completionTokenCount: 0 }),
            },
          }) +
          event('content_block_start', {
            index: 0,
            content_block: { type: 'text', text: '', citations: null },
          }) +
          event('ping', {})
        );
      case 'text-delta':
        if (part.text === '') return '';
        return (
          'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":' +
          `${JSON.stringify(part.text)}}}\n\n`
        );
      case 'choice-end':
        // The reason goes out with the usage, which only the finish knows.
        end = part;
        return '';
      case 'finish':
        return (
          event('content_block_stop', { index: 0 }) +
          event('message_delta', {
            delta: {
              stop_reason: stopReason(end?.reason ?? 'stop', part.usage.completionTokenCount, options),
              stop_sequence: end?.stopSequence ?? null,
            },
            usage: anthropicUsage(part.usage),
          }) +
          event('message_stop', {})
        );
      case 'error':
        return `event: error\ndata: ${JSON.stringify(anthropicErrorBody(part.error, options.requestId))}\n\n`;
    }
  };
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function messageHead(options: MessagesResponseOptions, model: string): object {
  return { id: `msg_${options.requestId}`, type: 'message', role: 'assistant', model };
}

function anthropicUsage(usage: Usage): AnthropicUsage {
  return {
    input_tokens: usage.promptTokenCount - usage.cachedTokenCount,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokenCount,
    output_tokens: usage.completionTokenCount,
  };
}

function stopReason(
  reason: FinishReason,
  completionTokenCount: number,
  options: MessagesResponseOptions,
): string {
  switch (reason) {
    case 'stop':
      return 'end_turn';
    case 'stop_sequence':
      return 'stop_sequence';
    case 'length':
      return completionTokenCount < options.maxTokenCount ? 'model_context_window_exceeded' : 'max_tokens';
  }
}
