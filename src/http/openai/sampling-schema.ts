import { z } from 'zod';
import { NearfarError } from '../../chat/error.ts';
import type { ChatRequest, Priority } from '../../chat/request.ts';
import { neutralSampling, type SamplingOptions } from '../../chat/sampling.ts';
import { contextOverflowField, truncationField } from '../context-overflow.ts';
import { candidateSampling, statedSampling, type SamplingNames } from '../default-sampling.ts';
import {
  draftTokens,
  ignored,
  logitBias,
  maxTokens,
  minP,
  modelName,
  optional,
  penalty,
  repetitionPenalty,
  seed,
  stopStrings,
  temperature,
  topK,
  topP,
  typicalP,
  wantedSpeculation,
} from '../schema-field.ts';

const extension = (meaning: string): { description: string } => ({ description: `Extension: ${meaning}.` });

/** The fields that /v1/chat/completions and /v1/completions share. */
export const samplingFields = {
  model: modelName,
  stream: optional(z.boolean()),
  stream_options: optional(
    z.strictObject({
      include_usage: optional(z.boolean()),
      include_obfuscation: ignored('nothing is padded'),
    }),
  ),
  temperature: optional(temperature),
  top_p: optional(topP),
  presence_penalty: optional(penalty),
  frequency_penalty: optional(penalty),
  logit_bias: optional(logitBias),
  seed: optional(seed),
  stop: optional(z.union([z.string().min(1).max(1_000), stopStrings])),
  n: optional(z.int().min(1).max(128)),
  max_tokens: optional(maxTokens),
  user: ignored('a label of the caller'),
  metadata: ignored('a label'),
  service_tier: optional(z.enum(['auto', 'default', 'flex', 'scale', 'priority'])).meta({
    description: 'flex: the class bulk; priority: interactive; the others: default.',
  }),
  prompt_cache_key: ignored('prefixes are found by themselves'),
  prompt_cache_retention: ignored('prefixes are kept while there is room'),
  prompt_cache_options: ignored('prefixes are found by themselves'),
  safety_identifier: ignored('a label of the caller'),
  context_overflow: contextOverflowField,
  truncation: truncationField,
  top_k: optional(topK).meta(extension('0 is off')),
  min_p: optional(minP).meta(extension('0 is off')),
  typical_p: optional(typicalP).meta(extension('1 is off')),
  repetition_penalty: optional(repetitionPenalty).meta(extension('1 is off')),
  repeat_last_n: optional(z.int().min(-1)).meta(
    extension('tokens that the penalties look at, -1 is all, 64 where absent'),
  ),
  num_speculative_tokens: optional(z.union([z.literal('auto'), draftTokens])).meta(
    extension(
      "vLLM's name: tokens drafted ahead in each step, 0 is none, auto as many as pay; absent: engine.speculation",
    ),
  ),
  'speculative.n_max': optional(draftTokens).meta(extension("llama-server's name of num_speculative_tokens")),
  ignore_eos: optional(z.boolean()).meta(extension('for benchmarks: go on through end-of-text')),
};

type ServiceTier = z.infer<typeof samplingFields.service_tier>;

/** The class that a tier of OpenAI's stands for. */
export function priorityOfTier(tier: ServiceTier): Priority {
  if (tier === 'flex') return 'bulk';
  return tier === 'priority' ? 'interactive' : 'default';
}

type SamplingFields = z.infer<z.ZodObject<typeof samplingFields>>;

export function openaiSampling(body: SamplingFields): SamplingOptions {
  return {
    ...candidateSampling(body),
    temperature: body.temperature ?? neutralSampling.temperature,
    typicalP: body.typical_p ?? neutralSampling.typicalP,
    repetitionPenalty: body.repetition_penalty ?? neutralSampling.repetitionPenalty,
    presencePenalty: body.presence_penalty ?? neutralSampling.presencePenalty,
    frequencyPenalty: body.frequency_penalty ?? neutralSampling.frequencyPenalty,
    penaltyWindow: body.repeat_last_n ?? neutralSampling.penaltyWindow,
    logitBias: new Map(Object.entries(body.logit_bias ?? {}).map(([token, bias]) => [Number(token), bias])),
    seed: body.seed ?? neutralSampling.seed,
  };
}

/** @throws NearfarError where both names are used and differ */
export function openaiSpeculation(body: SamplingFields): Pick<ChatRequest, 'speculation'> {
  const { num_speculative_tokens: count, 'speculative.n_max': other } = body;
  if (typeof count === 'number' && typeof other === 'number' && count !== other) {
    throw new NearfarError(
      'invalid_request',
      'speculative.n_max: differs from num_speculative_tokens; send only one.',
      { field: 'speculative.n_max' },
    );
  }
  const wanted = count ?? other;
  return wanted === undefined || wanted === null ? {} : wantedSpeculation(wanted);
}

const samplingNames: SamplingNames = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  typicalP: 'typical_p',
  repetitionPenalty: 'repetition_penalty',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  penaltyWindow: 'repeat_last_n',
  logitBias: 'logit_bias',
  seed: 'seed',
};

export function openaiStatedSampling(body: SamplingFields): ReadonlyMap<keyof SamplingOptions, string> {
  return statedSampling(body, samplingNames);
}

export function stopList(stop: string | readonly string[] | null | undefined): readonly string[] {
  return typeof stop === 'string' ? [stop] : (stop ?? []);
}
