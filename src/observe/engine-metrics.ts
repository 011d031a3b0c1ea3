import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RunningModel } from '../engine/local-models.ts';
import type { EngineStats } from '../engine/protocol.ts';

/** What is read of each engine child when a page is rendered. */
export type EngineReading = Pick<RunningModel, 'id' | 'state' | 'stats' | 'restartCount'>;

interface Reading {
  readonly name: string;
  readonly help: string;
  readonly of: (stats: EngineStats) => number;
}

const gauges: readonly Reading[] = [
  {
    name: 'nearfar_queue_requests',
    help: 'Requests that wait for a place.',
    of: (stats) => stats.queuedCount,
  },
  { name: 'nearfar_running_requests', help: 'Requests in the batch.', of: (stats) => stats.runningCount },
  {
    name: 'nearfar_batch_tokens',
    help: 'Tokens in the last step.',
    of: (stats) => stats.lastBatchTokenCount,
  },
  { name: 'nearfar_kv_cells', help: 'KV cells in the pool.', of: (stats) => stats.cellCount },
  { name: 'nearfar_kv_cells_used', help: 'KV cells that hold a token.', of: (stats) => stats.usedCellCount },
  {
    name: 'nearfar_kv_cells_shared',
    help: 'KV cells that more than one owner holds.',
    of: (stats) => stats.sharedCellCount,
  },
  {
    name: 'nearfar_kv_cells_idle',
    help: 'KV cells that hold only finished prefixes.',
    of: (stats) => stats.idleCellCount,
  },
  {
    name: 'nearfar_host_cache_bytes',
    help: 'Host memory that holds prefixes which left the pool.',
    of: (stats) => stats.hostCacheBytes,
  },
  {
    name: 'nearfar_disk_cache_bytes',
    help: 'Files that hold prefixes which left host memory, of all models together.',
    of: (stats) => stats.diskCacheBytes,
  },
  {
    name: 'nearfar_sinks_cells',
    help: 'KV cells of the context that windows slide in; 0 while it is closed.',
    of: (stats) => stats.sinksCellCount,
  },
  {
    name: 'nearfar_sinks_cells_used',
    help: 'Of those, the ones that hold a token.',
    of: (stats) => stats.sinksUsedCellCount,
  },
  {
    name: 'nearfar_prefix_hit_ratio',
    help: 'Prompt tokens served from a cache, over all prompt tokens, since the engine started.',
    of: (stats) => (stats.promptTokenCount === 0 ? 0 : stats.cachedTokenCount / stats.promptTokenCount),
  },
  {
    name: 'nearfar_draft_acceptance_ratio',
    help: 'Drafted tokens that were drawn, over all drafted tokens, since the engine started.',
    of: (stats) => (stats.draftedTokenCount === 0 ? 0 : stats.acceptedTokenCount / stats.draftedTokenCount),
  },
  {
    name: 'nearfar_speculation_gain_ratio',
    help: 'Of the steps with drafts: predicted time of their tokens without, over the time taken; 1 = no gain.',
    of: (stats) => (stats.draftedStepMs === 0 ? 1 : stats.undraftedStepMs / stats.draftedStepMs),
  },
  {
    name: 'nearfar_adapter_switch_milliseconds',
    help: 'What a change of the LoRA adapter adds to a step, smoothed.',
    of: (stats) => stats.adapterSwitchMs,
  },
];

/** Since the engine child started: a restart begins at 0 again, which Prometheus takes for a counter reset. */
const counters: readonly Reading[] = [
  { name: 'nearfar_engine_steps_total', help: 'Steps of the loop.', of: (stats) => stats.stepCount },
  { name: 'nearfar_prompt_tokens_total', help: 'Prompt tokens.', of: (stats) => stats.promptTokenCount },
  {
    name: 'nearfar_cached_tokens_total',
    help: 'Prompt tokens served from a cache.',
    of: (stats) => stats.cachedTokenCount,
  },
  {
    name: 'nearfar_completion_tokens_total',
    help: 'Generated tokens.',
    of: (stats) => stats.completionTokenCount,
  },
  {
    name: 'nearfar_forced_tokens_total',
    help: 'Generated tokens that a grammar left no choice about, and that no step was spent on.',
    of: (stats) => stats.forcedTokenCount,
  },
  {
    name: 'nearfar_drafted_tokens_total',
    help: 'Tokens drafted by speculation.',
    of: (stats) => stats.draftedTokenCount,
  },
  {
    name: 'nearfar_accepted_tokens_total',
    help: 'Drafted tokens that were drawn.',
    of: (stats) => stats.acceptedTokenCount,
  },
  {
    name: 'nearfar_preemptions_total',
    help: 'Requests that gave up their cells and were computed again.',
    of: (stats) => stats.preemptionCount,
  },
  {
    name: 'nearfar_adapter_switches_total',
    help: 'Steps that applied another LoRA adapter than the step before.',
    of: (stats) => stats.adapterSwitchCount,
  },
  {
    name: 'nearfar_offloaded_tokens_total',
    help: 'Tokens moved out of the pool to host memory.',
    of: (stats) => stats.offloadedTokenCount,
  },
  {
    name: 'nearfar_restored_tokens_total',
    help: 'Tokens moved back into the pool.',
    of: (stats) => stats.restoredTokenCount,
  },
  {
    name: 'nearfar_sinks_discarded_tokens_total',
    help: 'Tokens that left a window which slides.',
    of: (stats) => stats.sinksDiscardedTokenCount,
  },
  {
    name: 'nearfar_disk_read_tokens_total',
    help: 'Tokens that came back from the disk and were not computed again.',
    of: (stats) => stats.diskReadTokenCount,
  },
  {
    name: 'nearfar_disk_written_bytes_total',
    help: 'Saved prefixes written to disk.',
    of: (stats) => stats.diskWrittenBytes,
  },
  {
    name: 'nearfar_disk_rejected_files_total',
    help: 'Files of saved prefixes that were damaged or foreign, and were removed.',
    of: (stats) => stats.diskRejectedCount,
  },
];

/** Registers what the step loops know; read when a page is rendered, at no cost to the loops. */
export function registerEngineMetrics(registry: Registry, running: () => readonly EngineReading[]): void {
  const registers = [registry];
  const labelNames = ['model'] as const;

  for (const { name, help, of } of gauges) {
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { id, stats } of running()) if (stats !== null) this.set({ model: id }, of(stats));
      },
    });
  }
  for (const { name, help, of } of counters) {
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { id, stats } of running()) if (stats !== null) this.inc({ model: id }, of(stats));
      },
    });
  }
  new Counter({
    name: 'nearfar_engine_restarts_total',
    help: 'Times that an engine child had to be started again.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { id, restartCount } of running()) this.inc({ model: id }, restartCount);
    },
  });
  new Gauge({
    name: 'nearfar_model_ready',
    help: '1 where the model can answer, 0 while it loads or restarts.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { id, state } of running()) this.set({ model: id }, state === 'ready' ? 1 : 0);
    },
  });
}
