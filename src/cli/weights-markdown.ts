import { basename } from 'node:path';
import { recommendationGoals, recommendFormat } from '../measure/recommend-format.ts';
import type { WeightsReport } from '../measure/weights-report.ts';

/** The table of formats for a page, with what it was measured by and what is recommended. Pure. */
export function renderWeightsMarkdown(
  report: WeightsReport,
  table: { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] },
  from: { readonly command: string; readonly base: string; readonly machine: string },
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `${basename(report.model)} against ${from.base}, measured ${report.measuredAt.slice(0, 10)} by \`${from.command}\` on ${from.machine}, ` +
      `${report.threadCount} threads; ${report.scoredTokenCount} tokens scored, in windows of ${report.windowTokenCount}:`,
    '',
    line(table.header),
    line(table.header.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...table.rows.map(line),
    '',
    ...report.failed.map(({ format, reason }) => `- ${format}: not measured. ${reason}`),
    ...recommendationGoals.flatMap((goal) => {
      const found = recommendFormat(report, goal);
      if (found === null) return [];
      const caveat = found.isWithinBounds ? '' : ' (nothing is within the bounds: this one is nearest)';
      return [`- For ${goal}: **${found.format}**${caveat}, ${found.rule}.`];
    }),
  ].join('\n');
}
