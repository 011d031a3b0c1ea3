import { describe, expect, test } from 'vitest';
import { refusalRow } from '../answer/refusal.ts';
import { NearfarError } from '../chat/error.ts';
import { byClass } from '../engine/priority.ts';
import type { EngineStats } from '../engine/protocol.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createMetrics } from './metrics.ts';

const refused = refusalRow({
  requestId: 'request-1',
  dialect: 'openai',
  error: new NearfarError('unauthorized', 'No.'),
});

function answered(changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    ...refused,
    operation: 'chat',
    priority: 'interactive',
    requestedModel: 'auto',
    answeringModel: 'tiny',
    promptTokenCount: 100,
    completionTokenCount: 11,
    firstTokenMs: 50,
    totalMs: 1050,
    answerSource: 'model',
    finish: 'stop',
    status: 200,
    ...changes,
  };
}

const stats: EngineStats = {
  sinksCellCount: 0,
  sinksUsedCellCount: 0,
  sinksDiscardedTokenCount: 0,
  stepCount: 10,
  queuedCount: 3,
  runningCount: 2,
  lastBatchTokenCount: 64,
  cellCount: 4096,
  usedCellCount: 1000,
  sharedCellCount: 900,
  idleCellCount: 100,
  hostCacheBytes: 5,
  promptTokenCount: 200,
  cachedTokenCount: 150,
  completionTokenCount: 30,
  preemptionCount: 1,
  adapterSwitchCount: 0,
  adapterSwitchMs: 0,
  offloadedTokenCount: 600,
  restoredTokenCount: 500,
  diskCacheBytes: 7000,
  diskWrittenBytes: 8000,
  diskReadTokenCount: 90,
  diskRejectedCount: 2,
  forcedTokenCount: 0,
  draftedTokenCount: 0,
  acceptedTokenCount: 0,
  draftedStepMs: 0,
  undraftedStepMs: 0,
  classes: byClass((priority) => ({
    firstTokenCount: 9,
    timelyFirstTokenCount: priority === 'voice' ? 9 : 6,
    gapCount: 80,
    timelyGapCount: 78,
    swapOutCount: priority === 'bulk' ? 4 : 0,
    resumedTokenCount: 500,
    recomputedTokenCount: 1,
  })),
};

const common =
  'gen_ai_operation_name="chat",gen_ai_provider_name="nearfar",gen_ai_request_model="auto",gen_ai_response_model="tiny"';

/** The value of the one line that begins with this text. */
async function read(page: Promise<string>, start: string): Promise<number> {
  const lines = (await page).split('\n').filter((line) => line.startsWith(start));
  expect(lines, start).toHaveLength(1);
  return Number(lines[0]!.split(' ').at(-1));
}

describe('answers', () => {
  test('are counted under the OpenTelemetry names', async () => {
    const metrics = createMetrics({ running: () => [], version: '0.1.0' });
    metrics.observeRow(answered());
    const page = metrics.render();
    const sum = (name: string, more = '') => read(page, `${name}_sum{${common}${more}}`);
    const ofClass = ',nearfar_class="interactive"';
    expect(await sum('gen_ai_server_time_to_first_token_seconds', ofClass)).toBe(0.05);
    expect(await sum('gen_ai_server_time_per_output_token_seconds', ofClass)).toBeCloseTo(0.1);
    expect(await sum('gen_ai_server_request_duration_seconds', ',error_type=""')).toBe(1.05);
    expect(await sum('gen_ai_client_token_usage', ',gen_ai_token_type="input"')).toBe(100);
    expect(await sum('gen_ai_client_token_usage', ',gen_ai_token_type="output"')).toBe(11);
  });

  test('that failed carry their kind and no time per token', async () => {
    const metrics = createMetrics({ running: () => [], version: '0.1.0' });
    metrics.observeRow(answered({ finish: 'aborted', status: 499 }));
    metrics.observeRow(refused);
    const page = await metrics.render();
    expect(page).toContain('error_type="aborted"');
    expect(page).toContain('error_type="unauthorized"');
    expect(page).not.toMatch(/gen_ai_server_time_per_output_token_seconds_count\{/);
  });

  test('names that clients make up do not fill the memory', async () => {
    const metrics = createMetrics({ running: () => [], version: '0.1.0' });
    for (let number = 0; number < 500; number += 1) {
      metrics.observeRow(answered({ requestedModel: `Tiny-${number}` }));
      metrics.observeRow(
        answered({ requestedModel: `unknown-${number}`, answeringModel: null, status: 404 }),
      );
    }
    const page = await metrics.render();
    const names = new Set([...page.matchAll(/gen_ai_request_model="([^"]*)"/g)].map((match) => match[1]));
    expect(names.size).toBeLessThanOrEqual(201);
    expect(page).not.toContain('unknown-');
  });
});

test('gaps between tokens are a histogram by model and class', async () => {
  const metrics = createMetrics({ running: () => [], version: '0.1.0' });
  for (const milliseconds of [4, 4, 80, 60_000]) metrics.observeGap('ti"ny', 'bulk', milliseconds);
  const page = metrics.render();
  const bucket = (bound: string) =>
    read(page, `nearfar_inter_token_gap_seconds_bucket{model="ti\\"ny",class="bulk",le="${bound}"}`);
  expect(await bucket('0.0025')).toBe(0);
  expect(await bucket('0.005')).toBe(2);
  expect(await bucket('0.1')).toBe(3);
  expect(await bucket('+Inf')).toBe(4);
  expect(await read(page, 'nearfar_inter_token_gap_seconds_count')).toBe(4);
  expect(await read(page, 'nearfar_inter_token_gap_seconds_sum')).toBeCloseTo(60.088);
});

describe('engines', () => {
  test('are read anew for each page; one that is gone leaves no figures', async () => {
    let engines = [{ id: 'tiny', state: 'ready' as const, restartCount: 2, stats }];
    const metrics = createMetrics({ running: () => engines, pendingRows: () => 4, version: '0.1.0' });
    for (let rendered = 0; rendered < 2; rendered += 1) {
      const page = metrics.render();
      expect(await read(page, 'nearfar_queue_requests{model="tiny"}')).toBe(3);
      expect(await read(page, 'nearfar_prefix_hit_ratio{model="tiny"}')).toBe(0.75);
      expect(await read(page, 'nearfar_completion_tokens_total{model="tiny"}')).toBe(30);
      const timely = (priority: string, within: boolean) =>
        read(
          page,
          `nearfar_class_first_tokens_total{model="tiny",class="${priority}",within_target="${within}"}`,
        );
      expect([await timely('voice', false), await timely('default', false)]).toEqual([0, 3]);
      expect(await read(page, 'nearfar_class_swap_outs_total{model="tiny",class="bulk"}')).toBe(4);
      expect(await read(page, 'nearfar_engine_restarts_total{model="tiny"}')).toBe(2);
      expect(await read(page, 'nearfar_model_ready{model="tiny"}')).toBe(1);
      expect(await read(page, 'nearfar_ledger_pending_rows')).toBe(4);
    }
    engines = [];
    expect(await metrics.render()).not.toContain('model="tiny"');
  });

  test('that are still loading have no figures but their state', async () => {
    const engines = [{ id: 'tiny', state: 'loading' as const, restartCount: 0, stats: null }];
    const page = createMetrics({ running: () => engines, version: '0.1.0' }).render();
    expect(await read(page, 'nearfar_model_ready{model="tiny"}')).toBe(0);
    expect(await page).not.toContain('nearfar_kv_cells{');
  });
});

test('every line of the page is a comment or a sample', async () => {
  const metrics = createMetrics({
    running: () => [{ id: 'tiny', state: 'ready', restartCount: 0, stats }],
    version: '0.1.0',
  });
  metrics.observeRow(answered());
  metrics.observeGap('tiny', 'voice', 5);
  const lines = (await metrics.render()).split('\n').filter((line) => line !== '');
  for (const line of lines) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [\d.e+-]+)$/);
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});
