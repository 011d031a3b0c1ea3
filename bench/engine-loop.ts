import { setImmediate as nextTurn } from 'node:timers/promises';
import { serialize } from 'node:v8';
import type { Priority } from '../src/chat/request.ts';
import { neutralSampling } from '../src/chat/sampling.ts';
import { createEngine } from '../src/engine/engine.ts';
import type { LlamaContext } from '../src/engine/llama/context.ts';
import type { LlamaModel } from '../src/engine/llama/model.ts';
import type { LoopStats, WirePart } from '../src/engine/protocol.ts';
import { createSampler } from '../src/engine/sampling/sampler.ts';
import { selectTopK } from '../src/engine/sampling/top-k.ts';
import type { DraftModel } from '../src/engine/speculation/model-drafter.ts';
import type { SpeculationSetting } from '../src/engine/speculation/speculation-setting.ts';
import { defaultSettings } from '../src/config/schema.ts';
import { createStepCost, type StepCostCurve } from '../src/engine/step-cost.ts';
import { createChoice, type Choice } from '../src/engine/text/choice.ts';
import { createDetokenizer } from '../src/engine/text/detokenizer.ts';
import { createStopMatcher } from '../src/engine/text/stop-matcher.ts';

/** One step as the loop's driver saw it. */
export interface StepRecord {
  /** From the end of the step before, so that nothing of the loop goes uncounted. */
  readonly milliseconds: number;
  readonly batchTokenCount: number;
}

export interface Prompt {
  readonly tokens: readonly number[];
  readonly outputTokenCount: number;
  /** `default` where absent. */
  readonly priority?: Priority;
  /** It comes before this step of the run; 0, where absent, is the first. */
  readonly atStep?: number;
}

export interface RunnerUp {
  readonly token: number;
  readonly gap: number;
}

/** What one prompt's answer was and took. */
export interface LoopAnswer {
  readonly tokens: readonly number[];
  /** Of each token drawn, the best other ones and how much lower their logits were; only where asked for. */
  readonly runnersUp: readonly (readonly RunnerUp[])[];
  /** From the first token to the last. */
  readonly decodeMs: number;
  readonly draftedTokenCount: number;
  readonly acceptedTokenCount: number;
}

/** Our step loop in this process: the product's engine, sampler and text, without IPC and HTTP. */
export interface EngineLoop {
  /** Runs prompts together to their ends. @throws Error where one does not finish as asked */
  run(prompts: readonly Prompt[]): Promise<{
    readonly steps: readonly StepRecord[];
    /** Of each prompt, tokens that came from a cache. */
    readonly cachedTokenCounts: readonly number[];
    readonly answers: readonly LoopAnswer[];
    readonly stats: LoopStats;
  }>;
  /** What the engine's process does while nobody asks anything: housekeeping, until there is none left. */
  rest(): Promise<void>;
}

export interface EngineLoopOptions {
  readonly parallelCount: number;
  readonly hostCacheBytes: number;
  readonly curve: StepCostCurve;
  /** `off` by default. */
  readonly speculation?: SpeculationSetting;
  /** `auto` by default. */
  readonly targetInterTokenMs?: number;
  /** Beside prompt lookup; none by default. */
  readonly draftModel?: DraftModel;
  /** Costs a look at all logits for each token. */
  readonly notesRunnersUp?: boolean;
}

/** Takes over the context: its cells are cleared. */
export function createEngineLoop(
  model: LlamaModel,
  decoder: LlamaContext,
  options: EngineLoopOptions,
): EngineLoop {
  const { vocabulary } = model;
  const results = new Map<string, Result>();
  let nextId = 0;
  decoder.clearCells();
  const engine = createEngine({
    decoder,
    cost: createStepCost(options.curve),
    modelId: 'bench',
    grade: 'ungraded',
    contextTokenCount: decoder.cellCount,
    parallelCount: options.parallelCount,
    queueLimit: 1024,
    targetInterTokenMs: options.targetInterTokenMs ?? 'auto',
    speculation: options.speculation ?? 'off',
    draftModel: options.draftModel ?? null,
    classes: defaultSettings.engine.classes,
    hostCacheBytes: options.hostCacheBytes,
    disk: null,
    holdPartsMs: 10,
    readPrompt: ({ input }) =>
      Promise.resolve({ tokens: input.kind === 'tokens' ? input.tokens : [], omitted: null }),
    prepareGrammar: () => Promise.resolve(),
    othersLimitMs: () => Infinity,
    adapters: { acquire: () => Promise.reject(new Error('no adapters are measured here')) },
    createChoice: (command, choiceIndex, promptTokens, maxTokenCount) => {
      const choice = createChoice({
        choiceIndex,
        sampler: createSampler(command.sampling, vocabulary.tokenCount, { choiceIndex, promptTokens }),
        detokenizer: createDetokenizer((token) => vocabulary.piece(token)),
        stopMatcher: createStopMatcher(command.stop),
        pieceOf: (token) => vocabulary.piece(token),
        maxTokenCount,
        isEndOfGeneration: (token) => vocabulary.isEndOfGeneration(token),
        ignoreEndOfGeneration: command.ignoreEndOfGeneration,
        topLogprobCount: command.topLogprobCount,
        grammar: null,
      });
      const result = results.get(command.id);
      if (result === undefined) return choice;
      return recorded(choice, result, options.notesRunnersUp === true);
    },
    emit: (parts) => {
      // What the engine's process pays to hand a step to the gateway.
      serialize({ type: 'parts', parts });
      for (const { id, part } of parts) note(id, part);
    },
    wake: () => undefined,
    now: () => performance.now(),
    wallClock: () => Date.now(),
  });

  function note(id: string, part: WirePart): void {
    const result = results.get(id);
    if (result === undefined) return;
    if (part.type === 'finish') {
      result.cached = part.usage.cachedTokenCount;
      result.completion = part.usage.completionTokenCount;
      result.answer = {
        tokens: result.drawn,
        runnersUp: result.runnersUp,
        decodeMs: part.timings.decodeMs,
        draftedTokenCount: part.timings.draftedTokenCount ?? 0,
        acceptedTokenCount: part.timings.acceptedTokenCount ?? 0,
      };
    } else if (part.type === 'error') result.error = part.error.message;
  }

  async function submit(prompt: Prompt): Promise<string> {
    const id = `bench-${nextId++}`;
    results.set(id, { cached: 0, completion: 0, error: null, answer: null, drawn: [], runnersUp: [] });
    await engine.submit({
      type: 'generate',
      id,
      input: { kind: 'tokens', tokens: prompt.tokens },
      sampling: { ...neutralSampling, temperature: 0 },
      stop: [],
      maxTokenCount: prompt.outputTokenCount,
      choiceCount: 1,
      topLogprobCount: null,
      salt: 'bench',
      adapter: null,
      priority: prompt.priority ?? 'default',
      enteredAt: 0,
      tenant: 'bench',
      deadlineAt: null,
      isStreamed: true,
      ignoreEndOfGeneration: true,
      grammar: null,
      speculation: null,
      mayPersist: false,
    });
    return id;
  }

  return {
    async run(prompts) {
      const ids: string[] = [];
      const steps: StepRecord[] = [];
      const submitDue = async (): Promise<void> => {
        for (const [index, prompt] of prompts.entries()) {
          if ((prompt.atStep ?? 0) === steps.length) ids[index] = await submit(prompt);
        }
      };
      await submitDue();
      let endedAt = performance.now();
      while (engine.stats().runningCount + engine.stats().queuedCount > 0) {
        if (steps.length > 0) await submitDue();
        engine.step();
        // Commands come in between steps, as in the engine's process.
        await nextTurn();
        const now = performance.now();
        steps.push({ milliseconds: now - endedAt, batchTokenCount: engine.stats().lastBatchTokenCount });
        endedAt = now;
      }
      const answers: LoopAnswer[] = [];
      const cachedTokenCounts = ids.map((id, index) => {
        const result = results.get(id);
        const wanted = prompts[index]?.outputTokenCount ?? 0;
        if (result?.completion !== wanted || result.answer === null) {
          const got = result?.error ?? `${result?.completion ?? 0} tokens`;
          throw new Error(`a prompt in the engine's loop ended with ${got} instead of ${wanted} tokens`);
        }
        results.delete(id);
        answers.push(result.answer);
        return result.cached;
      });
      return { steps, cachedTokenCounts, answers, stats: engine.stats() };
    },
    async rest() {
      while (engine.step()) await nextTurn();
    },
  };
}

interface Result {
  cached: number;
  completion: number;
  error: string | null;
  answer: LoopAnswer | null;
  readonly drawn: number[];
  readonly runnersUp: (readonly RunnerUp[])[];
}

/** A choice that notes the tokens it draws. */
function recorded(choice: Choice, { drawn, runnersUp }: Result, notesRunnersUp: boolean): Choice {
  return {
    advance(logits) {
      const step = choice.advance(logits);
      // Without a grammar each step brings one token.
      drawn.push(...step.tokens);
      if (notesRunnersUp) for (const token of step.tokens) runnersUp.push(runnersUpTo(token, logits));
      return step;
    },
    get tokenCount() {
      return choice.tokenCount;
    },
    get reasoningTokenCount() {
      return choice.reasoningTokenCount;
    },
    get remainingTokenCount() {
      return choice.remainingTokenCount;
    },
    close: () => {
      choice.close();
    },
  };
}

const runnerUpCount = 7;

function runnersUpTo(drawn: number, logits: Float32Array): RunnerUp[] {
  const ids = new Int32Array(runnerUpCount + 1);
  const values = new Float64Array(runnerUpCount + 1);
  const count = selectTopK(logits, runnerUpCount + 1, ids, values);
  return Array.from({ length: count }, (_, index) => ({
    token: ids[index] ?? 0,
    gap: (logits[drawn] as number) - (values[index] as number),
  }))
    .filter(({ token }) => token !== drawn)
    .sort((one, other) => one.gap - other.gap);
}
