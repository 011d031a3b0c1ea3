import { createBatch } from '../src/engine/llama/batch.ts';
import type { LlamaModel } from '../src/engine/llama/model.ts';

export interface BareLoopOptions {
  readonly cellCount: number;
  readonly sequenceCount: number;
  readonly threadCount: number;
}

/** `llama_decode` in a loop and nothing else: no scheduler, no sampling, logits computed but not read. */
export interface BareLoop {
  /**
   * Fills a sequence with each prompt, then decodes one token of each a step.
   * @param beside prompts that are filled in first and then only lie in the pool
   * @returns milliseconds of each of `stepCount` steps
   */
  run(
    prompts: readonly (readonly number[])[],
    stepCount: number,
    beside?: readonly (readonly number[])[],
  ): number[];
  close(): void;
}

/** A context of llama.cpp's own defaults but for its size, the threads and the unified pool, which ours has too. */
export function createBareLoop(model: LlamaModel, options: BareLoopOptions): BareLoop {
  const { bindings } = model.library;
  const widest = 512;
  const context = bindings.createContext(model.pointer, {
    ...bindings.contextDefaults(),
    n_ctx: options.cellCount,
    n_batch: widest,
    n_ubatch: widest,
    n_seq_max: options.sequenceCount,
    n_threads: options.threadCount,
    n_threads_batch: options.threadCount,
    kv_unified: true,
    no_perf: true,
  });
  const memory = context === null ? null : bindings.contextMemory(context);
  if (context === null || memory === null) throw new Error('a bare context could not be made');
  const batch = createBatch(widest);
  const decode = (): void => {
    const code = bindings.decode(context, batch.struct);
    if (code !== 0) throw new Error(`llama_decode returned ${code}`);
    bindings.synchronize(context);
  };

  const fill = (sequence: number, tokens: readonly number[]): void => {
    for (let start = 0; start < tokens.length; start += widest) {
      const part = tokens.slice(start, start + widest);
      part.forEach((token, row) => {
        batch.tokens[row] = token;
        batch.positions[row] = start + row;
        batch.sequences[row] = sequence;
        batch.outputs[row] = 0;
      });
      batch.struct.n_tokens = part.length;
      decode();
    }
  };

  return {
    run(prompts, stepCount, beside = []) {
      bindings.memoryClear(memory, false);
      beside.forEach((tokens, index) => {
        fill(prompts.length + index, tokens);
      });
      prompts.forEach((tokens, index) => {
        fill(index, tokens);
      });
      prompts.forEach((_, row) => {
        batch.sequences[row] = row;
        batch.outputs[row] = 1;
      });
      batch.struct.n_tokens = prompts.length;
      const times: number[] = [];
      for (let step = 0; step < stepCount; step++) {
        prompts.forEach((prompt, row) => {
          batch.tokens[row] = prompt[step % prompt.length] ?? 0;
          batch.positions[row] = prompt.length + step;
        });
        const startedAt = performance.now();
        decode();
        times.push(performance.now() - startedAt);
      }
      return times;
    },
    close() {
      bindings.freeContext(context);
      batch.free();
    },
  };
}
