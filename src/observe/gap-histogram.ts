import { priorities, type Priority } from '../chat/request.ts';
import { byClass } from '../engine/priority.ts';

/** Upper bounds in seconds; what a reader feels lies between 5 ms and half a second. */
export const gapBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5,
  5, 10,
];

interface Series {
  readonly labels: string;
  /** Counts by bucket, not cumulative; the last one is beyond all bounds. */
  readonly counts: Float64Array;
  sumMs: number;
}

/**
 * A histogram by model and class, in Prometheus' text form. It is fed once per token, where prom-client's own costs a hash of
 * its labels each time; this one costs an array increment.
 */
export class GapHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #series = byClass(() => new Map<string, Series>());

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  observe(model: string, priority: Priority, milliseconds: number): void {
    const own = this.#series[priority];
    let series = own.get(model);
    if (series === undefined) {
      const labels = `model="${escapeLabel(model)}",class="${priority}"`;
      series = { labels, counts: new Float64Array(gapBounds.length + 1), sumMs: 0 };
      own.set(model, series);
    }
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (bucket < gapBounds.length && seconds > (gapBounds[bucket] ?? 0)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sumMs += milliseconds;
  }

  render(): string {
    const lines = [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} histogram`];
    for (const { labels: label, counts, sumMs } of priorities.flatMap((one) => [
      ...this.#series[one].values(),
    ])) {
      let cumulative = 0;
      counts.forEach((count, bucket) => {
        cumulative += count;
        lines.push(`${this.#name}_bucket{${label},le="${gapBounds[bucket] ?? '+Inf'}"} ${cumulative}`);
      });
      lines.push(
        `${this.#name}_sum{${label}} ${sumMs / 1000}`,
        `${this.#name}_count{${label}} ${cumulative}`,
      );
    }
    return `${lines.join('\n')}\n`;
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
