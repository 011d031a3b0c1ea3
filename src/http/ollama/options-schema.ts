import { z } from 'zod';
import type { ChatRequest } from '../../chat/request.ts';
import { neutralSampling, type SamplingOptions } from '../../chat/sampling.ts';
import { samplingTopK, samplingTopP, statedSampling, type SamplingNames } from '../default-sampling.ts';
import {
  draftTokens,
  ignored,
  minP,
  optional,
  penalty,
  repetitionPenalty,
  seed,
  stopStrings,
  temperature,
  topK,
  topP,
  typicalP,
  unsupported,
  wantedSpeculation,
} from '../schema-field.ts';

const placement = ignored('nearfar places and times the work itself');

/** `options` of /api/chat and /api/generate: https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx */
export const optionsSchema = z.strictObject({
  temperature: optional(temperature),
  top_k: optional(topK),
  top_p: optional(topP),
  min_p: optional(minP),
  typical_p: optional(typicalP),
  repeat_penalty: optional(repetitionPenalty),
  repeat_last_n: optional(z.int().min(-1)),
  presence_penalty: optional(penalty),
  frequency_penalty: optional(penalty),
  seed: optional(seed),
  num_predict: optional(
    z
      .int()
      .min(-2)
      .refine((count) => count !== 0, 'expected at least 1, or -1 for no bound'),
  ),
  draft_num_predict: optional(z.union([z.literal(-1), draftTokens])).meta({
    description:
      'Tokens drafted ahead in each step; 0: none; -1: as many as pay. Absent: engine.speculation.',
  }),
  stop: optional(z.union([z.string().min(1).max(1_000), stopStrings])),
  num_ctx: ignored('the context is set for the model; see context_overflow for a prompt that does not fit'),
  num_keep: optional(z.int().min(-1)).meta({
    description: 'With sinks: first tokens of the prompt that stay, -1 is all. Else without effect.',
  }),
  num_batch: placement,
  num_gpu: placement,
  main_gpu: placement,
  num_thread: placement,
  numa: placement,
  low_vram: placement,
  f16_kv: placement,
  use_mmap: placement,
  use_mlock: placement,
  mirostat: unsupported('mirostat sampling is not supported', [0]),
  mirostat_tau: ignored('used by mirostat only'),
  mirostat_eta: ignored('used by mirostat only'),
  tfs_z: unsupported('tail-free sampling is not supported', [1]),
  penalize_newline: optional(z.literal(true, { error: 'newlines are always penalized like other tokens' })),
  logits_all: unsupported('use logprobs'),
  vocab_only: unsupported('models are loaded whole'),
  embedding_only: unsupported('ask /api/embed for embeddings'),
});

export type OllamaOptions = z.infer<typeof optionsSchema>;

/** Ollama's documented defaults, where a client sets nothing. */
export function ollamaSampling(options: OllamaOptions): SamplingOptions {
  return {
    temperature: options.temperature ?? 0.8,
    topK: samplingTopK(options.top_k ?? 40),
    topP: samplingTopP(options.top_p ?? 0.9),
    minP: options.min_p ?? neutralSampling.minP,
    typicalP: options.typical_p ?? neutralSampling.typicalP,
    repetitionPenalty: options.repeat_penalty ?? 1.1,
    presencePenalty: options.presence_penalty ?? neutralSampling.presencePenalty,
    frequencyPenalty: options.frequency_penalty ?? neutralSampling.frequencyPenalty,
    penaltyWindow: options.repeat_last_n ?? 64,
    logitBias: neutralSampling.logitBias,
    // -1 asks for a random one.
    seed: options.seed === undefined || options.seed === -1 ? null : options.seed,
  };
}

export function ollamaSpeculation({
  draft_num_predict: count,
}: OllamaOptions): Pick<ChatRequest, 'speculation'> {
  if (count === undefined || count === null) return {};
  return wantedSpeculation(count === -1 ? 'auto' : count);
}

const samplingNames: SamplingNames = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  typicalP: 'typical_p',
  repetitionPenalty: 'repeat_penalty',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  penaltyWindow: 'repeat_last_n',
  seed: 'seed',
};

/** What the client set itself; a seed of -1 asks for none. */
export function ollamaStatedSampling(options: OllamaOptions): ReadonlyMap<keyof SamplingOptions, string> {
  const { seed: asked, ...others } = options;
  return statedSampling(asked === -1 ? others : options, samplingNames, 'options.');
}

/** `num_predict`: -1 and -2 mean until the model or the context ends. */
export function ollamaMaxTokenCount(options: OllamaOptions): number | null {
  const count = options.num_predict ?? -1;
  return count > 0 ? count : null;
}
