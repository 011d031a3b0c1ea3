/** A line of the input, read: which request it makes and how its answer is written. */
export interface PromptLine {
  /** Counted from 1. */
  readonly lineNumber: number;
  /** As the line has it; a whole number only in plain lines. */
  readonly id: string | number;
  readonly form: LineForm;
  readonly path: RequestPath;
  /** The body of the request in OpenAI's terms. */
  readonly body: JsonObject;
}

/** `plain`: {"id","prompt"} or {"id","messages",...}. `openai`: {"custom_id","method","url","body"}. */
export type LineForm = 'plain' | 'openai';

export const requestPaths = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'] as const;
export type RequestPath = (typeof requestPaths)[number];

export type JsonObject = Readonly<Record<string, unknown>>;

/** What is wrong with a line. */
export interface LineProblem {
  readonly lineNumber: number;
  /** Path of the field, e.g. `body.messages[0].role`; `null` = the line as a whole. */
  readonly field: string | null;
  readonly message: string;
}

/** Same text for the same id, and for no other: 1 and "1" are two. */
export function keyOf(id: string | number): string {
  return JSON.stringify(id);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function problemText({ lineNumber, field, message }: LineProblem): string {
  return `line ${lineNumber}${field === null ? '' : `, ${field}`}: ${message}`;
}
