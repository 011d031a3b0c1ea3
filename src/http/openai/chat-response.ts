import type { ChatPart, FinishReason, TokenLogprob } from '../../chat/part.ts';
import type { PartEncoder } from '../event-stream.ts';
import { collectAnswer, type CollectedChoice } from '../collected-answer.ts';
import { openaiErrorBody } from './error.ts';
import { openaiFinishReason } from './finish-reason.ts';
import { chatLogprobs } from './logprobs.ts';
import { openaiTimings } from './timings.ts';
import { openaiUsage } from './usage.ts';

export interface ChatResponseOptions {
  readonly requestId: string;
  readonly created: Date;
  readonly choiceCount: number;
  readonly wantsLogprobs: boolean;
  /** `stream_options.include_usage`; a whole response always carries usage. */
  readonly includesUsage: boolean;
}

/** A whole answer as a `chat.completion`. */
export function chatCompletion(parts: readonly ChatPart[], options: ChatResponseOptions): object {
  const answer = collectAnswer(parts, options.choiceCount);
  return {
    id: completionId(options),
    object: 'chat.completion',
    created: unixSeconds(options.created),
    model: answer.model,
    choices: answer.choices.map((choice, index) => ({
      index,
      message: messageOf(choice),
      logprobs: options.wantsLogprobs ? { content: chatLogprobs(choice.logprobs), refusal: null } : null,
      finish_reason: openaiFinishReason(choice.reason),
    })),
    usage: openaiUsage(answer.usage),
    timings: openaiTimings(answer.usage, answer.timings),
  };
}

/** Without calls an answer has a text, if an empty one; with calls perhaps none. */
function messageOf({ text, reasoning, calls }: CollectedChoice): object {
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map((call) => ({
            id: call.id,
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
  };
}

/** `chat.completion.chunk` events: the role first, then text, a finish reason for each choice, usage, `[DONE]`. */
export function chatChunkEncoder(options: ChatResponseOptions): PartEncoder {
  const usage = options.includesUsage ? ',"usage":null' : '';
  let head = '';
  const choiceChunk = (index: number, delta: string, logprobs: string, reason: string): string =>
    `${head}"choices":[{"index":${index},"delta":${delta},"logprobs":${logprobs},"finish_reason":${reason}}]${usage}}\n\n`;

  const callChunk = (index: number, call: object): string =>
    choiceChunk(index, JSON.stringify({ tool_calls: [call] }), 'null', 'null');

  function begin(model: string): string {
    head = `data: ${JSON.stringify({
      id: completionId(options),
      object: 'chat.completion.chunk',
      created: unixSeconds(options.created),
      model,
    }).slice(0, -1)},`;
    let text = '';
    for (let index = 0; index < options.choiceCount; index++) {
      text += choiceChunk(index, '{"role":"assistant","content":"","refusal":null}', 'null', 'null');
    }
    return text;
  }

  return (part) => {
    switch (part.type) {
      case 'start':
        return begin(part.model);
      case 'text-delta':
        return choiceChunk(
          part.choice,
          `{"content":${JSON.stringify(part.text)}}`,
          part.logprobs === undefined ? 'null' : logprobText(part.logprobs),
          'null',
        );
      case 'reasoning-delta':
        return choiceChunk(part.choice, `{"reasoning_content":${JSON.stringify(part.text)}}`, 'null', 'null');
      case 'tool-call-start':
        return callChunk(part.choice, {
          index: part.call,
          id: part.id,
          type: 'function',
          function: { name: part.name, arguments: '' },
        });
      case 'tool-call-delta':
        return callChunk(part.choice, { index: part.call, function: { arguments: part.arguments } });
      case 'tool-call-end':
        return '';
      case 'choice-end':
        return choiceChunk(part.choice, '{}', 'null', quotedReason(part.reason));
      case 'finish': {
        const last = options.includesUsage
          ? `${head}"choices":[],"usage":${JSON.stringify(openaiUsage(part.usage))},"timings":${JSON.stringify(openaiTimings(part.usage, part.timings))}}\n\n`
          : '';
        return `${last}data: [DONE]\n\n`;
      }
      case 'error':
        return `data: ${JSON.stringify(openaiErrorBody(part.error))}\n\n`;
    }
  };
}

function logprobText(logprobs: readonly TokenLogprob[]): string {
  return JSON.stringify({ content: chatLogprobs(logprobs), refusal: null });
}

function quotedReason(reason: FinishReason): string {
  return `"${openaiFinishReason(reason)}"`;
}

function completionId({ requestId }: ChatResponseOptions): string {
  return `chatcmpl-${requestId}`;
}

export function unixSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
