import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, ChatRequest } from '../../chat/request.ts';
import { overflowField } from '../context-overflow.ts';
import type { Envelope } from '../envelope.ts';
import type { CompletionBody } from './completion-schema.ts';
import {
  openaiSampling,
  openaiSpeculation,
  openaiStatedSampling,
  priorityOfTier,
  stopList,
} from './sampling-schema.ts';

/** OpenAI's documented default of `max_tokens` for completions. */
const defaultMaxTokens = 16;

/**
 * One request for each prompt; those of a list share the id, with their number behind it.
 * @throws NearfarError `invalid_request` or `unsupported` where fields do not go together
 */
export function completionRequests(body: CompletionBody, envelope: Envelope): readonly ChatRequest[] {
  const choiceCount = body.n ?? 1;
  if (typeof body.best_of === 'number' && body.best_of !== choiceCount) {
    throw new NearfarError('unsupported', 'best_of: only the value of n is supported; nothing is ranked.', {
      field: 'best_of',
    });
  }
  const inputs = completionInputs(body.prompt, body.suffix ?? null);
  return inputs.map((input, index) => ({
    ...envelope,
    id: inputs.length === 1 ? envelope.id : `${envelope.id}-${index}`,
    requestedModel: body.model,
    input,
    sampling: openaiSampling(body),
    ...openaiSpeculation(body),
    statedSampling: openaiStatedSampling(body),
    stop: stopList(body.stop),
    maxTokenCount: body.max_tokens ?? defaultMaxTokens,
    choiceCount,
    topLogprobCount: body.logprobs ?? null,
    isStreamed: body.stream ?? false,
    priority: envelope.priority ?? priorityOfTier(body.service_tier),
    ignoreEndOfGeneration: body.ignore_eos ?? false,
    outputFormat: { type: 'text' },
    keepAliveSeconds: null,
    ...overflowField(body),
  }));
}

function completionInputs(prompt: CompletionBody['prompt'], suffix: string | null): readonly ChatInput[] {
  const prompts = typeof prompt === 'string' || isTokenList(prompt) ? [prompt] : prompt;
  return prompts.map((one): ChatInput => {
    if (typeof one === 'string')
      return suffix === null ? { kind: 'text', text: one } : { kind: 'text', text: one, suffix };
    if (suffix === null) return { kind: 'tokens', tokens: one };
    throw new NearfarError('unsupported', 'suffix: not supported together with a prompt of token ids.', {
      field: 'suffix',
    });
  });
}

function isTokenList(prompt: Exclude<CompletionBody['prompt'], string>): prompt is readonly number[] {
  return typeof prompt[0] === 'number';
}
