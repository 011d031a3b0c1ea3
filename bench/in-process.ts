import { load } from '../src/engine/load.ts';
import type { LlamaContext } from '../src/engine/llama/context.ts';
import type { LlamaModel } from '../src/engine/llama/model.ts';
import { defaultSettings } from '../src/config/schema.ts';
import type { DraftLoadOptions } from '../src/engine/protocol.ts';
import type { DraftModel } from '../src/engine/speculation/model-drafter.ts';
import type { StepCostCurve } from '../src/engine/step-cost.ts';
import type { BenchmarkSetup } from './benchmark.ts';

/** What the engine's process holds after loading, in this process. */
export interface InProcess {
  readonly model: LlamaModel;
  readonly context: LlamaContext;
  readonly curve: StepCostCurve;
  readonly draftModel: DraftModel | null;
  readonly close: () => void;
}

/** Loads as the engine's process does, on the CPU, with the curve measured here and now. */
export async function loadInProcess(
  setup: Pick<BenchmarkSetup, 'modelPath' | 'threadCount' | 'kernels' | 'progress'>,
  options: {
    readonly cellCount: number;
    readonly parallelCount: number;
    /** What drafts for it beside prompt lookup. */
    readonly draft?: DraftLoadOptions;
  },
): Promise<InProcess> {
  setup.progress('loading, measuring the step-cost curve');
  const { model, writing } = await load(
    {
      modelPath: setup.modelPath,
      modelId: 'bench',
      grade: 'ungraded',
      contextTokenCount: options.cellCount,
      parallelCount: options.parallelCount,
      queueLimit: 1024,
      targetInterTokenMs: 'auto',
      speculation: 'off',
      draft: options.draft ?? null,
      classes: defaultSettings.engine.classes,
      threadCount: setup.threadCount,
      gpuLayerCount: 0,
      backend: 'cpu',
      builtKernels: setup.kernels,
      kvType: 'f16',
      hostCacheBytes: 0,
      diskCache: null,
      embeddingContextTokenCount: null,
      adapterRoom: { byteCount: 0, count: 1 },
      sinks: { windowTokenCount: null, parallelCount: 2 },
      curvePath: null,
    },
    () => undefined,
  );
  if (writing === null) throw new Error('This model only embeds or ranks; there is nothing to measure.');
  const { context, calibration, draft } = writing;
  return {
    model,
    context,
    curve: calibration.curve,
    draftModel: draft?.draftModel ?? null,
    close() {
      draft?.close();
      context.close();
      model.close();
      model.library.close();
    },
  };
}
