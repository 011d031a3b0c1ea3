/** How a family's calls are written, where a grammar holds and where earlier calls are told: one way of those that are read. */
export interface Writing {
  /** What stands before a call's arguments, and behind them. */
  readonly before: (name: string) => string;
  readonly after: string;
  /** Between calls; null: one call at most. */
  readonly separator: string | null;
  /** Around all calls. */
  readonly open: string;
  readonly close: string;
  /** What shows that calls begin, anywhere. */
  readonly triggers: readonly string[];
  /** And what shows it at the beginning of the answer only. */
  readonly openers: readonly string[];
  /** A control token that may stand before it all, where the model has it. */
  readonly mark: string | null;
  /** What stands from a trigger on, one of them, where it is not `before`. */
  readonly behindTrigger?: (name: string) => readonly string[];
}

/** Calls as a list of objects. */
export const listed: Omit<Writing, 'open' | 'close' | 'triggers'> = {
  before: (name) => `{"name": ${JSON.stringify(name)}, "arguments": `,
  after: '}',
  separator: ', ',
  openers: [],
  mark: null,
};
