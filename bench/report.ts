import { isMet, type BenchmarkResult, type Row, type Target } from './benchmark.ts';
import type { Machine } from './machine.ts';
import { rounded } from './stats.ts';

/** Everything that a figure needs beside itself to be judged or repeated. */
export interface Conditions {
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly model: string;
  readonly threadCount: number;
  readonly peer: string | null;
  /** The CPU kernels of our side where they are not the shipped ones. */
  readonly kernels: string | null;
  readonly machine: Machine;
}

/** The JSON of `--json`: the keys at the top. */
export function jsonReport(name: string, result: BenchmarkResult, conditions: Conditions): object {
  return {
    benchmark: name,
    ...result.figures,
    targets: result.targets.map((target) => ({
      ...target,
      value: rounded(target.value),
      met: isMet(target),
    })),
    measurements: result.rows.map((row) => ({ label: row.label, ...row.cells })),
    notes: result.notes,
    conditions,
  };
}

export function markdownReport(name: string, result: BenchmarkResult, conditions: Conditions): string {
  const { machine } = conditions;
  const lines = [
    `## ${name}`,
    '',
    ...result.targets.map(targetLine),
    ...otherFigures(result),
    '',
    ...table(result.rows),
    '',
    ...result.notes.map((note) => `- ${note}`),
    `- Measured ${conditions.date} with \`${conditions.command}\` on ${machine.cpu}, ${machine.coreCount} cores, ` +
      `${machine.memoryGiB} GiB, ${machine.system}; load before ${machine.loadBefore}; Node ${machine.node}; ` +
      `nearfar ${machine.nearfar} over ${machine.library}` +
      (conditions.kernels === null ? '' : `, ${conditions.kernels}`) +
      (conditions.peer === null ? '' : `; peer ${conditions.peer}`) +
      `; model ${conditions.model}, ${conditions.threadCount} threads on every side.`,
    '',
  ];
  return lines.join('\n');
}

/** Plain figures that no target is set for. */
function otherFigures(result: BenchmarkResult): string[] {
  return Object.entries(result.figures).flatMap(([key, value]) =>
    typeof value === 'number' && !result.targets.some((target) => target.key === key)
      ? [`- \`${key}\`: ${value}`]
      : [],
  );
}

function targetLine(target: Target): string {
  const bound =
    target.atLeast === undefined ? `at most ${target.atMost ?? '?'}` : `at least ${target.atLeast}`;
  return `- \`${target.key}\`: **${rounded(target.value)}** (target: ${bound}; ${isMet(target) ? 'met' : 'missed'})`;
}

function table(rows: readonly Row[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.cells)))];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(['', ...columns]),
    line(['---', ...columns.map(() => '---:')]),
    ...rows.map((row) => line([row.label, ...columns.map((column) => String(row.cells[column] ?? ''))])),
  ];
}

/** Replaces the section of `name`, or appends it; every other section stays as it is. */
export function withSection(document: string, name: string, section: string): string {
  const parts = document.split(/^(?=## )/m);
  const found = parts.findIndex((part) => part.startsWith(`## ${name}\n`));
  if (found === -1) return `${document.trimEnd()}\n\n${section.trimEnd()}\n`;
  const replaced = parts.with(found, `${section.trimEnd()}\n\n`);
  return `${replaced.join('').trimEnd()}\n`;
}
