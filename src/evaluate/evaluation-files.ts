import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { taskTypes } from '../route/task/task-type.ts';
import type { ItemResult, TaskAccuracy } from './evaluate.ts';
import { parsedOrNull, unfinishedResults, type UnfinishedResults } from './unfinished-results.ts';

/** What was measured of a model, once. */
export interface Evaluation {
  readonly modelId: string;
  /** ISO 8601, when it ended. */
  readonly date: string;
  readonly nearfarVersion: string;
  /** Of the items: evaluations of other versions cannot be compared with it. */
  readonly itemsVersion: string;
  /** Fewer than all items were asked. */
  readonly isPartial: boolean;
  /** Those that this run measured, and those that an earlier one did over the same items. */
  readonly tasks: readonly MeasuredTask[];
}

export interface MeasuredTask extends TaskAccuracy {
  /** ISO 8601, when it was measured. */
  readonly date: string;
}

const task = z.enum(taskTypes).exclude(['other']);
const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const evaluationSchema = z.object({
  modelId: z.string().min(1),
  date: z.iso.datetime(),
  nearfarVersion: z.string(),
  itemsVersion: z.string(),
  isPartial: z.boolean(),
  tasks: z.array(
    z.object({
      task,
      rightCount: count,
      count,
      accuracy: share,
      interval: z.tuple([share, share]),
      date: z.iso.datetime(),
    }),
  ),
});
const resultSchema = z.object({
  id: z.string(),
  task,
  isRight: z.boolean(),
  answer: z.string(),
  promptTokenCount: count,
  completionTokenCount: count,
  ms: z.number().nonnegative(),
});

function folderOf(home: string): string {
  return path.join(home, 'evaluations');
}

/** Ids have slashes and colons. */
function fileName(modelId: string): string {
  return encodeURIComponent(modelId).slice(0, 180);
}

/** The newest evaluation of each model, newest first; files that are none are passed over. */
export async function readEvaluations(home: string): Promise<readonly Evaluation[]> {
  const folder = folderOf(home);
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name): Promise<readonly Evaluation[]> => {
        const parsed = evaluationSchema.safeParse(
          await readFile(path.join(folder, name), 'utf8').then(parsedOrNull),
        );
        return parsed.success ? [parsed.data] : [];
      }),
  );
  return found.flat().toSorted((a, b) => (a.date < b.date ? 1 : -1));
}

/** Replaces the one before it of the same model; tasks that only that one measured, over the same items, are taken over. */
export async function keepEvaluation(
  home: string,
  measured: Evaluation,
): Promise<{ readonly file: string; readonly evaluation: Evaluation }> {
  const { modelId, itemsVersion } = measured;
  const earlier = (await readEvaluations(home)).find(
    (one) => one.modelId === modelId && one.itemsVersion === itemsVersion,
  );
  const others = (earlier?.tasks ?? []).filter((one) =>
    measured.tasks.every(({ task }) => task !== one.task),
  );
  const evaluation = { ...measured, tasks: [...measured.tasks, ...others] };
  const file = path.join(folderOf(home), `${fileName(modelId)}.json`);
  await mkdir(folderOf(home), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(evaluation, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return { file, evaluation };
}

/** @param itemsVersion a run over other items begins anew */
export function unfinishedRun(
  home: string,
  modelId: string,
  itemsVersion: string,
): UnfinishedResults<ItemResult> {
  const name = `${fileName(modelId)}.${itemsVersion}.unfinished.jsonl`;
  return unfinishedResults(path.join(folderOf(home), name), resultSchema);
}
