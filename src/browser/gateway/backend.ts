import type { EmbedRequest, EmbedResult } from '../../chat/embedding.ts';
import { NearfarError, toNearfarError } from '../../chat/error.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { Cleared } from '../../privacy/clear.ts';
import { openaiChat } from '../../upstream/openai-chat.ts';
import { presets } from '../../upstream/traits.ts';
import { listOf, objectOf, textOf } from '../../upstream/wire-json.ts';
import type { Backend } from '../backend.ts';
import type { GatewayOptions } from '../near.ts';
import { createGatewayConnection } from './connection.ts';
import { readEvents } from './read-events.ts';

type Beyond = 'inside' | 'outside';

const traits = { ...presets.nearfar, maxTokensField: 'max_completion_tokens' } as const;
/** Names that mean nothing in particular behind the gateway. */
const ownNames: ReadonlySet<string> = new Set(['auto', 'near', 'gateway']);

/** OpenAI's API over `fetch`. Only what was cleared for its boundary gets here. */
export function createGatewayBackend(options: GatewayOptions, boundary: Beyond): Backend<Beyond> {
  const { model: usual = 'auto' } = options;
  const connection = createGatewayConnection(options);
  const modelOf = (asked: string): string => (ownNames.has(asked) ? usual : asked);

  async function* chat(
    cleared: Cleared<Beyond>,
    signal: AbortSignal,
  ): AsyncGenerator<ChatPart, void, undefined> {
    const { request } = cleared;
    const model = modelOf(request.requestedModel);
    const startedAt = performance.now();
    let firstAt: number | null = null;
    try {
      const wire = openaiChat.request(request, {
        model,
        traits,
        maxTokenCount: null,
        contextTokenCount: null,
      });
      const reader = openaiChat.createReader(model, request.choiceCount);
      for await (const part of readEvents(connection, wire, labelHeaders(request), reader, signal)) {
        if (part.type !== 'start') firstAt ??= performance.now();
        if (part.type !== 'finish') {
          yield part;
          continue;
        }
        const endedAt = performance.now();
        const prefillMs = (firstAt ?? endedAt) - startedAt;
        const totalMs = endedAt - startedAt;
        yield { ...part, timings: { queueMs: 0, prefillMs, decodeMs: totalMs - prefillMs, totalMs } };
      }
    } catch (thrown) {
      yield { type: 'error', error: signal.aborted ? aborted() : toNearfarError(thrown) };
    }
  }

  async function embed(cleared: Cleared<Beyond, EmbedRequest>, signal: AbortSignal): Promise<EmbedResult> {
    const { task, requestedModel, privacy } = cleared.request;
    if (task.kind !== 'embed')
      throw new NearfarError('unsupported', 'The gateway is asked for vectors only.');
    const startedAt = performance.now();
    const input = task.inputs.map((one) => (one.kind === 'text' ? one.text : one.tokens));
    const body = {
      model: modelOf(requestedModel),
      input,
      encoding_format: 'float',
      ...(task.dimensions === null ? {} : { dimensions: task.dimensions }),
    };
    const answer = await connection.post('/embeddings', body, labelHeaders({ privacy }), signal);
    let wire: Readonly<Record<string, unknown>>;
    try {
      wire = objectOf(await answer.json());
    } catch (thrown) {
      throw signal.aborted
        ? aborted()
        : new NearfarError('upstream_failed', 'The gateway sent no JSON.', { cause: thrown });
    }
    const totalMs = performance.now() - startedAt;
    const promptTokenCount = Number(objectOf(wire['usage'])['prompt_tokens'] ?? 0);
    return {
      model: textOf(wire['model']) || body.model,
      grade: 'ungraded',
      pooling: 'mean',
      output: { kind: 'vectors', vectors: vectorsOf(wire['data'], input.length), truncatedCount: 0 },
      promptTokenCount: Number.isFinite(promptTokenCount) ? promptTokenCount : 0,
      timings: { queueMs: 0, prefillMs: totalMs, decodeMs: 0, totalMs },
    };
  }

  return {
    name: 'gateway',
    boundary,
    detect: () =>
      Promise.resolve({
        state: 'ready',
        model: usual,
        downloadBytes: 0,
        can: {
          streaming: true,
          schema: true,
          tools: true,
          images: true,
          audio: true,
          embeddings: true,
          chat: true,
          tokenCounts: 'none',
          contextTokenCount: null,
        },
        note: 'It is not asked before it is needed: whether it can be reached is not known.',
      }),
    load(onProgress) {
      onProgress({ backend: 'gateway', phase: 'load', loadedBytes: 0, totalBytes: 0, fraction: 1 });
      return Promise.resolve();
    },
    chat,
    embed,
    dispose: () => Promise.resolve(),
  };
}

/** What must stay inside is marked, so that a gateway inside keeps it there. */
function labelHeaders({ privacy }: { readonly privacy: string }): Readonly<Record<string, string>> {
  return privacy === 'open' ? {} : { 'x-nearfar-privacy': privacy };
}

/** In the order of the inputs, of length 1. */
function vectorsOf(data: unknown, count: number): readonly Float32Array[] {
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
  for (const [place, entry] of listOf(data).entries()) {
    const { index, embedding } = objectOf(entry);
    const at = typeof index === 'number' ? index : place;
    if (Array.isArray(embedding) && at >= 0 && at < count)
      vectors[at] = unit(Float32Array.from(embedding as number[]));
  }
  return vectors.map((vector) => {
    if (vector === undefined)
      throw new NearfarError('upstream_failed', 'The gateway did not give one vector a text.');
    return vector;
  });
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function aborted(): NearfarError {
  return new NearfarError('aborted', 'The request was aborted.');
}
