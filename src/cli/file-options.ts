import type { Batching } from '../engine/offline-mode.ts';
import { UsageError, type CommandInput, type CommandOption } from './command.ts';

/** What `run --file` takes beside the options of a single answer. */
export const fileOptionFlags: Readonly<Record<string, CommandOption>> = {
  file: {
    type: 'string',
    short: 'f',
    placeholder: 'FILE',
    description: 'Answer each line of FILE; - = input',
  },
  out: { type: 'string', short: 'o', placeholder: 'FILE', description: 'Where the rows go; - = output' },
  batching: {
    type: 'string',
    placeholder: 'MODE',
    description: 'static: in groups; continuous: each as a place comes free (continuous)',
  },
  'batch-size': { type: 'string', placeholder: 'N', description: 'Answers computed at once, 1-128 (32)' },
  'redo-changed': {
    type: 'boolean',
    description: 'Answer again what changed since, drop rows of ids that are gone',
  },
  restart: { type: 'boolean', description: 'Throw away what --out holds and begin anew' },
};

export interface FileOptions {
  readonly file: string;
  readonly out: string;
  readonly batching: Batching;
  readonly batchSize: number;
  readonly redoChanged: boolean;
  readonly restart: boolean;
}

const stdio = '-';

/** `null` where there is no --file. @throws UsageError */
export function readFileOptions({ options, words }: CommandInput): FileOptions | null {
  const file = options.text('file');
  if (file === undefined) {
    const alone = Object.keys(fileOptionFlags).find(
      (name) => options.text(name) !== undefined || options.flag(name),
    );
    if (alone !== undefined) throw new UsageError(`--${alone} goes with --file`);
    return null;
  }
  if (words.length > 0) throw new UsageError('expected --file or a prompt in words, not both');
  const out = options.text('out');
  if (out === undefined) throw new UsageError('--out: expected where the answers go; - is standard output');
  const restart = options.flag('restart');
  const redoChanged = options.flag('redo-changed');
  if (restart && redoChanged) throw new UsageError('expected --restart or --redo-changed, not both');
  if (out === stdio && (restart || redoChanged))
    throw new UsageError('--restart and --redo-changed go with a file as --out');
  if (out === stdio && options.flag('json'))
    throw new UsageError('--json prints a summary where --out - prints the answers; expected one of them');
  return {
    file,
    out,
    batching: readBatching(options.text('batching')),
    batchSize: readBatchSize(options.number('batch-size', { min: 1, max: 128 })),
    redoChanged,
    restart,
  };
}

function readBatching(text: string | undefined): Batching {
  if (text === undefined || text === 'continuous') return 'continuous';
  if (text === 'static') return text;
  throw new UsageError(`--batching: expected static or continuous, got ${JSON.stringify(text)}`);
}

function readBatchSize(count: number | undefined): number {
  if (count === undefined) return 32;
  if (Number.isInteger(count)) return count;
  throw new UsageError(`--batch-size: expected a whole number, got ${count}`);
}
