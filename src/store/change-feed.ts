/** Tells one process that another may have changed what is shared, so that what is in memory must be looked at again. */
export interface ChangeFeed {
  /** Whether anything may have changed since this was last asked. Costs microseconds. */
  hasChanged(): boolean;
  /** Says to all processes on the same store that something has changed. */
  announce(): Promise<void>;
}
