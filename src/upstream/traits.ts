import type { SamplingOptions } from '../chat/sampling.ts';

/** What servers of one protocol differ in. Of importance for OpenAI's, which many speak and each extends. */
export interface UpstreamTraits {
  /** OpenAI renamed the bound; most others know only the older name. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** What the server calls the sampling options that it has; the others cannot be asked of it. */
  readonly samplingNames: Readonly<Partial<Record<keyof SamplingOptions, string>>>;
  /**
   * A last message of the assistant is continued: by itself, where a flag asks for it (vLLM's), or never.
   */
  readonly continuation: 'itself' | 'flag' | 'never';
  readonly hasIgnoreEndOfText: boolean;
  /** Takes what an earlier answer thought as `reasoning_content`. */
  readonly takesReasoning: boolean;
  /** Knows `prompt_cache_key`, and breakpoints where its models charge for writing. */
  readonly takesCacheKey: boolean;
  /** Knows nearfar's own request headers: the label of a request goes with it. */
  readonly isNearfar: boolean;
}

const openaiNames = {
  temperature: 'temperature',
  topP: 'top_p',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  logitBias: 'logit_bias',
  seed: 'seed',
} as const;

const plain: UpstreamTraits = {
  maxTokensField: 'max_tokens',
  samplingNames: openaiNames,
  continuation: 'never',
  hasIgnoreEndOfText: false,
  takesReasoning: false,
  takesCacheKey: false,
  isNearfar: false,
};

const vllm: UpstreamTraits = {
  ...plain,
  samplingNames: { ...openaiNames, topK: 'top_k', minP: 'min_p', repetitionPenalty: 'repetition_penalty' },
  continuation: 'flag',
  hasIgnoreEndOfText: true,
};

/** By the server's own documentation of its API. */
export const presets = {
  /** Whatever is not known better: the fields that all servers of the protocol have. */
  generic: plain,
  openai: { ...plain, maxTokensField: 'max_completion_tokens', takesCacheKey: true },
  mistral: { ...plain, samplingNames: { ...openaiNames, seed: 'random_seed' }, continuation: 'never' },
  vllm,
  sglang: vllm,
  'tensorrt-llm': { ...vllm, continuation: 'never' },
  tgi: plain,
  ollama: plain,
  'llama.cpp': {
    ...plain,
    samplingNames: {
      ...openaiNames,
      topK: 'top_k',
      minP: 'min_p',
      typicalP: 'typical_p',
      repetitionPenalty: 'repeat_penalty',
      penaltyWindow: 'repeat_last_n',
    },
    continuation: 'itself',
    hasIgnoreEndOfText: true,
    takesReasoning: true,
  },
  nearfar: {
    ...plain,
    samplingNames: {
      ...openaiNames,
      topK: 'top_k',
      minP: 'min_p',
      typicalP: 'typical_p',
      repetitionPenalty: 'repetition_penalty',
      penaltyWindow: 'repeat_last_n',
    },
    continuation: 'itself',
    hasIgnoreEndOfText: true,
    takesReasoning: true,
    isNearfar: true,
  },
} as const satisfies Readonly<Record<string, UpstreamTraits>>;

export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as readonly PresetName[];
