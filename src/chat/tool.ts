/** A function that the client offers and runs itself; the model may only ask for it. */
export interface Tool {
  /** 1 to 128 of `a-z A-Z 0-9 _ -` and, for servers that group their tools, `. / :`. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object schema; `{ type: 'object', properties: {} }` where there are none. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Where the schema stands in the client's request, for errors. */
  readonly field: string;
}

/** Whether the model calls: as it likes, surely (some tool), or surely this one. "None" is no tools at all. */
export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'required' }
  | { readonly kind: 'named'; readonly name: string };

/** The tools of one request; at least one. */
export interface ToolUse {
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  /** False: at most one call in an answer. */
  readonly allowsParallel: boolean;
}

/** A call as it stands in a conversation. */
export interface ToolCall {
  /** Chosen by whoever made the call; a result names it. */
  readonly id: string;
  readonly name: string;
  /** JSON text of an object, as the model wrote it. */
  readonly arguments: string;
}
