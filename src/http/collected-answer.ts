import { toNearfarError } from '../chat/error.ts';
import type { ChatPart, FinishReason, Timings, TokenLogprob, Usage } from '../chat/part.ts';

export interface CollectedChoice {
  readonly text: string;
  readonly reason: FinishReason;
  readonly stopSequence: string | null;
  readonly logprobs: readonly TokenLogprob[];
}

export interface CollectedAnswer {
  readonly model: string;
  readonly choices: readonly CollectedChoice[];
  readonly usage: Usage;
  readonly timings: Timings;
}

/**
 * The parts of an answer that went well, put together.
 * @throws NearfarError `internal` where the parts do not make a whole answer
 */
export function collectAnswer(parts: readonly ChatPart[], choiceCount: number): CollectedAnswer {
  const texts: string[][] = [];
  const logprobs: TokenLogprob[][] = [];
  const ends: Extract<ChatPart, { type: 'choice-end' }>[] = [];
  let model: string | undefined;
  let finish: Extract<ChatPart, { type: 'finish' }> | undefined;
  for (const part of parts) {
    switch (part.type) {
      case 'start':
        model = part.model;
        break;
      case 'text-delta':
        (texts[part.choice] ??= []).push(part.text);
        if (part.logprobs !== undefined) (logprobs[part.choice] ??= []).push(...part.logprobs);
        break;
      case 'choice-end':
        ends[part.choice] = part;
        break;
      case 'finish':
        finish = part;
        break;
      case 'error':
        throw part.error;
    }
  }
  if (model === undefined || finish === undefined) throw incomplete('has no start or no finish');
  return {
    model,
    usage: finish.usage,
    timings: finish.timings,
    choices: Array.from({ length: choiceCount }, (_, choice) => {
      const end = ends[choice];
      if (end === undefined) throw incomplete(`lacks the end of choice ${choice}`);
      return {
        text: texts[choice]?.join('') ?? '',
        reason: end.reason,
        stopSequence: end.stopSequence ?? null,
        logprobs: logprobs[choice] ?? [],
      };
    }),
  };
}

function incomplete(what: string): Error {
  return toNearfarError(new Error(`The answer ${what}.`));
}
