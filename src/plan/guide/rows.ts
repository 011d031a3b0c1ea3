import { goalRows, treeRows } from './choices.ts';
import { costRows } from './cost-techniques.ts';
import { judge, type GuideRow, type JudgedRow } from './guide-row.ts';
import { landscapeRows, memoryRows, phoneRows, routingRows } from './landscape.ts';
import { approachRows, scenarioRows } from './scenarios.ts';
import { taskRows } from './suitability.ts';
import { techniqueRows } from './techniques.ts';
import { edgeRows, toolRows } from './tools.ts';

/** Every row of the guide's tables, and the claims between them that have a number, in the guide's order as far as tables go. */
export const guideRows: readonly GuideRow[] = [
  ...goalRows,
  ...techniqueRows,
  ...costRows,
  ...treeRows,
  ...landscapeRows,
  ...taskRows,
  ...routingRows,
  ...edgeRows,
  ...memoryRows,
  ...phoneRows,
  ...approachRows,
  ...toolRows,
  ...scenarioRows,
];

/** All rows with what is computed for them today. Takes a second or more: each is a search. */
export function judgeGuide(): readonly JudgedRow[] {
  return guideRows.map(judge);
}

/** Rows of each table that agree, and all. */
export function guideCounts(
  rows: readonly JudgedRow[],
): readonly { readonly table: string; readonly agreeCount: number; readonly rowCount: number }[] {
  return [...Map.groupBy(rows, ({ table }) => table)].map(([table, group]) => ({
    table,
    agreeCount: group.filter(({ verdict }) => verdict === 'agree').length,
    rowCount: group.length,
  }));
}
