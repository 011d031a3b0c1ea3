import { z } from 'zod';

/** What came of one captured question: each model's answer against the one that was given. No text. */
export interface JudgedLine {
  /** The request's. */
  readonly id: string;
  readonly judge: string;
  /** The model whose answer was given, against which the others were judged; absent in lines of older versions. */
  readonly answered?: string | undefined;
  /** 0-1: 0.5 is the answer that was given, or one as good; 1 better, 0 worse. Cost in US dollars; null: not known. */
  readonly models: Readonly<Record<string, { readonly score: number; readonly cost: number | null }>>;
}

const schema = z.strictObject({
  id: z.string().min(1),
  judge: z.string().min(1),
  answered: z.string().min(1).optional(),
  models: z.record(
    z.string(),
    z.strictObject({ score: z.number().min(0).max(1), cost: z.number().min(0).nullable() }),
  ),
});

/** Pure: lines that a run was cut off in the middle of are left out. The last of a request counts. */
export function readJudgedLines(text: string): ReadonlyMap<string, JudgedLine> {
  const found = new Map<string, JudgedLine>();
  for (const line of text.split('\n')) {
    const parsed = schema.safeParse(parse(line));
    if (parsed.success) found.set(parsed.data.id, parsed.data);
  }
  return found;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Pure: whether it says all that is asked, by this judge. */
export function answersAll(line: JudgedLine | undefined, judge: string, models: readonly string[]): boolean {
  return line?.judge === judge && models.every((model) => Object.hasOwn(line.models, model));
}
