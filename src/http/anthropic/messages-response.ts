import type { ChatPart, FinishReason, Usage } from '../../chat/part.ts';
import { collectAnswer, type CollectedBlock } from '../collected-answer.ts';
import { overflowUsage, type OverflowUsage } from '../context-overflow.ts';
import type { PartEncoder } from '../event-stream.ts';
import { anthropicErrorBody } from './error.ts';

export interface MessagesResponseOptions {
  readonly requestId: string;
  /** The request's `max_tokens`: an answer that ends sooner for its length has filled the context. */
  readonly maxTokenCount: number;
}

interface AnthropicUsage extends OverflowUsage {
  /** Prompt tokens that were computed anew and not written into a provider's cache. */
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
}

/** A whole answer as a `message`. */
export function anthropicMessage(parts: readonly ChatPart[], options: MessagesResponseOptions): object {
  const answer = collectAnswer(parts, 1);
  const [choice] = answer.choices;
  return {
    ...messageHead(options, answer.model),
    // A call that was cut short has no input yet; max_tokens as the reason says so.
    content: (choice?.blocks ?? []).flatMap((block) => contentBlock(block) ?? []),
    stop_reason: stopReason(choice?.reason ?? 'stop', answer.usage.completionTokenCount, options),
    stop_sequence: choice?.stopSequence ?? null,
    usage: anthropicUsage(answer.usage),
  };
}

function contentBlock(block: CollectedBlock): object | null {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, citations: null };
    case 'reasoning':
      return { type: 'thinking', thinking: block.text, signature: '' };
    case 'call': {
      const { id, name, arguments: input, isWhole } = block.call;
      return isWhole ? { type: 'tool_use', id, name, input: JSON.parse(input) as unknown } : null;
    }
  }
}

/** The block that is being sent. */
type BlockType = 'text' | 'thinking' | 'tool_use';

/**
 * Events in the documented order: message_start, then for each block content_block_start, content_block_delta (many),
 * content_block_stop, then message_delta and message_stop; a ping after the first block's start.
 * https://docs.anthropic.com/en/api/messages-streaming
 */
export function messageEventEncoder(options: MessagesResponseOptions): PartEncoder {
  let end: Extract<ChatPart, { type: 'choice-end' }> | null = null;
  let index = -1;
  let open: BlockType | null = null;

  function close(): string {
    if (open === null) return '';
    open = null;
    return event('content_block_stop', { index });
  }

  function begin(type: BlockType, block: object): string {
    const before = close();
    index += 1;
    open = type;
    const start = event('content_block_start', { index, content_block: { type, ...block } });
    return before + start + (index === 0 ? event('ping', {}) : '');
  }

  function within(type: BlockType, block: object): string {
    return open === type ? '' : begin(type, block);
  }

  function delta(type: string, field: string, text: string): string {
    return (
      `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${type}",` +
      `"${field}":${JSON.stringify(text)}}}\n\n`
    );
  }

  return (part) => {
    switch (part.type) {
      case 'start':
        return event('message_start', {
          message: {
            ...messageHead(options, part.model),
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: anthropicUsage({ ...part, completionTokenCount: 0 }),
          },
        });
      case 'text-delta':
        if (part.text === '') return '';
        return within('text', { text: '', citations: null }) + delta('text_delta', 'text', part.text);
      case 'reasoning-delta':
        if (part.text === '') return '';
        return (
          within('thinking', { thinking: '', signature: '' }) + delta('thinking_delta', 'thinking', part.text)
        );
      case 'tool-call-start':
        return begin('tool_use', { id: part.id, name: part.name, input: {} });
      case 'tool-call-delta':
        return delta('input_json_delta', 'partial_json', part.arguments);
      case 'tool-call-end':
        return close();
      case 'choice-end':
        // The reason goes out with the usage, which only the finish knows.
        end = part;
        return '';
      case 'finish':
        return (
          close() +
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
  const writtenCount = (usage.cacheWriteTokenCount ?? 0) + (usage.longCacheWriteTokenCount ?? 0);
  return {
    input_tokens: usage.promptTokenCount - usage.cachedTokenCount - writtenCount,
    cache_creation_input_tokens: writtenCount,
    cache_read_input_tokens: usage.cachedTokenCount,
    output_tokens: usage.completionTokenCount,
    ...overflowUsage(usage.overflow),
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
    case 'tool_calls':
      return 'tool_use';
    case 'content_filter':
      return 'refusal';
    case 'length':
      return completionTokenCount < options.maxTokenCount ? 'model_context_window_exceeded' : 'max_tokens';
  }
}
