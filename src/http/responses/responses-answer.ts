import { toNearfarError, type NearfarError } from '../../chat/error.ts';
import type { ChatPart, FinishReason, Timings, Usage } from '../../chat/part.ts';
import { overflowUsage } from '../context-overflow.ts';
import type { PartEncoder } from '../event-stream.ts';
import { unixSeconds } from '../openai/chat-response.ts';
import { openaiErrorBody } from '../openai/error.ts';
import { openaiTimings } from '../openai/timings.ts';
import { createOutputItems, type ItemEvent } from './output-items.ts';

export interface ResponsesAnswerOptions {
  readonly requestId: string;
  /** What does not come from the answer, by `responseHead`. */
  readonly head: () => object;
  /** Asked at the answer's end. @default the time */
  readonly endedAt?: () => Date;
}

/** Parts in, events out, and the response as far as it came: a stream's last event and a whole answer are the same. */
export interface ResponseWriter {
  take(part: ChatPart): readonly ItemEvent[];
  /** @throws NearfarError the answer's own, or `internal` where it has no end yet */
  whole(): object;
}

type Ending =
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly error: NearfarError }
  | {
      readonly kind: 'ended';
      readonly usage: Usage;
      readonly timings: Timings;
      readonly at: Date;
    };

export function createResponseWriter(options: ResponsesAnswerOptions): ResponseWriter {
  const items = createOutputItems(options.requestId);
  let model: string | null = null;
  let reason: FinishReason = 'stop';
  let ending: Ending = { kind: 'open' };

  function response(): object {
    const isIncomplete = reason === 'length' || reason === 'content_filter';
    const common = { ...options.head(), model };
    switch (ending.kind) {
      case 'open':
        return { ...common, ...state('in_progress'), output: [], usage: null };
      case 'failed':
        return {
          ...common,
          ...state('failed'),
          error: failure(ending.error),
          output: items.list(),
          usage: null,
        };
      case 'ended':
        return {
          ...common,
          ...state(isIncomplete ? 'incomplete' : 'completed'),
          completed_at: isIncomplete ? null : unixSeconds(ending.at),
          incomplete_details: isIncomplete
            ? { reason: reason === 'length' ? 'max_output_tokens' : 'content_filter' }
            : null,
          output: items.list(),
          usage: responseUsage(ending.usage),
          timings: openaiTimings(ending.usage, ending.timings),
        };
    }
  }

  function take(part: ChatPart): readonly ItemEvent[] {
    switch (part.type) {
      case 'start':
        model = part.model;
        return [
          { type: 'response.created', response: response() },
          { type: 'response.in_progress', response: response() },
        ];
      case 'choice-end':
        reason = part.reason;
        return items.end(reason === 'length' || reason === 'content_filter');
      case 'finish': {
        const at = options.endedAt?.() ?? new Date();
        ending = { kind: 'ended', usage: part.usage, timings: part.timings, at };
        const isIncomplete = reason === 'length' || reason === 'content_filter';
        return [{ type: isIncomplete ? 'response.incomplete' : 'response.completed', response: response() }];
      }
      case 'error': {
        ending = { kind: 'failed', error: part.error };
        if (model !== null) return [{ type: 'response.failed', response: response() }];
        const { code, message, param } = openaiErrorBody(part.error).error;
        return [{ type: 'error', code: code ?? 'server_error', message, param }];
      }
      case 'text-delta':
      case 'reasoning-delta':
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'tool-call-end':
        return items.take(part);
    }
  }

  return {
    take,
    whole() {
      if (ending.kind === 'failed') throw ending.error;
      if (ending.kind === 'open') throw toNearfarError(new Error('The answer has no finish.'));
      return response();
    },
  };
}

/** A whole answer as a `response`. */
export function wholeResponse(parts: readonly ChatPart[], options: ResponsesAnswerOptions): object {
  const writer = createResponseWriter(options);
  for (const part of parts) writer.take(part);
  return writer.whole();
}

/** Events in the documented order, numbered from 0. There is no `[DONE]`. */
export function responseEventEncoder(options: ResponsesAnswerOptions): PartEncoder {
  const writer = createResponseWriter(options);
  let sequence = 0;
  return (part) =>
    writer
      .take(part)
      .map(({ type, ...fields }) => {
        const event = { type, sequence_number: sequence, ...fields };
        sequence += 1;
        return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
      })
      .join('');
}

function state(status: string): object {
  return { status, completed_at: null, error: null, incomplete_details: null };
}

/** `server_error` and `rate_limit_exceeded` are what OpenAI knows of failures that are no fault of the prompt's. */
function failure(error: NearfarError): object {
  const isBusy = error.status === 429;
  return { code: isBusy ? 'rate_limit_exceeded' : 'server_error', message: error.message };
}

function responseUsage(usage: Usage): object {
  return {
    input_tokens: usage.promptTokenCount,
    input_tokens_details: { cached_tokens: usage.cachedTokenCount },
    output_tokens: usage.completionTokenCount,
    // Clients read it without looking whether it is there.
    output_tokens_details: { reasoning_tokens: usage.reasoningTokenCount ?? 0 },
    total_tokens: usage.promptTokenCount + usage.completionTokenCount,
    ...overflowUsage(usage.overflow),
  };
}
