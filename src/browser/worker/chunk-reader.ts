import type { ChatPart, FinishReason, ModelGrade, Usage } from '../../chat/part.ts';

/** A `chat.completion.chunk`, as far as it is read. */
export interface Chunk {
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly tool_calls?: readonly {
        readonly index?: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  /** llama.cpp's. */
  readonly timings?: { readonly prompt_ms: number; readonly predicted_ms: number; readonly cache_n?: number };
  /** llama.cpp's, while it reads the prompt. */
  readonly prompt_progress?: { readonly total: number; readonly cache: number };
}

export interface ChunkReader {
  read(chunk: Chunk): readonly ChatPart[];
  /** The end of the stream: `choice-end` where none came, and `finish`. */
  end(): readonly ChatPart[];
  /** So far; for answers that break off. */
  usage(): Usage;
}

export interface ChunkReaderOptions {
  readonly model: string;
  readonly grade: ModelGrade;
  /** Milliseconds that the request waited for its turn. */
  readonly queueMs: number;
  readonly now: () => number;
}

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
};

/** Chunks of one choice in OpenAI's shape -> our parts. Calls come one after the other; each has its end. */
export function createChunkReader({ model, grade, queueMs, now }: ChunkReaderOptions): ChunkReader {
  const startedAt = now();
  let firstTokenAt: number | null = null;
  let hasStarted = false;
  let isEnded = false;
  let openCall: number | null = null;
  let callCount = 0;
  const callOf = new Map<number, number>();
  let deltaCount = 0;
  let prompt = { total: 0, cache: 0 };
  let usage: Chunk['usage'] = null;
  let timings: Chunk['timings'];

  function start(): readonly ChatPart[] {
    if (hasStarted) return [];
    hasStarted = true;
    return [{ type: 'start', model, grade, promptTokenCount: prompt.total, cachedTokenCount: prompt.cache }];
  }

  function closeCall(): readonly ChatPart[] {
    if (openCall === null) return [];
    const call = openCall;
    openCall = null;
    return [{ type: 'tool-call-end', choice: 0, call }];
  }

  function readCalls(
    calls: NonNullable<NonNullable<NonNullable<Chunk['choices']>[number]['delta']>['tool_calls']>,
  ): ChatPart[] {
    const parts: ChatPart[] = [];
    for (const wire of calls) {
      const index = wire.index ?? callCount;
      let call = callOf.get(index);
      if (call === undefined) {
        parts.push(...closeCall());
        call = callCount++;
        callOf.set(index, call);
        openCall = call;
        parts.push({
          type: 'tool-call-start',
          choice: 0,
          call,
          id: wire.id ?? `call-${call}`,
          name: wire.function?.name ?? '',
        });
      }
      const text = wire.function?.arguments ?? '';
      if (text !== '') parts.push({ type: 'tool-call-delta', choice: 0, call, arguments: text });
    }
    return parts;
  }

  function currentUsage(): Usage {
    return {
      promptTokenCount: usage?.prompt_tokens ?? prompt.total,
      cachedTokenCount: usage?.prompt_tokens_details?.cached_tokens ?? timings?.cache_n ?? prompt.cache,
      completionTokenCount: usage?.completion_tokens ?? deltaCount,
      ...(usage === null || usage === undefined ? { isMeasured: false as const } : {}),
    };
  }

  return {
    read(chunk) {
      if (chunk.prompt_progress !== undefined) prompt = chunk.prompt_progress;
      usage = chunk.usage ?? usage;
      if (chunk.timings !== undefined) timings = chunk.timings;
      const parts: ChatPart[] = [...start()];
      const choice = chunk.choices?.[0];
      const delta = choice?.delta;
      if (delta !== undefined && !isEnded) {
        const before = parts.length;
        const thought = delta.reasoning_content ?? '';
        if (thought !== '') parts.push({ type: 'reasoning-delta', choice: 0, text: thought });
        const text = delta.content ?? '';
        if (text !== '') parts.push(...closeCall(), { type: 'text-delta', choice: 0, text });
        if (delta.tool_calls !== undefined) parts.push(...readCalls(delta.tool_calls));
        if (parts.length > before) {
          deltaCount += 1;
          firstTokenAt ??= now();
        }
      }
      const finish = choice?.finish_reason ?? null;
      if (finish !== null && !isEnded) {
        isEnded = true;
        parts.push(...closeCall());
        const reason = reasons[finish] ?? 'stop';
        parts.push({
          type: 'choice-end',
          choice: 0,
          reason: reason === 'stop' && callCount > 0 ? 'tool_calls' : reason,
        });
      }
      return parts;
    },
    end() {
      const endedAt = now();
      const readyAt = firstTokenAt ?? endedAt;
      return [
        ...start(),
        ...(isEnded ? [] : [...closeCall(), { type: 'choice-end', choice: 0, reason: 'stop' } as const]),
        {
          type: 'finish',
          usage: currentUsage(),
          timings: {
            queueMs,
            prefillMs: timings?.prompt_ms ?? readyAt - startedAt,
            decodeMs: timings?.predicted_ms ?? endedAt - readyAt,
            totalMs: queueMs + endedAt - startedAt,
          },
        },
      ];
    },
    usage: currentUsage,
  };
}
