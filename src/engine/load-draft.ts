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
/** Short: drafting takes narrow steps, and prompts are read a piece at a time. */
const calibrationBudgetMs = 1500;
/** Of one family, vocabularies are padded to different lengths; more than this is another vocabulary (llama.cpp's bound). */
const mostPaddingTokenCount = 128;

/**
 * Loads the model that drafts, with a context of its own: as many cells as the other has, an id for each sequence.
 * @throws NearfarError `unsupported` naming both models where it cannot draft for the other
 */
export async function loadDraft(options: LoadOptions, target: DraftTarget): Promise<LoadedDraft | null> {
  const { draft } = options;
  // Over a split pool, for work that nobody reads while it is done, nothing is drafted.
  if (draft === null || target.context.prefixGranularity === 'none') return null;
  const { library } = target.model;
  if (takesWholeSequences(target.model)) {
    throw refusal(
      options,
      'it keeps a state in place of a cache of tokens, so that nothing can be drafted for it',
    );
  }
  const model = await loadModel(library, {
    path: draft.modelPath,
    gpuLayerCount: options.gpuLayerCount,
    cellCount: target.context.cellCount,
  });
  try {
    if (takesWholeSequences(model)) {
      throw refusal(
        options,
        'the draft model keeps a state in place of a cache of tokens, so that drafts cannot be taken back',
      );
    }
    if (isEmbeddingModel((key) => model.metadata.get(key))) {
      throw refusal(options, 'the draft model only makes vectors of texts');
    }
    const difference = vocabularyDifference(target.model.vocabulary, model.vocabulary);
    if (difference !== null) throw refusal(options, `their vocabularies differ: ${difference}`);
    return open(options, target, model, draft);
  } catch (error) {
    model.close();
    throw error;
  }
}

function open(
  options: LoadOptions,
  { model: targetModel, context: targetContext, threadCount }: DraftTarget,
  model: LlamaModel,
  draft: NonNullable<LoadOptions['draft']>,
): LoadedDraft {
  const outputCount = Math.min(options.parallelCount, batchTokenCount, targetContext.cellCount);
  const context = createContext(model, {
    cellCount: targetContext.cellCount,
    batchTokenCount: Math.min(batchTokenCount, targetContext.cellCount),
    sequenceCount: options.parallelCount,
    outputCount,
    threadCount,
    kvType: draft.kvType,
    threadpools: targetContext.threadpools,
  });
  try {
    const { curve } = findCalibration({
      model,
      context,
      kvType: draft.kvType,
      threadCounts: [threadCount],
      threadSetting: threadCount,
      outputCount,
      budgetMs: calibrationBudgetMs,
      curvePath: draft.curvePath,
      streamCount: null,
    });
    const trainedCount = model.trainedContextTokenCount || context.cellCount;
    return {
      draftModel: {
        decoder: context,
        cost: createStepCost(curve),
        contextTokenCount: Math.min(context.cellCount, trainedCount),
        sharedVocabTokenCount: Math.min(model.vocabulary.tokenCount, targetModel.vocabulary.tokenCount),
        isEndOfGeneration: (token) => targetModel.vocabulary.isEndOfGeneration(token),
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

function refusal({ modelId, draft }: LoadOptions, why: string): NearfarError {
  return new NearfarError('unsupported', `${draft?.modelId ?? ''} cannot draft for ${modelId}: ${why}.`, {
    field: 'engine.draft',
  });
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
