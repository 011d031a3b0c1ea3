import { readFile } from 'node:fs/promises';

/** A text of bench/workloads/privacy: made up, by no data's example. */
export interface MadeUpText {
  readonly part: MadeUpPart;
  readonly category: string;
  readonly text: string;
  readonly sensitive: boolean;
}

/** Those that detectors were developed on, and those of which only the total was looked at meanwhile. */
export type MadeUpPart = 'development' | 'check';
export const madeUpParts: readonly MadeUpPart[] = ['development', 'check'];

export async function readMadeUpTexts(): Promise<readonly MadeUpText[]> {
  const parts = await Promise.all(
    madeUpParts.map(async (part) => {
      const text = await readFile(new URL(`workloads/privacy/${part}.jsonl`, import.meta.url), 'utf8');
      return text
        .trim()
        .split('\n')
        .map((line): MadeUpText => ({ ...(JSON.parse(line) as Omit<MadeUpText, 'part'>), part }));
    }),
  );
  return parts.flat();
}
