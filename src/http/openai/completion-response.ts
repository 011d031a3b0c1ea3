import type { ChatPart, TokenLogprob } from '../../chat/part.ts';
import { collectAnswer } from '../collected-answer.ts';
import type { PartEncoder } from '../event-stream.ts';
import { type ChatResponseOptions, unixSeconds } from './chat-response.ts';
import { openaiErrorBody } from './error.ts';
import { openaiFinishReason } from './finish-reason.ts';
import { tokenText } from './logprobs.ts';
import { openaiTimings } from './timings.ts';
import { openaiUsage } from './usage.ts';

/** The older shape of logprobs: lists side by side, one entry for each token. */
interface LegacyLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[];
  /** Where each token begins, in characters (UTF-16 units) of the choice's text. */
  readonly text_offset: readonly number[];
}

/** A whole answer as a `text_completion`. */
export function textCompletion(parts: readonly ChatPart[], options: ChatResponseOptions): object {
  const answer = collectAnswer(parts, options.choiceCount);
  return {
    ...head(options, answer.model),
    choices: answer.choices.map((choice, index) => ({
      index,
      text: choice.text,
      logprobs: options.wantsLogprobs ? createLegacyLogprobs()(choice.logprobs) : null,
      finish_reason: openaiFinishReason(choice.reason),
    })),
    usage: openaiUsage(answer.usage),
    timings: openaiTimings(answer.usage, answer.timings),
  };
}

/** `text_completion` events: text, a finish reason for each choice, usage, `[DONE]`. */
export function textChunkEncoder(options: ChatResponseOptions): PartEncoder {
  const usage = options.includesUsage ? ',"usage":null' : '';
  const legacyOf = Array.from({ length: options.choiceCount }, createLegacyLogprobs);
  let prefix = '';
  const chunk = (index: number, text: string, logprobs: string, reason: string): string =>
    `${prefix}"choices":[{"index":${index},"text":${text},"logprobs":${logprobs},"finish_reason":${reason}}]${usage}}\n\n`;
  return (part) => {
    switch (part.type) {
      case 'start':
        prefix = `data: ${JSON.stringify(head(options, part.model)).slice(0, -1)},`;
        return '';
      case 'text-delta': {
        const logprobs = part.logprobs === undefined ? undefined : legacyOf[part.choice]?.(part.logprobs);
        return chunk(part.choice, JSON.stringify(part.text), JSON.stringify(logprobs ?? null), 'null');
      }
      case 'reasoning-delta':
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'tool-call-end':
        // Plain text is not taken apart.
        return '';
      case 'choice-end':
        return chunk(part.choice, '""', 'null', `"${openaiFinishReason(part.reason)}"`);
      case 'finish': {
        const last = options.includesUsage
          ? `${prefix}"choices":[],"usage":${JSON.stringify(openaiUsage(part.usage))},"timings":${JSON.stringify(openaiTimings(part.usage, part.timings))}}\n\n`
          : '';
        return `${last}data: [DONE]\n\n`;
      }
      case 'error':
        return `data: ${JSON.stringify(openaiErrorBody(part.error))}\n\n`;
    }
  };
}

function head(options: ChatResponseOptions, model: string): object {
  return {
    id: `cmpl-${options.requestId}`,
    object: 'text_completion',
    created: unixSeconds(options.created),
    model,
  };
}

/** Turns entries into the older shape, chunk after chunk of one choice. */
function createLegacyLogprobs(): (entries: readonly TokenLogprob[]) => LegacyLogprobs {
  // A character's length counts where its last token completes it.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let offset = 0;
  return (entries) => ({
    tokens: entries.map((entry) => tokenText(entry.bytes)),
    token_logprobs: entries.map((entry) => entry.logprob),
    top_logprobs: entries.map((entry) =>
      Object.fromEntries(entry.top.map((other) => [tokenText(other.bytes), other.logprob])),
    ),
    text_offset: entries.map((entry) => {
      const start = offset;
      offset += decoder.decode(Uint8Array.from(entry.bytes), { stream: true }).length;
      return start;
    }),
  });
}
