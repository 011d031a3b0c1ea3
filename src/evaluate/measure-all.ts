interface Named {
  readonly id: string;
}

export interface MeasureAllOptions<Item extends Named, Result extends Named> {
  readonly items: readonly Item[];
  /** What stands of an earlier run. */
  readonly known: readonly Result[];
  /** At the same time, at least 1. */
  readonly atOnce: number;
  /** What it throws ends the run: what cannot be asked is no wrong answer. @returns a result with the item's id */
  readonly measure: (item: Item, signal: AbortSignal) => Promise<Result>;
  /** Called for each new result. */
  readonly keep: (result: Result) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Measures every item that has no result yet.
 * @returns the results of all that were measured by now or before, in the items' order
 */
export async function measureAll<Item extends Named, Result extends Named>(
  options: MeasureAllOptions<Item, Result>,
): Promise<readonly Result[]> {
  const { items, measure, keep } = options;
  const results = new Map(options.known.map((result) => [result.id, result]));
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const next = items.filter(({ id }) => !results.has(id)).values();
  const work = async (): Promise<void> => {
    for (const item of next) {
      if (signal.aborted) return;
      const result = await measure(item, signal);
      results.set(item.id, result);
      await keep(result);
    }
  };
  const settled = await Promise.allSettled(
    Array.from({ length: options.atOnce }, () =>
      work().catch((thrown: unknown) => {
        failure.abort(thrown);
        throw thrown;
      }),
    ),
  );
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined && !options.signal.aborted) throw failed.reason;
  return items.flatMap(({ id }) => results.get(id) ?? []);
}
