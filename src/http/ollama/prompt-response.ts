import type { ChatPart, FinishReason, Timings, TokenLogprob, Usage } from '../../chat/part.ts';
import { collectAnswer, type CollectedCall } from '../collected-answer.ts';
import { overflowUsage } from '../context-overflow.ts';
import type { PartEncoder } from '../event-stream.ts';
import { chatLogprobs, type ChatLogprob } from '../openai/logprobs.ts';
import { draftGain } from '../draft-gain.ts';
import { ollamaErrorBody } from './error.ts';

/** /api/chat and /api/generate differ only in where the text stands. */
export type TextField = 'message' | 'response';

/** A whole answer as one object. */
export function ollamaAnswer(parts: readonly ChatPart[], field: TextField): object {
  const answer = collectAnswer(parts, 1);
  const [choice] = answer.choices;
  const logprobs = choice?.logprobs ?? [];
  return {
    model: answer.model,
    created_at: new Date().toISOString(),
    ...textOf(field, choice?.text ?? '', choice?.reasoning ?? '', choice?.calls.flatMap(wholeCall)),
    ...(logprobs.length === 0 ? {} : { logprobs: chatLogprobs(logprobs) }),
    ...ending(choice?.reason ?? 'stop', answer.usage, answer.timings),
  };
}

/** One JSON object a line; the last one is `done` and carries counts and times. */
export function ollamaLineEncoder(field: TextField): PartEncoder {
  let model = '';
  let reason: FinishReason = 'stop';
  /** The call under way: this dialect sends calls whole. */
  let call: CollectedCall | null = null;
  const line = (fields: object): string =>
    `${JSON.stringify({ model, created_at: new Date().toISOString(), ...fields })}\n`;
  return (part) => {
    switch (part.type) {
      case 'start':
        model = part.model;
        return '';
      case 'text-delta':
        return line({ ...textOf(field, part.text), ...logprobsOf(part.logprobs), done: false });
      case 'reasoning-delta':
        return line({ ...textOf(field, '', part.text), done: false });
      case 'tool-call-start':
        call = { id: part.id, name: part.name, arguments: '', isWhole: false };
        return '';
      case 'tool-call-delta':
        if (call !== null) call = { ...call, arguments: call.arguments + part.arguments };
        return '';
      case 'tool-call-end':
        if (call === null) return '';
        return line({
          ...textOf(field, '', '', wholeCall({ ...call, isWhole: true }, part.call)),
          done: false,
        });
      case 'choice-end':
        reason = part.reason;
        return '';
      case 'finish':
        return line({ ...textOf(field, ''), ...ending(reason, part.usage, part.timings) });
      case 'error':
        return `${JSON.stringify(ollamaErrorBody(part.error))}\n`;
    }
  };
}

/** The answer to a call without a prompt. */
export function ollamaLoadAnswer(model: string, field: TextField, doneReason: 'load' | 'unload'): object {
  return {
    model,
    created_at: new Date().toISOString(),
    ...textOf(field, ''),
    done_reason: doneReason,
    done: true,
  };
}

function textOf(field: TextField, text: string, thinking = '', calls: readonly object[] = []): object {
  const thought = thinking === '' ? {} : { thinking };
  if (field === 'response') return { response: text, ...thought };
  const message = { role: 'assistant', content: text, ...thought };
  return { message: calls.length === 0 ? message : { ...message, tool_calls: calls } };
}

/** None for a call that was cut short: its arguments are no object; `done_reason` says why. */
function wholeCall({ id, name, arguments: text, isWhole }: CollectedCall, index: number): readonly object[] {
  if (!isWhole) return [];
  return [{ id, function: { index, name, arguments: JSON.parse(text) as unknown } }];
}

function logprobsOf(logprobs: readonly TokenLogprob[] | undefined): { logprobs?: readonly ChatLogprob[] } {
  return logprobs === undefined ? {} : { logprobs: chatLogprobs(logprobs) };
}

/** Durations are in nanoseconds. `load_duration` is the whole wait before the prompt's first step. */
function ending(reason: FinishReason, usage: Usage, timings: Timings): object {
  return {
    done: true,
    done_reason: reason === 'length' ? 'length' : 'stop',
    total_duration: nanoseconds(timings.totalMs),
    load_duration: nanoseconds(timings.queueMs),
    prompt_eval_count: usage.promptTokenCount,
    prompt_eval_duration: nanoseconds(timings.prefillMs),
    eval_count: usage.completionTokenCount,
    eval_duration: nanoseconds(timings.decodeMs),
    ...overflowUsage(usage.overflow),
    // llama-server's names; Ollama has none. Only where something was drafted.
    ...(timings.draftedTokenCount !== undefined && {
      draft_n: timings.draftedTokenCount,
      draft_n_accepted: timings.acceptedTokenCount ?? 0,
      draft_gain: draftGain(timings),
    }),
  };
}

function nanoseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1e6);
}
