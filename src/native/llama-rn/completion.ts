import type { ChatInput, ChatRequest, Message } from '../../chat/request.ts';
import type { SamplingOptions } from '../../chat/sampling.ts';
import type { NativeEnd } from '../native-model.ts';
import { unsupported } from '../turns.ts';
import type { LlamaCompletionParams, LlamaCompletionResult, LlamaMessage } from './llama-rn-module.ts';

const optionNames = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  typicalP: 'typical_p',
  repetitionPenalty: 'penalty_repeat',
  frequencyPenalty: 'penalty_freq',
  presencePenalty: 'penalty_present',
  penaltyWindow: 'penalty_last_n',
  seed: 'seed',
} as const satisfies Partial<Record<keyof SamplingOptions, keyof LlamaCompletionParams>>;

type LlamaSampling = Partial<Record<(typeof optionNames)[keyof typeof optionNames], number>>;

/** Pure: a request as llama.rn takes it. @throws NearfarError `unsupported` for what it has no place for */
export function completionParams(request: ChatRequest): LlamaCompletionParams {
  const { input, stop, maxTokenCount, outputFormat } = request;
  if (input.kind === 'tokens' || (input.kind === 'text' && input.suffix !== undefined)) {
    throw unsupported('prompt', 'llama.rn is given conversations and texts only');
  }
  const params: LlamaCompletionParams = {
    ...samplingParams(request),
    ...(maxTokenCount === null ? {} : { n_predict: maxTokenCount }),
    ...(stop.length === 0 ? {} : { stop: [...stop] }),
  };
  if (input.kind === 'text') return { ...params, prompt: input.text };
  return {
    ...params,
    messages: [...messagesFor(input)],
    jinja: true,
    reasoning_format: 'auto',
    ...toolParams(input),
    ...formatParams(outputFormat),
  };
}

function samplingParams({ sampling, statedSampling = new Map() }: ChatRequest): LlamaSampling {
  const params: LlamaSampling = {};
  for (const [option, field] of statedSampling) {
    const value = sampling[option];
    if (!(option in optionNames) || typeof value !== 'number') {
      throw unsupported(field, 'llama.rn has no such option');
    }
    params[optionNames[option as keyof typeof optionNames]] = value;
  }
  return params;
}

function toolParams({ toolUse }: Extract<ChatInput, { kind: 'chat' }>): Partial<LlamaCompletionParams> {
  if (toolUse === undefined) return {};
  if (toolUse.choice.kind === 'named') {
    throw unsupported('tool_choice', 'llama.rn takes auto or required, and no tool by name');
  }
  return {
    tools: toolUse.tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
    tool_choice: toolUse.choice.kind,
  };
}

function formatParams(format: ChatRequest['outputFormat']): Partial<LlamaCompletionParams> {
  switch (format.type) {
    case 'text':
      return {};
    case 'json_object':
      return { response_format: { type: 'json_object' } };
    case 'json_schema':
      return {
        response_format: {
          type: 'json_schema',
          json_schema: { strict: format.strict, schema: schemaObject(format.schema) },
        },
      };
  }
}

/** llama.cpp reads schema objects; `true` is the one that allows all. */
function schemaObject(schema: unknown): object {
  return typeof schema === 'object' && schema !== null ? schema : {};
}

/** Pure. @throws NearfarError `unsupported` for pictures and sounds */
export function messagesFor({ messages }: Extract<ChatInput, { kind: 'chat' }>): readonly LlamaMessage[] {
  return messages.map((message, index) => messageFor(message, index));
}

function messageFor(message: Message, index: number): LlamaMessage {
  if ('parts' in message && message.parts.some(({ type }) => type !== 'text')) {
    throw unsupported(`messages[${String(index)}].content`, 'llama.rn is given text only here');
  }
  const { role, content } = message;
  if (role === 'tool') return { role, content, tool_call_id: message.toolCallId, name: message.name };
  if (role !== 'assistant' || message.toolCalls === undefined) return { role, content };
  return {
    role,
    content,
    tool_calls: message.toolCalls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
  };
}

/** Pure: why it ended. Stop words of the model's own template are an end like any other. */
export function endOf(result: LlamaCompletionResult, stops: readonly string[]): NativeEnd {
  const counts = {
    promptTokenCount: result.tokens_evaluated,
    cachedTokenCount: null,
    completionTokenCount: result.tokens_predicted,
  };
  const { stopping_word: word = '' } = result;
  if (word !== '' && stops.includes(word)) return { reason: 'stop_sequence', stopSequence: word, ...counts };
  const isCut = Number(result.stopped_limit ?? 0) > 0 || result.context_full === true;
  return { reason: isCut ? 'length' : 'stop', ...counts };
}
