import { NearfarError } from '../../chat/error.ts';
import type { ChatInput, ChatRequest, OutputFormat } from '../../chat/request.ts';
import type { Envelope } from '../envelope.ts';
import { ollamaConversation, ollamaReasoning, withImages } from './conversation.ts';
import { keepAliveSeconds } from './keep-alive.ts';
import {
  ollamaMaxTokenCount,
  ollamaSampling,
  ollamaSpeculation,
  ollamaStatedSampling,
} from './options-schema.ts';
import { ollamaOverflow } from './overflow.ts';
import type { OllamaChatBody, OllamaGenerateBody } from './prompt-schema.ts';

/** What a call asks for: an answer, or only that the model be loaded or unloaded. */
export type OllamaIntent =
  | { readonly kind: 'answer'; readonly request: ChatRequest }
  | { readonly kind: 'load'; readonly model: string; readonly keepAliveSeconds: number | null }
  | { readonly kind: 'unload'; readonly model: string };

export function chatIntent(body: OllamaChatBody, envelope: Envelope): OllamaIntent {
  const messages = body.messages ?? [];
  if (messages.length === 0) return loadIntent(body);
  return answerIntent(body, envelope, {
    kind: 'chat',
    ...ollamaConversation(body),
  });
}

/** @throws NearfarError `unsupported` or `invalid_request` where fields do not go together */
export function generateIntent(body: OllamaGenerateBody, envelope: Envelope): OllamaIntent {
  const prompt = body.prompt ?? '';
  const suffix = body.suffix ?? '';
  const system = body.system ?? '';
  if (prompt === '' && suffix === '') return loadIntent(body);
  if (system !== '' && (body.raw === true || suffix !== '')) {
    throw new NearfarError('unsupported', 'system: has no place in a raw prompt or beside a suffix.', {
      field: 'system',
    });
  }
  if (Boolean(body.think) && (body.raw === true || suffix !== '')) {
    throw new NearfarError('unsupported', 'think: has no place in a raw prompt or beside a suffix.', {
      field: 'think',
    });
  }
  if ((body.images ?? []).length > 0 && (body.raw === true || suffix !== '')) {
    throw new NearfarError('unsupported', 'images: have no place in a raw prompt or beside a suffix.', {
      field: 'images',
    });
  }
  if (suffix !== '') return answerIntent(body, envelope, { kind: 'text', text: prompt, suffix });
  if (body.raw === true) return answerIntent(body, envelope, { kind: 'text', text: prompt });
  return answerIntent(body, envelope, {
    kind: 'chat',
    messages: [
      ...(system === '' ? [] : [{ role: 'system', content: system } as const]),
      { role: 'user', ...withImages(prompt, body.images, 'images') },
    ],
    ...ollamaReasoning(body.think),
  });
}

type CommonBody = Pick<
  OllamaChatBody,
  | 'model'
  | 'stream'
  | 'options'
  | 'format'
  | 'keep_alive'
  | 'logprobs'
  | 'top_logprobs'
  | 'context_overflow'
  | 'truncate'
  | 'shift'
>;

function loadIntent(body: CommonBody): OllamaIntent {
  const keepAlive = readKeepAlive(body);
  return keepAlive === 0
    ? { kind: 'unload', model: body.model }
    : { kind: 'load', model: body.model, keepAliveSeconds: keepAlive };
}

function answerIntent(body: CommonBody, envelope: Envelope, input: ChatInput): OllamaIntent {
  const options = body.options ?? {};
  const { stop } = options;
  return {
    kind: 'answer',
    request: {
      ...envelope,
      requestedModel: body.model,
      input,
      sampling: ollamaSampling(options),
      ...ollamaSpeculation(options),
      statedSampling: ollamaStatedSampling(options),
      stop: typeof stop === 'string' ? [stop] : (stop ?? []),
      maxTokenCount: ollamaMaxTokenCount(options),
      choiceCount: 1,
      topLogprobCount: body.logprobs === true ? (body.top_logprobs ?? 0) : null,
      isStreamed: body.stream ?? true,
      priority: envelope.priority ?? 'default',
      ignoreEndOfGeneration: false,
      outputFormat: outputFormat(body.format),
      keepAliveSeconds: readKeepAlive(body),
      ...ollamaOverflow(body, options.num_keep),
    },
  };
}

function readKeepAlive({ keep_alive: value }: CommonBody): number | null {
  return value === undefined || value === null ? null : keepAliveSeconds(value);
}

function outputFormat(format: CommonBody['format']): OutputFormat {
  if (format === undefined || format === null || format === '') return { type: 'text' };
  if (format === 'json') return { type: 'json_object', field: 'format' };
  return { type: 'json_schema', schema: format, name: null, strict: true, field: 'format' };
}
