/** What a browser tells of the device and the page at one moment. Null: this browser does not tell. */
export interface DeviceFacts {
  /** `navigator.onLine`: false is certain, true is a hope. */
  readonly isOnline: boolean;
  /** The tab is in the background, where browsers throttle timers and the GPU. */
  readonly isHidden: boolean;
  /** `level` 0-1. */
  readonly battery: { readonly level: number; readonly isCharging: boolean } | null;
  /** The user asked for less data (`navigator.connection.saveData`). */
  readonly savesData: boolean;
  /** In bytes, as the browser estimates it (`navigator.storage`). */
  readonly storage: { readonly usedBytes: number; readonly quotaBytes: number } | null;
}

export interface EnvironmentFacts extends DeviceFacts {
  /** By backend: mean speed of the last answers on this page, measured by the client. Absent: it has answered nothing yet. */
  readonly speeds: ReadonlyMap<string, MeasuredSpeed>;
}

export interface MeasuredSpeed {
  /** Milliseconds from the call to the first token. */
  readonly firstTokenMs: number;
  /** Milliseconds a token after the first. */
  readonly msPerToken: number;
  /** Over how many answers. */
  readonly count: number;
}

/** Reads the facts anew at each request. Tests hand in their own. */
export interface Environment {
  /** Never throws. */
  read(): Promise<DeviceFacts>;
  /** Tells of changes that a status shows (online, hidden, battery). @returns what ends it */
  watch(listener: () => void): () => void;
}
