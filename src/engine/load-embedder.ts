import { totalmem } from 'node:os';
import { NearfarError } from '../chat/error.ts';
import { createEmbedder, type Embedder, type EmbedEvent } from './embedder.ts';
import { createEmbeddingContext } from './llama/embedding-context.ts';
import type { LlamaModel } from './llama/model.ts';
import type { Loaded } from './load.ts';
import { whyNotShortened } from './matryoshka.ts';
import type { EngineEvent, LoadOptions } from './protocol.ts';
import { readEmbedTask } from './text/embed-reader.ts';
import { toWireError } from './wire-part.ts';

/** Their classifier ends in a softmax; all others' in a logit. */
const softmaxArchitectures: ReadonlySet<string> = new Set(['qwen3', 'qwen3vl']);

/** The embedder of a loaded model; its context is made at the first task. */
export function createLoadedEmbedder(
  options: LoadOptions,
  { model, threadCount }: Loaded,
  send: (event: EngineEvent) => void,
  wake: () => void,
): Embedder {
  const pairTemplate = rankTemplate(model);
  const names = [
    options.modelId,
    ...['general.name', 'general.basename'].map((key) => model.metadata.get(key) ?? ''),
  ];
  return createEmbedder({
    open: () =>
      createEmbeddingContext(model, {
        contextTokenCount: options.embeddingContextTokenCount,
        threadCount,
        memoryBytes: totalmem(),
      }),
    read: (task, { contextTokenCount, pooling, outputLength }) =>
      readEmbedTask(task, {
        vocabulary: model.vocabulary,
        contextTokenCount,
        ranks: pooling === 'rank',
        pairTemplate,
        whyNotShortened: (length) => whyNotShortened(length, outputLength, names),
      }),
    scoresAreLogits: !softmaxArchitectures.has(model.metadata.get('general.architecture') ?? ''),
    modelId: options.modelId,
    grade: options.grade,
    queueLimit: options.queueLimit,
    emit: (id, event) => {
      send(toEngineEvent(id, event));
    },
    wake,
    now: () => performance.now(),
  });
}

function rankTemplate(model: LlamaModel): string | null {
  return model.library.bindings.modelChatTemplate(model.pointer, 'rerank');
}

function toEngineEvent(id: string, event: EmbedEvent): EngineEvent {
  switch (event.type) {
    case 'progress':
      return { type: 'embed-progress', id };
    case 'result':
      return { type: 'embed-result', id, result: event.result };
    case 'failed':
      return { type: 'embed-failed', id, error: toWireError(event.error) };
  }
}

/** What a model that only embeds or ranks answers to a prompt. */
export function cannotWrite(modelId: string): NearfarError {
  return new NearfarError(
    'unsupported',
    `${modelId} makes vectors or scores of texts and cannot write any: ask it through /v1/embeddings or /v1/rerank.`,
    { field: 'model' },
  );
}
