import os from 'node:os';
import process from 'node:process';
import type { Answer } from '../answer/answer.ts';
import type { Outcome } from '../batch/answer-row.ts';
import { isObject, type JsonObject } from '../batch/prompt-line.ts';
import type { ChatInput } from '../chat/request.ts';
import type { LoadedSettings } from '../config/load.ts';
import type { Batching, KvLayout } from '../engine/offline-mode.ts';
import type { LoadOptions, LoadedModel } from '../engine/protocol.ts';
import { createStepCost } from '../engine/step-cost.ts';
import { chooseKvLayout, sharedShare } from '../plan/kv-layout.ts';
import { composeGateway, type Gateway } from './compose.ts';
import { gatewayUrl } from './gateway-url.ts';
import { loadOptionsFor } from './load-options.ts';
import { createModelIndex, findReference } from './model-index.ts';
import { createMemoryPredictor, memoryBudget } from './predicted-memory.ts';
import { firstSecret } from './secrets.ts';

/** An engine of this process for work that nobody waits for, behind the same routes and the same ledger as a gateway. */
export interface OfflineGateway {
  /** @throws NearfarError `model_not_found` */
  resolve(modelName: string): Promise<string>;
  /**
   * Loads a model as these prompts want it, and says how.
   * @throws NearfarError
   */
  load(modelId: string, prompts: readonly PlannedPrompt[], signal: AbortSignal): Promise<string>;
  ask(path: string, body: JsonObject, signal: AbortSignal): Promise<Outcome>;
  /** The pipeline itself, for what nearfar asks on its own account. */
  readonly answer: Answer;
  close(): Promise<void>;
}

export interface PlannedPrompt {
  readonly input: ChatInput;
  readonly maxTokenCount: number | null;
}

export interface OfflineOptions {
  readonly batching: Batching;
  /** Answers at once, 1-128. */
  readonly batchSize: number;
  /** Asked at the same time; what waits in the engine takes the next place. */
  readonly atOnce: number;
  /**
   * Absent: what is predicted to be quicker, by what the prompts have in common. Given where layouts are compared:
   * `unified` always.
   */
  readonly layout?: 'unified';
}

/** Prompts whose tokens are counted at the same time. */
const countedAtOnce = 32;
/**
 * A second load costs a second or so; and in continuous batching each prompt that is read beside answers makes a pass of
 * its own, which the prediction does not count.
 */
const leastGain: Readonly<Record<Batching, number>> = { static: 1.05, continuous: 1.15 };
/** Nobody reads while it works, so no step is too long and nobody was passed. */
const noTargetMs = 1e12;

export async function openOfflineGateway(
  loaded: LoadedSettings,
  options: OfflineOptions,
): Promise<OfflineGateway> {
  const offline = offlineSettings(loaded, options);
  const predictMemory = createMemoryPredictor();
  let kv: KvLayout = { layout: 'unified' };
  const adjusted = (load: LoadOptions, layout: KvLayout): LoadOptions => ({
    ...load,
    offline: { batching: options.batching, kv: layout },
    // What nothing returns to needs no place beside the pool; and the folder on disk belongs to whoever serves people.
    hostCacheBytes: layout.layout === 'split' ? 0 : load.hostCacheBytes,
    diskCache: null,
  });
  const gateway = await composeGateway(offline, {
    adjustLoad: (load) => adjusted(load, kv),
    isPrivate: true,
  });
  const secret = await firstSecret(loaded);
  const url = gatewayUrl(loaded.settings.host, loaded.settings.port);
  const headers = {
    'content-type': 'application/json',
    'x-nearfar-priority': 'bulk',
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
  };

  async function splitFits(modelId: string): Promise<(streamTokenCount: number) => boolean> {
    const index = createModelIndex(gateway.store);
    const asked = await index.find(modelId);
    // The cells of an adapter are its model's.
    const found = asked?.adapterOf === undefined ? asked : await index.find(asked.adapterOf.model);
    if (found === null) return () => false;
    const load = await loadOptionsFor(found, offline, (reference) => findReference(gateway.store, reference));
    const bytesOf = async (streamTokenCount: number): Promise<number> =>
      (await predictMemory(found, adjusted(load, { layout: 'split', streamTokenCount }))).totalBytes;
    // Linear in the cells of a stream.
    const [small, large] = [await bytesOf(256), await bytesOf(512)];
    const budget = memoryBudget(offline.settings.engine.memoryBudgetBytes);
    return (streamTokenCount) => small + ((large - small) * (streamTokenCount - 256)) / 256 <= budget;
  }

  async function chooseLayout(
    model: LoadedModel,
    modelId: string,
    prompts: readonly PlannedPrompt[],
    signal: AbortSignal,
  ): Promise<{ readonly kv: KvLayout; readonly reason: string }> {
    if (model.prefixGranularity !== 'token' || model.attentionCost === undefined) {
      return { kv: { layout: 'unified' }, reason: 'this model has no other' };
    }
    const counted = await countAll(gateway, modelId, prompts, signal);
    const cost = createStepCost({
      points: model.stepCost,
      attention: model.attentionCost,
      readersApart: false,
    });
    const choice = chooseKvLayout({
      prompts: counted,
      sharedShare: sharedShare(prompts.map(({ input }) => JSON.stringify(input))),
      parallelCount: options.batchSize,
      contextTokenCount: Math.min(model.contextTokenCount, model.trainedContextTokenCount || Infinity),
      predictMs: (work) => cost.predictMs(work),
      leastGain: leastGain[options.batching],
      fits: await splitFits(modelId),
    });
    const { layout, streamTokenCount, reason } = choice;
    return { kv: layout === 'split' ? { layout, streamTokenCount } : { layout }, reason };
  }

  return {
    resolve: (modelName) => gateway.dependencies.naming.resolve(modelName),
    async load(modelId, prompts, signal) {
      kv = { layout: 'unified' };
      const model = await gateway.localModels.load(modelId, { keepAliveSeconds: -1 });
      if (prompts.length === 0 || options.layout === 'unified') return `${modelId}: one pool for all.`;
      const choice = await chooseLayout(model, modelId, prompts, signal);
      ({ kv } = choice);
      if (kv.layout === 'unified') return `${modelId}: one pool for all (${choice.reason}).`;
      await gateway.localModels.unload(modelId);
      await gateway.localModels.load(modelId, { keepAliveSeconds: -1 });
      return `${modelId}: a stream of ${kv.streamTokenCount} tokens for each answer (${choice.reason}).`;
    },
    async ask(path, body, signal) {
      const response = await gateway.fetch(
        new Request(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal }),
      );
      const answer: unknown = await response.json();
      const privacy = response.headers.get('x-nearfar-privacy');
      return {
        status: response.status,
        requestId: response.headers.get('x-request-id') ?? '',
        ...(privacy === null ? {} : { privacy }),
        body: isObject(answer) ? answer : { error: { message: String(answer) } },
      };
    },
    answer: gateway.dependencies.answer,
    close: gateway.close,
  };
}

function offlineSettings(loaded: LoadedSettings, { batchSize, atOnce }: OfflineOptions): LoadedSettings {
  const { settings } = loaded;
  const { engine } = settings;
  // Where a gateway of this machine holds a model already, what is left counts, not what the machine has.
  const available = process.platform === 'linux' ? os.freemem() : Infinity;
  return {
    ...loaded,
    settings: {
      ...settings,
      // A bar's terminal is no place for a server's log.
      logLevel: loaded.sources.get('logLevel') === 'default' ? 'error' : settings.logLevel,
      engine: {
        ...engine,
        parallelCount: batchSize,
        // Bulk may have half of the queue; a list of prompts in one line counts as many.
        queueLimit: Math.max(engine.queueLimit, 4 * atOnce),
        memoryBudgetBytes: engine.memoryBudgetBytes ?? Math.min(memoryBudget(null), available),
        classes: { ...engine.classes, bulk: { firstTokenMs: noTargetMs, interTokenMs: noTargetMs } },
      },
    },
  };
}

async function countAll(
  gateway: Gateway,
  modelId: string,
  prompts: readonly PlannedPrompt[],
  signal: AbortSignal,
): Promise<readonly { readonly tokenCount: number; readonly maxTokenCount: number | null }[]> {
  const counts = prompts.map(({ maxTokenCount }) => ({ tokenCount: 0, maxTokenCount }));
  const next = prompts.entries();
  const work = async (): Promise<void> => {
    for (const [index, { input }] of next) {
      const count = counts[index];
      if (count === undefined) continue;
      try {
        count.tokenCount = await gateway.dependencies.countTokens(modelId, input, signal);
      } catch (thrown) {
        // What the model's template refuses is an error of its own line, later.
        if (signal.aborted) throw thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: countedAtOnce }, work));
  return counts;
}
