/** Where readers of calls put what they find. */
export interface CallSink {
  /** True for the name of a tool of this request, while one may still be called. */
  knows(name: string): boolean;
  /** Begins a call; the last one must be whole. */
  begin(name: string): void;
  /** The next piece of the arguments' JSON text. */
  argue(text: string): void;
  /** The call is whole. */
  complete(): void;
}

/** The arguments of a call that was written without any. */
export const noArguments = '{}';
