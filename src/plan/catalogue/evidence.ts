/** Where an entry of a table is from. */
export interface Evidence {
  /** Who says it: a data sheet, a model card, a paper, documentation. */
  readonly source: string;
  /** The day on which somebody compared it with that source; `null`: written from memory, check it. */
  readonly checkedOn: string | null;
}

/** The day of the tables in this folder. Prices and tools move by the week. */
export const catalogueDate = '2026-11-30';

export const fromMemory = (source: string): Evidence => ({ source, checkedOn: null });

export const checked = (source: string): Evidence => ({ source, checkedOn: catalogueDate });

/** E.g. `Phi-4 model card (compared on 2026-11-30)` or `NVIDIA data sheet (from memory, check)`. */
export function evidenceWords({ source, checkedOn }: Evidence): string {
  return `${source} (${checkedOn === null ? 'from memory, check' : `compared on ${checkedOn}`})`;
}
