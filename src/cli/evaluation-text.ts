import type { Evaluation } from '../evaluate/evaluation-files.ts';
import type { TaskAccuracy } from '../evaluate/evaluate.ts';
import { taskNames } from '../route/task/task-type.ts';
import { renderTable } from './table.ts';

/** One evaluation, for people. */
export function evaluationLines(
  evaluation: Evaluation,
  {
    promptTokenCount,
    completionTokenCount,
  }: { readonly promptTokenCount: number; readonly completionTokenCount: number },
  file: string,
): readonly string[] {
  const { modelId, date, itemsVersion, isPartial, tasks } = evaluation;
  return [
    `${modelId}, measured ${date.slice(0, 10)} on ${isPartial ? 'a part of the' : 'all'} items (version ${itemsVersion})`,
    renderTable(
      ['task', 'right', 'accuracy', '95% interval'],
      tasks.map((one) => [
        taskNames[one.task],
        `${one.rightCount}/${one.count}`,
        percent(one.accuracy),
        interval(one),
      ]),
    ),
    ...(tasks.some(({ task }) => task === 'creative')
      ? ['Creative tasks: by their form only, not by whether they are good.']
      : []),
    `Tokens: ${promptTokenCount} read, ${completionTokenCount} written. Kept in ${file}.`,
  ];
}

/** All that was measured, one model a line. */
export function evaluationsLines(
  evaluations: readonly Evaluation[],
  itemsVersion: string,
): readonly string[] {
  if (evaluations.length === 0) return ['No model was evaluated yet: nearfar eval near'];
  const tasks = [...new Set(evaluations.flatMap((one) => one.tasks.map(({ task }) => task)))];
  const isOld = evaluations.some((one) => one.itemsVersion !== itemsVersion);
  return [
    renderTable(
      ['model', 'date', ...tasks],
      evaluations.map((one) => [
        one.modelId,
        `${one.date.slice(0, 10)}${one.itemsVersion === itemsVersion ? '' : ' *'}`,
        ...tasks.map((task) => {
          const found = one.tasks.find((accuracy) => accuracy.task === task);
          return found === undefined ? '-' : `${percent(found.accuracy)} (${interval(found)})`;
        }),
      ]),
    ),
    'Accuracy with its 95% interval: where the intervals of two models lie apart, one is better at that task.',
    ...(isOld ? ['* measured on other items: not to be compared.'] : []),
  ];
}

function percent(value: number): string {
  return `${Math.round(value * 100)}%`;
}

function interval({ interval: [low, high] }: TaskAccuracy): string {
  return `${Math.round(low * 100)}-${Math.round(high * 100)}%`;
}
