/** Samples of a page in Prometheus' text format, by their names; labels are left out. Pure. */
export interface PrometheusPage {
  /** Of all series of a name; null where there is none. */
  sum(name: string): number | null;
  /** The largest of all series of a name; null where there is none. */
  max(name: string): number | null;
}

/** A sample: name, labels in braces (their values may hold escaped quotes and braces), value. */
const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s+(\S+)/;

/**
 * Reads what it understands and passes over the rest: an engine's page is not ours to judge.
 * @param wanted begin of the names that are kept, so that a long page costs little
 */
export function readPrometheus(text: string, wanted: string): PrometheusPage {
  const values = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(wanted)) continue;
    const [, name, written] = sampleLine.exec(line) ?? [];
    const value = Number(written);
    if (name === undefined || !Number.isFinite(value)) continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return {
    sum: (name) => values.get(name)?.reduce((total, value) => total + value, 0) ?? null,
    max: (name) => values.get(name)?.reduce((most, value) => Math.max(most, value), -Infinity) ?? null,
  };
}
