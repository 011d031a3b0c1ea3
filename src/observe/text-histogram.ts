/**
 * Histograms in Prometheus' text form that are fed with each request or token: prom-client's own look their labels up by
 * hashing them each time, which costs ten times as much as the sample. Whoever feeds these holds the series.
 */
export class HistogramSeries {
  readonly #bounds: readonly number[];
  /** By bucket, not cumulative; the last one is beyond all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper ones, growing */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** @param labels as they stand in the braces */
  lines(name: string, labels: string): readonly string[] {
    const lines: string[] = [];
    let cumulative = 0;
    this.#counts.forEach((count, bucket) => {
      cumulative += count;
      lines.push(`${name}_bucket{${labels},le="${this.#bounds[bucket] ?? '+Inf'}"} ${cumulative}`);
    });
    lines.push(`${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${cumulative}`);
    return lines;
  }
}

/** Series of one name by their labels. Whoever makes the labels bounds their number. */
export class TextHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, HistogramSeries>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  /** The series with these labels; made where there is none. */
  series(labels: Readonly<Record<string, string>>): HistogramSeries {
    const text = Object.entries(labels)
      .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
      .join(',');
    let series = this.#series.get(text);
    if (series === undefined) {
      series = new HistogramSeries(this.#bounds);
      this.#series.set(text, series);
    }
    return series;
  }

  render(): string {
    const lines = [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} histogram`];
    for (const [labels, series] of this.#series) lines.push(...series.lines(this.#name, labels));
    return `${lines.join('\n')}\n`;
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
