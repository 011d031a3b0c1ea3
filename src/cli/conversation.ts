import { NearfarError } from '../chat/error.ts';
import type { Message } from '../chat/request.ts';

/** How `chat` and `run` ask: the parts of an OpenAI request that a person sets. */
export interface TalkOptions {
  readonly model: string;
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
}

/** Posts to a gateway, over a socket or within this process: the same routes either way. */
export type Post = (path: string, body: unknown, signal: AbortSignal) => Promise<Response>;

export interface Reply {
  readonly text: string;
  /** What the model thought before it spoke; empty where it does not show. */
  readonly reasoning: string;
  /** The model that answered. */
  readonly model: string | null;
  /** From the response header, e.g. `smoke test`. */
  readonly grade: string | null;
  readonly finishReason: string | null;
  readonly usage: {
    readonly promptTokens: number;
    readonly cachedTokens: number;
    readonly completionTokens: number;
  } | null;
  /** From sending to the first text, and to the end; milliseconds, seen from here. */
  readonly firstTextMs: number | null;
  readonly totalMs: number;
}

interface StreamChunk {
  readonly model?: string;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string; readonly reasoning_content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  } | null;
  readonly error?: { readonly message?: string };
}

/**
 * Asks and hands over the text as it comes, and before it the reasoning. An abort returns what came so far.
 * @throws NearfarError with the gateway's own words
 */
export async function ask(
  post: Post,
  messages: readonly Message[],
  options: TalkOptions,
  onText: (text: string, kind: 'text' | 'reasoning') => void,
  signal: AbortSignal,
): Promise<Reply> {
  const startedAt = performance.now();
  const body = {
    model: options.model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  };
  let text = '';
  let reasoning = '';
  let model: string | null = null;
  let grade: string | null = null;
  let finishReason: string | null = null;
  let usage: Reply['usage'] = null;
  let firstTextMs: number | null = null;
  const reply = (): Reply => ({
    text,
    reasoning,
    model,
    grade,
    finishReason,
    usage,
    firstTextMs,
    totalMs: performance.now() - startedAt,
  });
  try {
    const response = await post('/v1/chat/completions', body, signal);
    if (!response.ok || response.body === null) {
      const kind = response.status < 500 ? 'invalid_request' : 'unavailable';
      throw new NearfarError(kind, await errorText(response));
    }
    grade = response.headers.get('x-nearfar-grade');
    for await (const data of eventData(response.body)) {
      if (data === '[DONE]') break;
      const chunk = JSON.parse(data) as StreamChunk;
      if (chunk.error !== undefined) {
        throw new NearfarError('unavailable', chunk.error.message ?? 'the stream ended in an error');
      }
      model = chunk.model ?? model;
      const choice = chunk.choices?.[0];
      finishReason = choice?.finish_reason ?? finishReason;
      const thought = choice?.delta?.reasoning_content ?? '';
      if (thought !== '') {
        firstTextMs ??= performance.now() - startedAt;
        reasoning += thought;
        onText(thought, 'reasoning');
      }
      const delta = choice?.delta?.content;
      if (delta !== undefined && delta !== '') {
        firstTextMs ??= performance.now() - startedAt;
        text += delta;
        onText(delta, 'text');
      }
      if (chunk.usage !== undefined && chunk.usage !== null) {
        usage = {
          promptTokens: chunk.usage.prompt_tokens,
          cachedTokens: chunk.usage.prompt_tokens_details?.cached_tokens ?? 0,
          completionTokens: chunk.usage.completion_tokens,
        };
      }
    }
  } catch (thrown) {
    if (!signal.aborted) throw asNearfarError(thrown);
    finishReason = 'interrupted';
  }
  return reply();
}

/** What is thrown by the connection itself: the gateway was stopped, or something else listens there. */
function asNearfarError(thrown: unknown): NearfarError {
  if (thrown instanceof NearfarError) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new NearfarError('unavailable', `The gateway broke off its answer: ${why}`, { cause: thrown });
}

async function errorText(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const parsed = JSON.parse(text) as { error?: { message?: string } };
    if (parsed.error?.message !== undefined) return parsed.error.message;
  } catch {
    // Not JSON: shown as it is.
  }
  return `the gateway answered ${response.status}: ${text.slice(0, 300)}`;
}

/** The `data:` fields of a stream of server-sent events; comments and other fields are skipped. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data:')) yield line.slice(line.startsWith('data: ') ? 6 : 5).replace(/\r$/, '');
    }
  }
}
