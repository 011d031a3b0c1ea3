import { NearfarError } from '../chat/error.ts';
import { findCalibration } from './find-calibration.ts';
import { createContext, type LlamaContext } from './llama/context.ts';
import { takesWholeSequences } from './llama/context-options.ts';
import { loadModel, type LlamaModel } from './llama/model.ts';
import { isEmbeddingModel } from './llama/pooling.ts';
import type { Vocabulary } from './llama/vocabulary.ts';
import type { LoadOptions } from './protocol.ts';
import type { DraftModel } from './speculation/model-drafter.ts';
import { createStepCost } from './step-cost.ts';

/** A draft model in memory, behind the one that it drafts for. */
export interface LoadedDraft {
  readonly draftModel: DraftModel;
  close(): void;
}

export interface DraftTarget {
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly threadCount: number;
}

const batchTokenCount = 512;
/** Conversations between two turns; an id of a cache of tokens costs nothing. */
const keptConversationCount = 64;
const mostSequenceCount = 256;
/** Short: drafting takes narrow steps, and prompts are read a piece at a time. */
const calibrationBudgetMs = 1500;
/** Of one family, vocabularies are padded to different lengths; more than this is another vocabulary (llama.cpp's bound). */
const mostPaddingTokenCount = 128;

/**
 * Loads the weights of the model that drafts; `null` where the options name none.
 * @throws NearfarError `unsupported` naming both models where it cannot draft for the other
 */
export async function loadDraftModel(
  options: Pick<LoadOptions, 'modelId' | 'draft' | 'gpuLayerCount'>,
  target: LlamaModel,
  cellCount: number,
): Promise<LlamaModel | null> {
  const { draft, gpuLayerCount } = options;
  if (draft === null) return null;
  const refusal = (why: string): NearfarError =>
    new NearfarError('unsupported', `${draft.modelId} cannot draft for ${options.modelId}: ${why}.`, {
      field: 'engine.draft',
    });
  if (takesWholeSequences(target)) {
    throw refusal('it keeps a state in place of a cache of tokens, so that nothing can be drafted for it');
  }
  const model = await loadModel(target.library, { path: draft.modelPath, gpuLayerCount, cellCount });
  try {
    if (takesWholeSequences(model)) {
      throw refusal(
        'the draft model keeps a state in place of a cache of tokens, so that drafts cannot be taken back',
      );
    }
    if (isEmbeddingModel((key) => model.metadata.get(key))) {
      throw refusal('the draft model only makes vectors of texts');
    }
    const difference = vocabularyDifference(target.vocabulary, model.vocabulary);
    if (difference !== null) throw refusal(`their vocabularies differ: ${difference}`);
    return model;
  } catch (error) {
    model.close();
    throw error;
  }
}

/**
 * Opens a context of its own for it, with as many cells as the other has and an id for each sequence, and measures it.
 * @throws NearfarError `unavailable` where memory does not suffice, `unsupported` where it cannot have the KV type
 */
export function openDraft(options: LoadOptions, model: LlamaModel, target: DraftTarget): LoadedDraft {
  const { context: targetContext, threadCount } = target;
  const kvType = options.draft?.kvType ?? options.kvType;
  const outputCount = Math.min(options.parallelCount, batchTokenCount, targetContext.cellCount);
  const context = createContext(model, {
    cellCount: targetContext.cellCount,
    batchTokenCount: Math.min(batchTokenCount, targetContext.cellCount),
    sequenceCount: Math.min(mostSequenceCount, options.parallelCount + keptConversationCount),
    outputCount,
    threadCount,
    kvType,
    threadpools: targetContext.threadpools,
  });
  try {
    const { curve } = findCalibration({
      model,
      context,
      kvType,
      threadCounts: [threadCount],
      threadSetting: threadCount,
      outputCount,
      budgetMs: calibrationBudgetMs,
      curvePath: options.draft?.curvePath ?? null,
      streamCount: null,
    });
    const trainedCount = model.trainedContextTokenCount || context.cellCount;
    return {
      draftModel: {
        decoder: context,
        cost: createStepCost(curve),
        contextTokenCount: Math.min(context.cellCount, trainedCount),
        sharedVocabTokenCount: Math.min(model.vocabulary.tokenCount, target.model.vocabulary.tokenCount),
        isEndOfGeneration: (token) => target.model.vocabulary.isEndOfGeneration(token),
      },
      close() {
        context.close();
        model.close();
      },
    };
  } catch (error) {
    context.close();
    throw error;
  }
}

/** Where two vocabularies part, in words; `null`: the tokens that both have are the same, and few are missing. */
export function vocabularyDifference(
  one: Pick<Vocabulary, 'tokenCount' | 'spelling'>,
  other: Pick<Vocabulary, 'tokenCount' | 'spelling'>,
): string | null {
  if (Math.abs(one.tokenCount - other.tokenCount) > mostPaddingTokenCount)
    return `${one.tokenCount} tokens and ${other.tokenCount}`;
  for (let token = 0; token < Math.min(one.tokenCount, other.tokenCount); token++) {
    const [spelling, otherSpelling] = [one.spelling(token), other.spelling(token)];
    if (spelling !== otherSpelling)
      return `token ${token} is ${JSON.stringify(spelling)} in one and ${JSON.stringify(otherSpelling)} in the other`;
  }
  return null;
}
