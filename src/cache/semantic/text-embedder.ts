import type { ChatModel } from '../../chat/model.ts';
import type { EmbedTexts } from './same-answer.ts';

export interface TextEmbedderOptions {
  /** The model that makes the vectors; loads nothing yet. */
  readonly model: () => Promise<Pick<ChatModel, 'embed'>>;
  readonly modelId: string;
  readonly warn: (message: string, cause: unknown) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** How long a question waits for its vector, in milliseconds. @default 500 */
  readonly patienceMs?: number;
}

/** After a failure, milliseconds until the model is tried again. */
const pauseMs = 10_000;

/**
 * Vectors from a model of this machine. No request waits for its weights: until they are in memory, and where a vector is late, there
 * is none.
 */
export function createTextEmbedder(options: TextEmbedderOptions): EmbedTexts {
  const { model, modelId, warn, now, patienceMs = 500 } = options;
  let isReady = false;
  let warming: Promise<void> | null = null;
  let pausedUntil = -Infinity;
  let count = 0;

  async function read(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    const opened = await model();
    const { output } = await opened.embed(
      {
        id: `semantic-cache-${count++}`,
        dialect: 'internal',
        requestedModel: modelId,
        privacy: 'local_only',
        tenant: '',
        deadlineAt: null,
        keepAliveSeconds: -1,
        task: {
          kind: 'embed',
          inputs: texts.map((text) => ({ kind: 'text', text }) as const),
          truncates: true,
          dimensions: null,
          field: 'input',
        },
      },
      signal,
    );
    if (output.kind !== 'vectors')
      throw new TypeError(`${modelId} ranks texts and makes no vectors of them.`);
    return output.vectors;
  }

  function warmUp(): void {
    if (warming !== null || now() < pausedUntil) return;
    warming = read(['ready'], new AbortController().signal)
      .then(
        () => {
          isReady = true;
        },
        (thrown: unknown) => {
          pausedUntil = now() + pauseMs;
          warn(`The semantic cache has no vectors from ${modelId}; it is tried again.`, thrown);
        },
      )
      .finally(() => {
        warming = null;
      });
  }

  warmUp();
  return async (texts, signal) => {
    if (!isReady) {
      warmUp();
      return null;
    }
    const patience = AbortSignal.timeout(patienceMs);
    try {
      return await read(texts, signal === undefined ? patience : AbortSignal.any([signal, patience]));
    } catch {
      // Its process may have ended, or there is much to do: both show at the next warming.
      isReady = signal?.aborted === true;
      return null;
    }
  };
}
