/** Who asks: one of the gateway's keys. */
export interface ProofCaller {
  readonly headers: Readonly<Record<string, string>>;
  /** Nothing of it may leave, whatever it says. */
  readonly isLocalOnly: boolean;
  /** What detectors find may leave. */
  readonly isExcepted: boolean;
}

/** The owner of the machine, or a key without bounds. */
export const plainCaller: ProofCaller = { headers: {}, isLocalOnly: false, isExcepted: false };
