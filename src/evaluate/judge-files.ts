import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { taskTypes } from '../route/task/task-type.ts';
import { judgeReliability, type JudgeReliability, type PairResult } from './judge-reliability.ts';
import { parsedOrNull, unfinishedResults, type UnfinishedResults } from './unfinished-results.ts';

/** What was measured of a judge, once. */
export interface JudgeEvaluation {
  readonly modelId: string;
  /** As it was asked for, e.g. `near`. */
  readonly modelName: string;
  /** ISO 8601, when it ended. */
  readonly date: string;
  readonly nearfarVersion: string;
  /** Of the pairs: evaluations of other versions cannot be compared with it. */
  readonly pairsVersion: string;
  readonly pairs: PairsOrigin;
  readonly results: readonly PairResult[];
}

/** Answers that stand with the items, or that two models gave. */
export type PairsOrigin = 'written' | 'answers';

const task = z.enum(taskTypes).exclude(['other']);
const verdict = z.enum(['first', 'second', 'tie']);
const resultSchema = z.object({
  id: z.string(),
  task,
  verdicts: z.tuple([verdict, verdict]).nullable(),
  outcome: z.enum(['win', 'tie', 'loss']).nullable(),
});
const evaluationSchema = z.object({
  modelId: z.string().min(1),
  modelName: z.string().min(1),
  date: z.iso.datetime(),
  nearfarVersion: z.string(),
  pairsVersion: z.string(),
  pairs: z.enum(['written', 'answers']),
  results: z.array(resultSchema),
});

const folderOf = (home: string): string => path.join(home, 'evaluations', 'judges');
/** Ids have slashes and colons. */
const nameOf = (modelId: string, pairs: PairsOrigin): string =>
  `${encodeURIComponent(modelId).slice(0, 160)}.${pairs}`;

/** The newest of each judge over each kind of pairs, newest first; files that are none are passed over. */
export async function readJudgeEvaluations(home: string): Promise<readonly JudgeEvaluation[]> {
  const folder = folderOf(home);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const found = await Promise.all(
    names.map(async (name): Promise<readonly JudgeEvaluation[]> => {
      const text = await readFile(path.join(folder, name), 'utf8').catch(() => '');
      const parsed = evaluationSchema.safeParse(parsedOrNull(text));
      return parsed.success ? [parsed.data] : [];
    }),
  );
  return found.flat().toSorted((a, b) => (a.date < b.date ? 1 : -1));
}

/** Replaces the one before it of the same judge and kind of pairs. @returns the file */
export async function keepJudgeEvaluation(home: string, measured: JudgeEvaluation): Promise<string> {
  await mkdir(folderOf(home), { recursive: true });
  const file = path.join(folderOf(home), `${nameOf(measured.modelId, measured.pairs)}.json`);
  await writeFile(`${file}.new`, `${JSON.stringify(measured, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return file;
}

/** @param version of the pairs: a run over others begins anew */
export function unfinishedJudging(
  home: string,
  modelId: string,
  version: string,
): UnfinishedResults<PairResult> {
  const name = `${encodeURIComponent(modelId).slice(0, 160)}.${version}.unfinished.jsonl`;
  return unfinishedResults<PairResult>(path.join(folderOf(home), name), resultSchema);
}

/**
 * What is known of a judge, by the name that it goes by in settings and rows or by its id: over answers of models where that was
 * measured, else over written ones. Null: nothing.
 */
export function reliabilityOf(
  evaluations: readonly JudgeEvaluation[],
  judge: string,
): { readonly reliability: JudgeReliability; readonly evaluation: JudgeEvaluation } | null {
  const own = evaluations.filter(({ modelId, modelName }) => judge === modelId || judge === modelName);
  const evaluation = own.find(({ pairs }) => pairs === 'answers') ?? own[0];
  return evaluation === undefined ? null : { reliability: judgeReliability(evaluation.results), evaluation };
}
