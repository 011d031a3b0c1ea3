import type { EmbedResult, EmbedTask } from '../chat/embedding.ts';
import { NearfarError, toNearfarError } from '../chat/error.ts';
import type { ModelGrade } from '../chat/part.ts';
import type { EmbeddingDecoder, EmbeddingPiece } from './embedding-decoder.ts';
import type { EmbedCommand } from './protocol.ts';
import type { ReadTask } from './text/embed-reader.ts';
import { addScaled, dot, normalised } from './vector.ts';

export interface EmbedderOptions {
  /** Called at the first task; a context that no one asks for costs nothing. @throws NearfarError */
  readonly open: () => EmbeddingDecoder;
  readonly read: (task: EmbedTask, decoder: EmbeddingDecoder) => Promise<ReadTask>;
  /** Whether the classifier's only output is a logit, not yet a probability. */
  readonly scoresAreLogits: boolean;
  readonly modelId: string;
  readonly grade: ModelGrade;
  /** Waiting tasks beyond which `queue_full` is answered. */
  readonly queueLimit: number;
  readonly emit: (id: string, event: EmbedEvent) => void;
  readonly wake: () => void;
  readonly now: () => number;
}

export type EmbedEvent =
  | { readonly type: 'progress' }
  | { readonly type: 'result'; readonly result: EmbedResult }
  | { readonly type: 'failed'; readonly error: NearfarError };

/** Reads texts in batches, beside the step loop: each `step` is one decode, so that answers need not wait for more. */
export interface Embedder {
  /** Settles when the task is queued or has failed. */
  submit(command: EmbedCommand): Promise<void>;
  abort(id: string): void;
  /**
   * One decode.
   * @param tokenLimit most tokens of it, where the model can read a text in parts
   * @returns whether there was anything to do
   */
  step(tokenLimit: number): boolean;
  readonly hasWork: boolean;
  readonly stepCount: number;
}

interface Task {
  readonly id: string;
  readonly kind: EmbedTask['kind'];
  readonly dimensions: number | null;
  readonly texts: readonly Int32Array[];
  readonly truncatedCount: number;
  readonly vectors: (Float32Array | null)[];
  readonly submittedAt: number;
  startedAt: number | null;
  nextText: number;
  doneCount: number;
}

/** A text that is being read. */
interface Reading {
  readonly task: Task;
  readonly index: number;
  readonly tokens: Int32Array;
  readonly sequence: number;
  position: number;
  /** What is pooled so far. */
  pooled: Float32Array | null;
}

export function createEmbedder(options: EmbedderOptions): Embedder {
  let decoder: EmbeddingDecoder | null = null;
  /** Read and not finished; in each step they take turns, so that one long list holds up nobody. */
  let tasks: Task[] = [];
  let readings: Reading[] = [];
  const pendingIds = new Set<string>();
  let stepCount = 0;

  function fail(id: string, thrown: unknown): void {
    tasks = tasks.filter((task) => task.id !== id);
    options.emit(id, { type: 'failed', error: toNearfarError(thrown) });
  }

  /** Texts for the next decode: whole ones that fit together, or a single one in parts. */
  function choose(open: EmbeddingDecoder, tokenLimit: number): void {
    const room = Math.min(open.batchTokenCount, Math.max(1, tokenLimit));
    let taken = 0;
    while (readings.length < open.sequenceCount) {
      const task = tasks.find(({ nextText, texts }) => nextText < texts.length);
      const tokens = task?.texts[task.nextText];
      if (task === undefined || tokens === undefined) return;
      if (readings.length > 0 && taken + tokens.length > room) return;
      readings.push({
        task,
        index: task.nextText,
        tokens,
        sequence: readings.length,
        position: 0,
        pooled: null,
      });
      taken += tokens.length;
      task.nextText += 1;
      task.startedAt ??= options.now();
      // To the end of the line: the next text of the batch is another's.
      tasks = [...tasks.filter((other) => other !== task), task];
    }
  }

  function piecesFor(open: EmbeddingDecoder, tokenLimit: number): readonly EmbeddingPiece[] {
    const most = open.isWhole
      ? open.batchTokenCount
      : Math.min(open.batchTokenCount, Math.max(1, tokenLimit));
    let left = Math.max(most, 1);
    return readings.flatMap(({ sequence, position, tokens }) => {
      const end = Math.min(tokens.length, position + left);
      left -= end - position;
      return end === position ? [] : [{ sequence, position, tokens: tokens.subarray(position, end) }];
    });
  }

  function take(open: EmbeddingDecoder, piece: EmbeddingPiece, output: Float32Array): void {
    const reading = readings.find(({ sequence }) => sequence === piece.sequence);
    if (reading === undefined) return;
    const isFirst = reading.position === 0;
    reading.position += piece.tokens.length;
    if (open.pooling === 'mean') {
      // The mean of the whole is that of its parts, each by its length.
      reading.pooled ??= new Float32Array(output.length);
      addScaled(reading.pooled, output, piece.tokens.length / reading.tokens.length);
    } else if (open.pooling !== 'cls' || isFirst) {
      reading.pooled = output;
    }
    if (reading.position < reading.tokens.length) return;
    reading.task.vectors[reading.index] = reading.pooled;
    reading.task.doneCount += 1;
  }

  function finish(task: Task, open: EmbeddingDecoder): void {
    tasks = tasks.filter((other) => other !== task);
    const startedAt = task.startedAt ?? task.submittedAt;
    const endedAt = options.now();
    options.emit(task.id, {
      type: 'result',
      result: {
        model: options.modelId,
        grade: options.grade,
        pooling: open.pooling,
        output: outputOf(task, open.pooling, options.scoresAreLogits),
        promptTokenCount: task.texts.reduce((sum, tokens) => sum + tokens.length, 0),
        timings: {
          queueMs: startedAt - task.submittedAt,
          prefillMs: endedAt - startedAt,
          decodeMs: 0,
          totalMs: endedAt - task.submittedAt,
        },
      },
    });
  }

  /** A task that was aborted is let go of between two decodes. */
  function dropAborted(open: EmbeddingDecoder): void {
    if (readings.length === 0) return;
    readings = readings.filter(({ task }) => tasks.includes(task));
    if (readings.length === 0) open.clear();
  }

  return {
    async submit(command) {
      if (tasks.length + pendingIds.size >= Math.max(1, options.queueLimit)) {
        const text = `${tasks.length + pendingIds.size} requests for embeddings wait already.`;
        fail(command.id, new NearfarError('queue_full', text, { retryAfterSeconds: 2 }));
        return;
      }
      const submittedAt = options.now();
      pendingIds.add(command.id);
      try {
        decoder ??= options.open();
        const { texts, truncatedCount } = await options.read(command.task, decoder);
        if (!pendingIds.has(command.id)) return;
        tasks.push({
          id: command.id,
          kind: command.task.kind,
          dimensions: command.task.kind === 'embed' ? command.task.dimensions : null,
          texts,
          truncatedCount,
          vectors: texts.map(() => null),
          submittedAt,
          startedAt: null,
          nextText: 0,
          doneCount: 0,
        });
        options.wake();
      } catch (thrown) {
        if (pendingIds.has(command.id)) fail(command.id, thrown);
      } finally {
        pendingIds.delete(command.id);
      }
    },

    abort(id) {
      pendingIds.delete(id);
      tasks = tasks.filter((task) => task.id !== id);
    },

    step(tokenLimit) {
      if (decoder === null || (tasks.length === 0 && readings.length === 0)) return false;
      dropAborted(decoder);
      if (readings.length === 0) choose(decoder, tokenLimit);
      const pieces = piecesFor(decoder, tokenLimit);
      if (pieces.length === 0) return false;
      stepCount += 1;
      let outputs: readonly Float32Array[];
      try {
        outputs = decoder.decode(pieces);
      } catch (thrown) {
        const failed = new Set(readings.map(({ task }) => task));
        readings = [];
        decoder.clear();
        for (const task of failed) if (tasks.includes(task)) fail(task.id, thrown);
        return true;
      }
      pieces.forEach((piece, index) => {
        const output = outputs[index];
        if (output !== undefined && decoder !== null) take(decoder, piece, output);
      });
      const touched = new Set(readings.map(({ task }) => task));
      if (readings.every(({ position, tokens }) => position === tokens.length)) {
        readings = [];
        decoder.clear();
      }
      for (const task of touched) {
        if (!tasks.includes(task)) continue;
        if (task.doneCount === task.texts.length) finish(task, decoder);
        else options.emit(task.id, { type: 'progress' });
      }
      return true;
    },

    get hasWork() {
      return tasks.length > 0 || readings.length > 0;
    },
    get stepCount() {
      return stepCount;
    },
  };
}

function outputOf(
  task: Task,
  pooling: EmbeddingDecoder['pooling'],
  scoresAreLogits: boolean,
): EmbedResult['output'] {
  const vectors = task.vectors.map((vector) => vector ?? new Float32Array());
  if (task.kind === 'embed') {
    const shortened = (vector: Float32Array): Float32Array =>
      vector.subarray(0, task.dimensions ?? vector.length);
    return {
      kind: 'vectors',
      // Shortened first: what is sent has length 1.
      vectors: vectors.map((vector) => normalised(shortened(vector))),
      truncatedCount: task.truncatedCount,
    };
  }
  if (pooling === 'rank') {
    const scoreOf = ([first = 0]: Float32Array): number =>
      scoresAreLogits ? 1 / (1 + Math.exp(-first)) : first;
    return { kind: 'scores', scores: vectors.map(scoreOf) };
  }
  const [query = new Float32Array(), ...documents] = vectors.map(normalised);
  return { kind: 'scores', scores: documents.map((document) => dot(query, document)) };
}
