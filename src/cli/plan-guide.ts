import process from 'node:process';
import { catalogueDate } from '../plan/catalogue/evidence.ts';
import { guideCounts, judgeGuide } from '../plan/guide/rows.ts';
import type { CommandInput } from './command.ts';

/** `nearfar plan guide`: each claim of the guide's tables, and what is computed for it today. */
export function planGuide({ options }: CommandInput): number {
  const rows = judgeGuide();
  const counts = guideCounts(rows);
  if (options.flag('json')) {
    process.stdout.write(`${JSON.stringify({ date: catalogueDate, counts, rows }, null, 2)}\n`);
    return 0;
  }
  const lines: string[] = [
    `The guide's tables beside what the planner computes, by its tables of ${catalogueDate}. All figures are estimated.`,
  ];
  let table = '';
  for (const row of rows) {
    if (row.table !== table) {
      ({ table } = row);
      const count = counts.find((one) => one.table === table);
      lines.push('', `${table}: ${count?.agreeCount ?? 0} of ${count?.rowCount ?? 0} agree`);
    }
    lines.push(
      `  ${row.verdict === 'agree' ? 'agrees ' : 'differs'}  ${row.row}: ${row.claim}`,
      `           computed: ${row.computed}`,
      `           from: ${row.inputs}`,
      `           ${row.verdict === 'agree' ? 'note' : 'why'}: ${row.today}`,
    );
  }
  const agreeCount = rows.filter(({ verdict }) => verdict === 'agree').length;
  lines.push('', `${rows.length} rows: ${agreeCount} agree, ${rows.length - agreeCount} differ.`);
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}
