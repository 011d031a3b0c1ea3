import type { ChatPart, DeltaPart, FinishReason, Usage } from '../chat/part.ts';
import { openaiFinishReason } from '../http/openai/finish-reason.ts';
import { newId } from './chat-request.ts';
import type { ChatBody } from './chat-body.ts';
import type { CallOptions, Near, NearStream } from './near.ts';
import { OpenAiError } from './openai-error.ts';
import type {
  Completion,
  CompletionChunk,
  CompletionStream,
  CompletionUsage,
  EmbeddingList,
  ModelList,
} from './openai-facade.ts';

/** @throws OpenAiError before the first chunk too, as the package does */
export async function createCompletion(
  near: Near,
  body: ChatBody,
  options: CallOptions = {},
): Promise<Completion | CompletionStream> {
  try {
    if (body.stream === true) return await openStream(near, body, options);
    const answer = await near.chat(body, options);
    const { text, toolCalls, finishReason, model, usage } = answer;
    return {
      id: `chatcmpl-${newId()}`,
      object: 'chat.completion',
      created: now(),
      model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text === '' && toolCalls.length > 0 ? null : text,
            refusal: null,
            ...(toolCalls.length === 0
              ? {}
              : {
                  tool_calls: toolCalls.map(({ id, name, arguments: given }) => ({
                    id,
                    type: 'function',
                    function: { name, arguments: given },
                  })),
                }),
          },
          logprobs: null,
          finish_reason: openaiFinishReason(finishReason),
        },
      ],
      usage: usageOf(usage),
    };
  } catch (thrown) {
    throw new OpenAiError(thrown);
  }
}

async function openStream(near: Near, body: ChatBody, options: CallOptions): Promise<CompletionStream> {
  const controller = new AbortController();
  const { signal } = options;
  const both = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  const parts = near.stream(body, { ...options, signal: both });
  // What fails before it begins fails here.
  const chunks = chunksOf(parts, body.stream_options?.include_usage === true, controller);
  await parts.route;
  return { controller, [Symbol.asyncIterator]: () => chunks };
}

async function* chunksOf(
  parts: NearStream,
  includesUsage: boolean,
  controller: AbortController,
): AsyncGenerator<CompletionChunk, void, undefined> {
  const id = `chatcmpl-${newId()}`;
  const created = now();
  let model = '';
  const chunk = (
    delta: CompletionChunk['choices'][number]['delta'],
    reason: FinishReason | null = null,
  ): CompletionChunk => ({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [{ index: 0, delta, finish_reason: reason === null ? null : openaiFinishReason(reason) }],
    ...(includesUsage ? { usage: null } : {}),
  });
  try {
    for await (const part of parts) {
      if (part.type === 'start') {
        model = part.model;
        yield chunk({ role: 'assistant', content: '' });
      } else if (part.type === 'error') {
        // As the package does: a stream that its reader aborts ends, and says nothing.
        if (part.error.kind === 'aborted' && controller.signal.aborted) return;
        throw new OpenAiError(part.error);
      } else if (part.type === 'choice-end') yield chunk({}, part.reason);
      else if (part.type === 'finish') {
        if (includesUsage) yield { ...chunk({}), choices: [], usage: usageOf(part.usage) };
      } else {
        const delta = deltaOf(part);
        if (delta !== null) yield chunk(delta);
      }
    }
  } finally {
    controller.abort();
  }
}

function deltaOf(
  part: DeltaPart | Extract<ChatPart, { type: 'tool-call-start' | 'tool-call-end' }>,
): CompletionChunk['choices'][number]['delta'] | null {
  switch (part.type) {
    case 'text-delta':
      return { content: part.text };
    case 'tool-call-start':
      return {
        tool_calls: [
          { index: part.call, id: part.id, type: 'function', function: { name: part.name, arguments: '' } },
        ],
      };
    case 'tool-call-delta':
      return { tool_calls: [{ index: part.call, function: { arguments: part.arguments } }] };
    case 'reasoning-delta':
    case 'tool-call-end':
      return null;
  }
}

export async function createEmbeddings(
  near: Near,
  { input, model = 'auto' }: { readonly model?: string; readonly input: string | readonly string[] },
  options: CallOptions = {},
): Promise<EmbeddingList> {
  try {
    const texts = typeof input === 'string' ? [input] : input;
    const made = await near.embed(texts, { ...options, model });
    const { promptTokenCount: count } = made;
    return {
      object: 'list',
      model: made.model,
      data: made.vectors.map((vector, index) => ({ object: 'embedding', index, embedding: [...vector] })),
      usage: { prompt_tokens: count, total_tokens: count },
    };
  } catch (thrown) {
    throw new OpenAiError(thrown);
  }
}

/** What can be asked now: `auto`, `near`, and each backend that is there. */
export async function listModels(near: Near): Promise<ModelList> {
  const { backends } = await near.status();
  const usable = backends.filter(({ availability }) => availability.state !== 'unavailable');
  const hasNear = usable.some(({ boundary }) => boundary === 'machine');
  const names =
    usable.length === 0 ? [] : ['auto', ...(hasNear ? ['near'] : []), ...usable.map(({ name }) => name)];
  return {
    object: 'list',
    data: names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'nearfar' })),
  };
}

function usageOf({ promptTokenCount, completionTokenCount }: Usage): CompletionUsage {
  return {
    prompt_tokens: promptTokenCount,
    completion_tokens: completionTokenCount,
    total_tokens: promptTokenCount + completionTokenCount,
  };
}

const now = (): number => Math.floor(Date.now() / 1000);
