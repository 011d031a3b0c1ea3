import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { commonOptions, UsageError, type Command, type CommandInput, type OptionValues } from './command.ts';

/**
 * Splits a command's arguments into options and words.
 * @throws UsageError naming the option at fault, with the nearest that exists
 */
export function readArguments(command: Command, args: readonly string[]): CommandInput {
  const known = { ...command.options, ...commonOptions };
  const options = Object.fromEntries(
    Object.entries(known).map(([name, option]) => [
      name,
      {
        type: option.type,
        ...(option.short === undefined ? {} : { short: option.short }),
        ...(option.multiple === undefined ? {} : { multiple: option.multiple }),
      },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    return { options: readers(values), words: positionals };
  } catch (thrown) {
    throw new UsageError(explain(thrown, Object.keys(known)));
  }
}

function readers(values: Readonly<Record<string, unknown>>): OptionValues {
  const text = (name: string) => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    text,
    list: (name) => {
      const value = values[name];
      return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    },
    flag: (name) => values[name] === true,
    number: (name, range = {}) => {
      const given = text(name);
      if (given === undefined) return undefined;
      const value = Number(given);
      const { min = -Infinity, max = Infinity } = range;
      if (given.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
        const limits =
          Number.isFinite(min) && Number.isFinite(max)
            ? ` from ${min} to ${max}`
            : Number.isFinite(min)
              ? ` of at least ${min}`
              : '';
        throw new UsageError(`--${name}: expected a number${limits}, got ${JSON.stringify(given)}`);
      }
      return value;
    },
  };
}

function explain(thrown: unknown, known: readonly string[]): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const unknown = /Unknown option '(-{1,2})([^']+)'/.exec(message);
  if (unknown === null) return (message.split('. ')[0] ?? message).replace(/\.$/, '');
  const near = nearest(unknown[2] ?? '', known);
  return `unknown option ${unknown[1] ?? ''}${unknown[2] ?? ''}${near === null ? '' : `; did you mean --${near}?`}`;
}
