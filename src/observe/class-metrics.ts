import { Counter, type Registry } from 'prom-client';
import { priorities } from '../chat/request.ts';
import type { ClassStats } from '../engine/class-figures.ts';
import type { EngineReading } from './engine-metrics.ts';

interface Reading {
  readonly name: string;
  readonly help: string;
  readonly of: (stats: ClassStats) => number;
  /** Of those counted, how many kept the class's target; absent where there is none. */
  readonly timelyOf?: (stats: ClassStats) => number;
}

const counters: readonly Reading[] = [
  {
    name: 'nearfar_class_first_tokens_total',
    help: "First tokens by class, and whether they came within the class's target, as the engine sees it.",
    of: (stats) => stats.firstTokenCount,
    timelyOf: (stats) => stats.timelyFirstTokenCount,
  },
  {
    name: 'nearfar_class_gaps_total',
    help: "Gaps between two tokens of an answer by class, and whether they were within the class's target.",
    of: (stats) => stats.gapCount,
    timelyOf: (stats) => stats.timelyGapCount,
  },
  {
    name: 'nearfar_class_swap_outs_total',
    help: 'Times that a running request of the class gave up its place or its cells.',
    of: (stats) => stats.swapOutCount,
  },
  {
    name: 'nearfar_class_resumed_tokens_total',
    help: 'Tokens that a request which went on after it had been swapped out found in the cache.',
    of: (stats) => stats.resumedTokenCount,
  },
  {
    name: 'nearfar_class_recomputed_tokens_total',
    help: 'Tokens that a request which went on after it had been swapped out had to compute again.',
    of: (stats) => stats.recomputedTokenCount,
  },
];

/** Registers what the step loops know of each class; read when a page is rendered. */
export function registerClassMetrics(registry: Registry, running: () => readonly EngineReading[]): void {
  for (const { name, help, of, timelyOf } of counters) {
    new Counter({
      name,
      help,
      labelNames: ['model', 'class', 'within_target'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { id: model, stats } of running()) {
          for (const priority of stats === null ? [] : priorities) {
            const own = stats?.classes[priority];
            if (own === undefined) continue;
            const labels = { model, class: priority };
            if (timelyOf === undefined) {
              this.inc(labels, of(own));
            } else {
              this.inc({ ...labels, within_target: 'true' }, timelyOf(own));
              this.inc({ ...labels, within_target: 'false' }, of(own) - timelyOf(own));
            }
          }
        }
      },
    });
  }
}
