import { readRow } from './answer-row.ts';
import { keyOf, type LineForm } from './prompt-line.ts';
import { textLines } from './text-lines.ts';

/** What an output of an earlier run holds. */
export interface StandingAnswers {
  /** Keys of the ids that need no answer any more. */
  readonly answered: ReadonlySet<string>;
  /** The bytes that stay, where some go; `null`: all stay as they are. */
  readonly rewritten: Uint8Array | null;
  /** Rows of requests that failed: they are asked again. */
  readonly failedCount: number;
  /** Whether the last line was cut off in the middle. */
  readonly isTorn: boolean;
  /** Answers to something else than the input asks now, by id. */
  readonly changed: readonly string[];
  /** Answers to ids that the input does not have. */
  readonly unknown: readonly string[];
  /** The first line that no run of this form wrote; `null` = none. */
  readonly foreignLine: number | null;
}

/**
 * Compares an output with what is asked. Pure. Each answer that stands whole and answers what is asked is kept, once; all
 * other lines go: failures, changed and unknown ones, a second answer to an id, a line cut off at the end.
 * @param digests of the requests, by the keys of their ids
 */
export function standingAnswers(
  bytes: Uint8Array,
  form: LineForm,
  digests: ReadonlyMap<string, string>,
): StandingAnswers {
  const answered = new Set<string>();
  const kept: Uint8Array[] = [];
  const changed: string[] = [];
  const unknown: string[] = [];
  let failedCount = 0;
  let isTorn = false;
  let foreignLine: number | null = null;
  let keptByteCount = 0;
  let end = 0;
  for (const { lineNumber, text, offset, isWhole } of textLines(bytes)) {
    const next = bytes.indexOf(0x0a, offset);
    end = next === -1 ? bytes.length : next + 1;
    if (!isWhole) {
      isTorn = true;
      // Where ours was cut off, it begins as ours do.
      if (!'{"'.startsWith((text ?? '{"').slice(0, 2))) foreignLine ??= lineNumber;
      continue;
    }
    const row = readRow(text, form);
    if (row === null) {
      foreignLine ??= lineNumber;
      continue;
    }
    const key = keyOf(row.id);
    const digest = digests.get(key);
    if (digest === undefined) unknown.push(key);
    else if (digest !== row.digest) changed.push(key);
    else if (!row.isAnswer) failedCount++;
    else if (!answered.has(key)) {
      answered.add(key);
      kept.push(bytes.subarray(offset, end));
      keptByteCount += end - offset;
    }
  }
  const rewritten = keptByteCount === bytes.length ? null : Buffer.concat(kept);
  return { answered, rewritten, failedCount, isTorn, changed, unknown, foreignLine };
}
