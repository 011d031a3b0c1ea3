import { readFile } from 'node:fs/promises';

/** A text of bench/workloads/privacy: made up, by no data's example. */
export interface MadeUpText {
  readonly part: MadeUpPart;
  readonly category: string;
  readonly text: string;
  readonly sensitive: boolean;
}

/**
 * Those that detectors were developed on, and those of which only the total was looked at meanwhile; the later pair (decision 255) is of
 * what people paste into a chat with a task.
 */
export type MadeUpPart = 'development' | 'check' | 'pasted-development' | 'pasted-check';
export const madeUpParts: readonly MadeUpPart[] = ['development', 'check'];
export const pastedParts: readonly MadeUpPart[] = ['pasted-development', 'pasted-check'];

/** @default the first pair */
export async function readMadeUpTexts(
  parts: readonly MadeUpPart[] = madeUpParts,
): Promise<readonly MadeUpText[]> {
  const texts = await Promise.all(
    parts.map(async (part) => {
      const text = await readFile(new URL(`workloads/privacy/${part}.jsonl`, import.meta.url), 'utf8');
      return text
        .trim()
        .split('\n')
        .map((line): MadeUpText => ({ ...(JSON.parse(line) as Omit<MadeUpText, 'part'>), part }));
    }),
  );
  return texts.flat();
}
