/** What is known of the device and the page at one moment. Null: this browser does not tell. */
export interface EnvironmentFacts {
  /** `navigator.onLine`: false is certain, true is a hope. */
  readonly isOnline: boolean;
  /** The tab is in the background, where browsers throttle timers and the GPU. */
  readonly isHidden: boolean;
  readonly battery: { readonly level: number; readonly isCharging: boolean } | null;
  /** The user asked for less data (`navigator.connection.saveData`). */
  readonly savesData: boolean;
  /** In bytes, as the browser's estimate has it. */
  readonly storage: { readonly usedBytes: number; readonly quotaBytes: number } | null;
  /** By backend: mean speed of the answers of this device, measured. Absent: it has answered nothing yet. */
  readonly speeds: ReadonlyMap<string, MeasuredSpeed>;
}

export interface MeasuredSpeed {
  /** Milliseconds from the call to the first token. */
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  /** Over how many answers. */
  readonly count: number;
}

/** Reads the facts anew at each request. Tests hand in their own. */
export interface Environment {
  read(): Promise<EnvironmentFacts>;
  /** Tells of changes that a status shows (online, hidden, battery). @returns what ends it */
  watch(listener: () => void): () => void;
}
