import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';

/** Results of a run that has not ended: a line each, so that the same command goes on where it stopped. */
export interface UnfinishedResults<Result> {
  readonly known: () => Promise<readonly Result[]>;
  readonly keep: (result: Result) => Promise<void>;
  readonly discard: () => Promise<void>;
}

/** @param schema lines that it refuses are torn, or of something else: passed over */
export function unfinishedResults<Result>(
  file: string,
  schema: z.ZodType<Result>,
): UnfinishedResults<Result> {
  return {
    known: async () => {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text.split('\n').flatMap((line) => {
        const parsed = schema.safeParse(parsedOrNull(line));
        return parsed.success ? [parsed.data] : [];
      });
    },
    keep: async (result) => {
      await mkdir(path.dirname(file), { recursive: true });
      // Behind a line of its own: the last one may be torn, and must not take this one with it.
      await appendFile(file, `\n${JSON.stringify(result)}\n`);
    },
    discard: () => rm(file, { force: true }),
  };
}

/** A text that is no JSON, as one that was torn, is null. */
export function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
