import { statSync } from 'node:fs';
import process from 'node:process';
import type { Inspection } from '../models/inspect/inspection.ts';
import { jsonOption, UsageError, type Command } from './command.ts';
import { formatBytes } from './progress.ts';
import { renderTable } from './table.ts';

export const inspect: Command = {
  name: 'inspect',
  usage: '[--json] FILE',
  description: [
    'Says what a model file holds: architecture, parameters, types and sizes, from its headers alone. Reads GGUF, safetensors,',
    'ONNX, LiteRT (.tflite), ExecuTorch (.pte) and Core ML packages (.mlpackage).',
  ].join('\n'),
  options: jsonOption,
  examples: ['nearfar inspect model.gguf', 'nearfar inspect --json model.safetensors'],
  run: async (input) => {
    const [file, ...more] = input.words;
    if (file === undefined || more.length > 0) throw new UsageError('expected one file');
    const { inspectFile } = await import('../models/inspect/inspect-file.ts');
    const inspection = await inspectFile(file);
    const stats = statSync(file);
    const fileBytes = stats.isDirectory() ? null : stats.size;
    const shown = input.options.flag('json')
      ? JSON.stringify({ file, fileBytes, ...inspection }, null, 2)
      : renderInspection(file, fileBytes, inspection);
    process.stdout.write(`${shown}\n`);
    return 0;
  },
};

/** The text that people read. */
export function renderInspection(file: string, fileBytes: number | null, inspection: Inspection): string {
  const { kind, architecture, name, producer, version, parameterCount, types, details } = inspection;
  const head = [kind, version, architecture, name].filter((part) => part !== null && part !== '').join(', ');
  const rows = types.map(({ type, tensorCount, elementCount, bytes }) => [
    type,
    String(tensorCount),
    String(elementCount),
    bytes === null ? '?' : formatBytes(bytes),
  ]);
  return [
    `${file}: ${head}`,
    `${parameterCount} parameters${fileBytes === null ? '' : `, ${formatBytes(fileBytes)}`}${producer === null ? '' : `, written by ${producer}`}`,
    ...(rows.length === 0 ? [] : ['', renderTable(['TYPE', 'TENSORS', 'WEIGHTS', 'BYTES'], rows)]),
    '',
    ...Object.entries(details).map(
      ([key, value]) => `${key}: ${typeof value === 'object' ? value.join(', ') : String(value)}`,
    ),
  ]
    .join('\n')
    .trimEnd();
}
