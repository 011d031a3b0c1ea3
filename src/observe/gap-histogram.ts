import type { Priority } from '../chat/request.ts';
import { byClass } from '../engine/priority.ts';
import { TextHistogram, type HistogramSeries } from './text-histogram.ts';

/** Upper bounds in seconds; what a reader feels lies between 5 ms and half a second. */
export const gapBounds: readonly number[] = [
  0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5,
  5, 10,
];

/** Gaps between two pieces of text, by model and class. Fed once per token. */
export class GapHistogram {
  readonly #histogram: TextHistogram;
  readonly #series = byClass(() => new Map<string, HistogramSeries>());

  constructor(name: string, help: string) {
    this.#histogram = new TextHistogram(name, help, gapBounds);
  }

  observe(model: string, priority: Priority, milliseconds: number): void {
    const own = this.#series[priority];
    let series = own.get(model);
    if (series === undefined) {
      series = this.#histogram.series({ model, class: priority });
      own.set(model, series);
    }
    series.observe(milliseconds / 1000);
  }

  render(): string {
    return this.#histogram.render();
  }
}
