import { writeFileSync } from 'node:fs';
import { NearfarError } from '../chat/error.ts';
import { createContext } from '../engine/llama/context.ts';
import { createImportanceCollector } from '../engine/llama/importance-collector.ts';
import { openLibrary } from '../engine/llama/library.ts';
import { loadModel } from '../engine/llama/model.ts';
import { bindTensors, evalCallback } from '../engine/llama/tensor-bindings.ts';
import { encodeImatrix, type ImatrixEntry } from '../models/formats/imatrix-file.ts';

export interface ImportanceRequest {
  /** A GGUF, or the first part of a split one: best in F16, as what it computes is what is collected. */
  readonly path: string;
  readonly text: string;
  /** What the text is called in the file. */
  readonly dataset: string;
  readonly windowTokenCount: number;
  /** Most windows; `null`: all whole ones of the text. */
  readonly windowCount: number | null;
  readonly threadCount: number;
  /** Where the matrix is written. */
  readonly output: string;
}

export interface ImportanceResult {
  readonly tensorCount: number;
  readonly windowCount: number;
  readonly tokenCount: number;
  /** Matrices of experts that some expert was never chosen for: these count as if all columns were alike. */
  readonly partialTensors: readonly string[];
}

/**
 * Reads a text and writes the importance matrix of it, as llama-imatrix does: windows from nothing, with BOS where the model
 * wants it, all tokens with logits, so that the last block computes all of them. On the CPU, where what the graph computes
 * lies in memory. Blocks this thread: `collectImportance` runs it in a process of its own.
 * @throws NearfarError where the file cannot be loaded or the text is too short
 */
export async function collectImportanceHere(
  request: ImportanceRequest,
  report: (fraction: number) => void,
): Promise<ImportanceResult> {
  const { windowTokenCount, threadCount } = request;
  const library = openLibrary({
    backend: 'cpu',
    onLog: (level, line) => {
      if (level === 'error') console.error(line);
    },
  });
  const model = await loadModel(library, { path: request.path, gpuLayerCount: 0 });
  const { vocabulary } = model;
  const tokens = vocabulary.tokenize(request.text, { addSpecial: true, parseSpecial: false });
  const wholeCount = Math.floor(tokens.length / windowTokenCount);
  const windowCount = Math.min(wholeCount, request.windowCount ?? wholeCount);
  if (windowCount < 1) {
    throw new NearfarError(
      'invalid_request',
      `The text has ${tokens.length} tokens; at least ${windowTokenCount} are needed.`,
      { field: 'text' },
    );
  }
  const collector = createImportanceCollector(bindTensors(library.packageName));
  const callback = evalCallback(collector.listener);
  const context = createContext(model, {
    cellCount: windowTokenCount,
    batchTokenCount: windowTokenCount,
    sequenceCount: 1,
    outputCount: windowTokenCount,
    threadCount,
    evalCallback: callback.pointer,
  });
  for (let index = 0; index < windowCount; index++) {
    context.clearCells();
    context.clearBatch();
    for (let position = 0; position < windowTokenCount; position++) {
      const isFirst = position === 0 && vocabulary.addsBos;
      const token = isFirst ? vocabulary.bos : (tokens[index * windowTokenCount + position] ?? 0);
      context.addToken(token ?? 0, position, 0, true);
    }
    const outcome = context.decode();
    const problem = collector.problem();
    if (problem !== null) throw problem;
    if (outcome !== 'ok') throw new Error(`Reading the text for the importance matrix: ${outcome}.`);
    report((index + 1) / windowCount);
  }
  context.close();
  callback.release();
  model.close();
  library.close();
  const partialTensors: string[] = [];
  const entries = new Map<string, ImatrixEntry>();
  for (const [name, { squares, counts }] of collector.collected) {
    entries.set(name, { squares: Float32Array.from(squares), counts: [...counts] });
    if (counts.includes(0)) partialTensors.push(name);
  }
  if (entries.size === 0) {
    throw new NearfarError('unsupported', `${model.description}: no product of a block's matrix was seen.`, {
      field: 'model',
    });
  }
  const matrix = {
    entries,
    datasets: [request.dataset],
    chunkCount: windowCount,
    chunkTokenCount: windowTokenCount,
  };
  writeFileSync(request.output, encodeImatrix(matrix));
  return {
    tensorCount: entries.size,
    windowCount,
    tokenCount: windowCount * windowTokenCount,
    partialTensors,
  };
}
