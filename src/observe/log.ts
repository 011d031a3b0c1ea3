import { createRedact } from './redact.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface LogSettings {
  /** The least important level that is written; `silent` writes nothing. */
  readonly level: LogLevel | 'silent';
  /**
   * `json`: one object a line, for machines. `text`: for people.
   * @default text
   */
  readonly format?: 'text' | 'json';
  /** Values that must never be shown: access keys, hub tokens. */
  readonly secrets?: Iterable<string>;
  /** @default standard error */
  readonly write?: (line: string) => void;
}

/** @param details an object's fields go beside the message; anything else, such as an error, is its `cause` */
export type WriteLog = (message: string, details?: unknown) => void;

export type Log = Readonly<Record<LogLevel, WriteLog>>;

const rank: Readonly<Record<LogLevel | 'silent', number>> = {
  silent: 0,
  error: 1,
  warn: 2,
  info: 3,
  debug: 4,
};

/** One line an event, on standard error, so that standard output stays data. Prompts and secrets stay out. */
export function createLog(settings: LogSettings): Log {
  const redact = createRedact(settings.secrets);
  const write = settings.write ?? ((line) => void process.stderr.write(line));
  const at = (level: LogLevel): WriteLog => {
    if (rank[level] > rank[settings.level]) return () => undefined;
    return (message, details) => {
      const time = new Date().toISOString();
      const clean = redact({ message, fields: fieldsOf(details) }) as {
        message: string;
        fields: Record<string, unknown>;
      };
      write(settings.format === 'json' ? jsonLine(time, level, clean) : textLine(time, level, clean));
    };
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

function fieldsOf(details: unknown): object {
  if (details === undefined) return {};
  const isPlain =
    typeof details === 'object' && details !== null && Object.getPrototypeOf(details) === Object.prototype;
  return isPlain ? details : { cause: details };
}

interface Event {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function jsonLine(time: string, level: LogLevel, { message, fields }: Event): string {
  return `${JSON.stringify({ ...fields, time, level, message })}\n`;
}

function textLine(time: string, level: LogLevel, { message, fields }: Event): string {
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value ?? null)}`);
  // A line stays a line: what comes from outside must not forge another, nor steer the terminal.
  return `${time} ${level.padEnd(5)} ${message.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')}${rest.join('')}\n`;
}
