/** One verb of the command line. Each lives in a file of its own, loaded only when it is asked for. */
export interface Command {
  readonly name: string;
  /** What follows the name in the usage line, e.g. `[options] REF`. */
  readonly usage: string;
  /** A few lines under the usage line. */
  readonly description: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly examples: readonly string[];
  /** Returns the exit code: 0 done, 1 failed, 2 used wrongly. */
  readonly run: (input: CommandInput) => Promise<number>;
}

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** How the value is called in the help, e.g. `N`. */
  readonly placeholder?: string;
  readonly description: string;
}

export interface CommandInput {
  readonly options: OptionValues;
  readonly words: readonly string[];
}

/** What parseArgs found, with readers that say which option was wrong. */
export interface OptionValues {
  readonly text: (name: string) => string | undefined;
  readonly list: (name: string) => readonly string[];
  readonly flag: (name: string) => boolean;
  /** @throws UsageError where the text is no number in the range */
  readonly number: (
    name: string,
    range?: { readonly min?: number; readonly max?: number },
  ) => number | undefined;
}

/** The command was used wrongly; shown with the usage line, exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Options that every command takes. */
export const commonOptions: Readonly<Record<string, CommandOption>> = {
  home: { type: 'string', placeholder: 'DIR', description: 'Where nearfar keeps everything (NEARFAR_HOME)' },
  config: { type: 'string', placeholder: 'FILE', description: 'Settings file to use (NEARFAR_CONFIG)' },
  set: {
    type: 'string',
    multiple: true,
    placeholder: 'NAME=VALUE',
    description: 'Any setting, e.g. --set engine.parallelCount=8',
  },
  help: { type: 'boolean', short: 'h', description: 'Show this help' },
};

export const jsonOption: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', description: 'Print JSON instead of text' },
};
