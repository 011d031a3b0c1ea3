import process from 'node:process';
import { inspect } from 'node:util';
import { NearfarError } from '../chat/error.ts';
import { SettingsError } from '../config/problem.ts';
import { UsageError, type Command } from './command.ts';

/** Says on standard error what went wrong, in words; returns the exit code. */
export function reportFailure(thrown: unknown, command: Command): number {
  if (thrown instanceof UsageError) {
    process.stderr.write(
      `nearfar ${command.name}: ${thrown.message}\n` +
        `Usage: nearfar ${command.name} ${command.usage}\n"nearfar ${command.name} --help" explains it.\n`,
    );
    return 2;
  }
  if (thrown instanceof SettingsError) {
    process.stderr.write(`The settings cannot be used:\n${thrown.message}\n`);
    return 2;
  }
  const known = thrown instanceof NearfarError;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  process.stderr.write(`nearfar ${command.name}: ${message}\n`);
  if (process.env['NEARFAR_DEBUG'] !== undefined || !known) {
    if (thrown instanceof Error && thrown.stack !== undefined) process.stderr.write(`${thrown.stack}\n`);
    if (known && thrown.cause !== undefined) process.stderr.write(`Caused by: ${inspect(thrown.cause)}\n`);
  }
  return 1;
}
