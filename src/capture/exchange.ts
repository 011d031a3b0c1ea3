/** One prompt and its answer, as they are kept: secrets replaced, texts whole. */
export interface CapturedExchange {
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly keyName: string | null;
  readonly tenant: string | null;
  readonly dialect: string;
  readonly operation: string;
  readonly requestedModel: string | null;
  readonly answeringModel: string | null;
  readonly upstream: string | null;
  readonly answerSource: string;
  readonly status: number;
  readonly finish: string;
  /** What was asked: messages as nearfar understood them, or the client's own body where bytes passed through. */
  readonly prompt: unknown;
  /**
   * What came back: a list of choices (in an object with `isWhole: false` where it broke off), or the upstream's own body.
   * Null where nothing did.
   */
  readonly answer: unknown;
  /** What the caller said of the answer; absent: nothing. */
  readonly comment?: string;
}

/** One choice of an answer. */
export interface CapturedChoice {
  readonly text: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}
