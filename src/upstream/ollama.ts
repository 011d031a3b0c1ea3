import type { ContentPart } from '../chat/content.ts';
import type { ChatRequest, Conversation, Message, ReasoningEffort } from '../chat/request.ts';
import type { ToolUse } from '../chat/tool.ts';
import { refuseMedia } from './media.ts';
import { notCarried, statedOptions } from './not-carried.ts';
import { createOllamaReader } from './ollama-reader.ts';
import { bearerHeaders } from './openai-chat.ts';
import type { WireProtocol, WireTarget } from './protocol.ts';
import { isObject } from './wire-json.ts';

/** Ollama's chat: https://github.com/ollama/ollama/blob/main/docs/api.md */
export const ollamaChat: WireProtocol = {
  framing: 'lines',
  headers: bearerHeaders,
  request: (request, target) => ({ path: '/api/chat', body: chatBody(request, target) }),
  createReader: (model) => createOllamaReader(model),
};

const optionNames = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  typicalP: 'typical_p',
  repetitionPenalty: 'repeat_penalty',
  penaltyWindow: 'repeat_last_n',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  seed: 'seed',
} as const;

function chatBody(request: ChatRequest, target: WireTarget): Record<string, unknown> {
  const { input, outputFormat: format } = request;
  if (input.kind !== 'chat') throw notCarried('prompt', 'Ollama is asked for conversations only');
  if (request.choiceCount > 1) throw notCarried('n', 'Ollama gives one choice');
  if (request.ignoreEndOfGeneration) throw notCarried('ignore_eos', 'Ollama has no such option');
  if (input.startsNewTurn === true && input.messages.at(-1)?.role === 'assistant') {
    throw notCarried('messages', 'Ollama always continues a last message of the assistant');
  }
  const options = {
    ...statedOptions(request, optionNames, 'Ollama'),
    ...(request.stop.length === 0 ? {} : { stop: request.stop }),
    ...(request.maxTokenCount === null ? {} : { num_predict: request.maxTokenCount }),
    // Ollama's own is often smaller than the model's.
    ...(target.contextTokenCount === null ? {} : { num_ctx: target.contextTokenCount }),
  };
  return {
    model: target.model,
    messages: input.messages.map((message, index) => wireMessage(message, index)),
    ...toolFields(input.toolUse),
    ...(format.type === 'text' ? {} : { format: format.type === 'json_object' ? 'json' : format.schema }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
    ...thinkFields(input.reasoning),
    ...(request.topLogprobCount === null ? {} : { logprobs: true, top_logprobs: request.topLogprobCount }),
    ...(request.keepAliveSeconds === null ? {} : { keep_alive: request.keepAliveSeconds }),
    // Ollama would leave out what does not fit, and not say so.
    truncate: false,
    shift: false,
    stream: true,
  };
}

/** Ollama's levels of thinking; models that know none take them as `true`. */
const levels: Readonly<Partial<Record<ReasoningEffort, string>>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

/**
 * What Ollama's clients say is passed on. Anthropic's do not think unless they ask for it, which models that cannot
 * think take as well: only a wish is passed on then.
 */
function thinkFields(reasoning: Conversation['reasoning']): object {
  if (reasoning === undefined) return {};
  const level = levels[reasoning.effort ?? 'none'];
  if (level !== undefined) return { think: level };
  return reasoning.isWanted || reasoning.field !== 'thinking' ? { think: reasoning.isWanted } : {};
}

function wireMessage(message: Message, index: number): object {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: message.content, ...imageFields(message.parts) };
    case 'tool':
      refuseMedia(message.parts, 'Ollama takes text only as the result of a tool');
      return {
        role: 'tool',
        content: message.content,
        tool_name: message.name,
        tool_call_id: message.toolCallId,
      };
    case 'assistant': {
      const { content, reasoning, toolCalls = [] } = message;
      return {
        role: 'assistant',
        content,
        ...(reasoning === undefined ? {} : { thinking: reasoning }),
        ...(toolCalls.length === 0
          ? {}
          : {
              tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
                id,
                function: { name, arguments: argumentObject(text, `messages[${index}].tool_calls`) },
              })),
            }),
      };
    }
  }
}

/** @throws NearfarError `unsupported` for what is no image */
function imageFields(parts: readonly ContentPart[] | undefined): object {
  if (parts === undefined) return {};
  const images = parts.flatMap((part) => {
    if (part.type === 'text') return [];
    if (part.type !== 'image') throw notCarried(part.field, 'Ollama takes text and images only');
    // Addresses were read before.
    return part.source.kind === 'data' ? [part.source.base64] : [];
  });
  return { images };
}

/** @throws NearfarError `unsupported` where arguments are no object, as Ollama's are */
function argumentObject(text: string, field: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text) as unknown;
  } catch {
    value = null;
  }
  if (!isObject(value)) throw notCarried(field, 'Ollama takes arguments only as an object');
  return value;
}

/** @throws NearfarError `unsupported`: Ollama's own API leaves the choice to the model */
function toolFields(use: ToolUse | undefined): object {
  if (use === undefined) return {};
  if (use.choice.kind !== 'auto')
    throw notCarried('tool_choice', 'Ollama leaves it to the model whether it calls');
  if (!use.allowsParallel) {
    throw notCarried('parallel_tool_calls', 'Ollama leaves it to the model how often it calls');
  }
  return {
    tools: use.tools.map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, ...(description === '' ? {} : { description }), parameters },
    })),
  };
}
