import { describe, expect, it } from 'vitest';
import {
  chatRequest,
  collect,
  loadOptions,
  modelFacts,
  needOf,
} from '../../test/fixtures/engine-requests.ts';
import { createFakeEngine, type FakeEngine } from '../../test/fixtures/fake-engine.ts';
import type { ChatRequest } from '../chat/request.ts';
import type { ChatPart } from '../chat/part.ts';
import { createModelPool, type ModelPoolOptions } from './model-pool.ts';

/** Models m1 and so on, over engines without a process. */
function createPool(changes: Pick<ModelPoolOptions, 'memoryBudgetBytes' | 'predictMemory'>) {
  const engines: FakeEngine[] = [];
  const pool = createModelPool({
    findModel: async (id) => ({ facts: modelFacts(id), path: `/models/${id}.gguf` }),
    loadOptionsFor: (model) => loadOptions({ modelId: model.facts.id }),
    contextOverflowOf: (id) => (id === 'm2' ? 'sinks' : 'error'),
    maxLoadedCount: 5,
    defaultModelId: null,
    keepAliveSeconds: 300,
    watchdogMs: 1_000,
    log: () => undefined,
    createEngine: (load) => {
      const engine = createFakeEngine(load);
      engines.push(engine);
      return engine;
    },
    ...changes,
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  };
  const engine = (id: string) => engines.findLast((one) => one.load.modelId === id);
  return {
    living: () => engines.filter((one) => !one.isClosed).map((one) => one.load.modelId),
    engine,
    async ask(id: string, more: Partial<ChatRequest> = {}): Promise<readonly ChatPart[]> {
      const model = await pool.model(id);
      const parts = collect(model.stream(chatRequest('hello', more), new AbortController().signal));
      await settle();
      engine(id)?.finishOne();
      return parts;
    },
    async embed(id: string): Promise<void> {
      const model = await pool.model(id);
      const { dialect, privacy, tenant, deadlineAt, keepAliveSeconds } = chatRequest('');
      const request = { id: 'e', dialect, privacy, tenant, deadlineAt, keepAliveSeconds, requestedModel: id };
      const task = { kind: 'rank', query: 'a', documents: ['b'] } as const;
      const embedding = model.embed({ ...request, task }, new AbortController().signal);
      await settle();
      engine(id)?.finishOne();
      await embedding;
    },
  };
}

describe('the contexts that a model may have beside its own', () => {
  it('are set aside each for itself, at the first request that may need it', async () => {
    const pool = createPool({
      memoryBudgetBytes: 12,
      predictMemory: async ({ facts }) => (facts.id === 'm2' ? needOf(5, 3, 2) : needOf(4)),
    });
    await pool.ask('m1');
    await pool.embed('m2');
    expect(pool.living()).toEqual(['m1', 'm2']);
    // Sinks by the setting of its model: 4 + 5 + 3 + 2 is too much, so the idle one goes.
    await pool.ask('m2');
    expect(pool.living()).toEqual(['m2']);
    expect(pool.engine('m2')?.commands.at(-1)?.contextOverflow).toBe('sinks');
    await pool.ask('m2', { contextOverflow: 'truncate_middle', keepTokenCount: 7 });
    expect(pool.engine('m2')?.commands.at(-1)).toMatchObject({
      contextOverflow: 'truncate_middle',
      keepTokenCount: 7,
    });
  });

  it('are refused where they do not fit beside those that are there, each named with its size', async () => {
    const GiB = 1024 ** 3;
    const pool = createPool({
      memoryBudgetBytes: 9 * GiB,
      predictMemory: async () => needOf(5 * GiB, 3 * GiB, 2 * GiB),
    });
    await pool.embed('m1');
    const [last] = await pool.ask('m1', { contextOverflow: 'sinks' });
    expect(last?.type === 'error' && last.error.message).toMatch(
      /m1 needs 10\.00 GiB.*embeddings 3\.00 GiB, windows that slide 2\.00 GiB.*budget is 9\.00 GiB/,
    );
    expect((await pool.ask('m1')).at(-1)?.type).toBe('finish');
  });
});
