import { isObject, type JsonObject, type LineForm, type PromptLine } from './prompt-line.ts';

/** What came back for one line. */
export interface Outcome {
  readonly status: number;
  readonly requestId: string;
  /** Set where it had to stay inside. */
  readonly privacy?: string;
  /** OpenAI's answer, or its error object. */
  readonly body: JsonObject;
}

/** A row of the output as a later run reads it. */
export interface KnownRow {
  readonly id: string | number;
  readonly digest: string;
  readonly isAnswer: boolean;
}

const rowIdStart = 'batch_req_';

/**
 * The line of the output, with its line feed. Plain: {"id","answer",...} or {"id","error"}; OpenAI's form has `response`
 * and `error` as its batches do. Both carry the digest of the request, so that a later run knows what was answered.
 */
export function answerRow(line: PromptLine, outcome: Outcome, digest: string): string {
  const row = line.form === 'openai' ? openaiRow(line, outcome, digest) : plainRow(line, outcome, digest);
  return `${JSON.stringify(row)}\n`;
}

/** https://platform.openai.com/docs/api-reference/batch/request-output: `error` is for what has no HTTP status. */
function openaiRow({ id }: PromptLine, outcome: Outcome, digest: string): JsonObject {
  const { status, requestId, body } = outcome;
  const response = { status_code: status, request_id: requestId, body, ...labelOf(outcome) };
  return { id: rowIdStart + digest, custom_id: id, response, error: null };
}

function labelOf({ privacy }: Outcome): { privacy?: string } {
  return privacy === undefined ? {} : { privacy };
}

function plainRow({ id }: PromptLine, outcome: Outcome, digest: string): JsonObject {
  const { status, body } = outcome;
  if (status !== 200) return { id, error: body['error'] ?? body, request: digest };
  const [choice] = Array.isArray(body['choices']) ? (body['choices'] as readonly unknown[]) : [];
  const { message, finish_reason: finishReason } = isObject(choice) ? choice : {};
  const { content, reasoning_content: reasoning, tool_calls: calls } = isObject(message) ? message : {};
  return {
    id,
    answer: content ?? null,
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(calls === undefined ? {} : { tool_calls: calls }),
    finish_reason: finishReason,
    model: body['model'],
    usage: body['usage'],
    ...labelOf(outcome),
    request: digest,
  };
}

/** `null`: no row of this form. */
export function readRow(text: string | null, form: LineForm): KnownRow | null {
  let row: unknown;
  try {
    row = text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(row)) return null;
  return form === 'openai' ? readOpenaiRow(row) : readPlainRow(row);
}

function readOpenaiRow({ id: rowId, custom_id: id, response, error }: JsonObject): KnownRow | null {
  if (typeof id !== 'string' || typeof rowId !== 'string' || !rowId.startsWith(rowIdStart)) return null;
  const isAnswer = isObject(response) && response['status_code'] === 200 && (error ?? null) === null;
  return { id, digest: rowId.slice(rowIdStart.length), isAnswer };
}

function readPlainRow({ id, request, answer, error }: JsonObject): KnownRow | null {
  if ((typeof id !== 'string' && typeof id !== 'number') || typeof request !== 'string') return null;
  return { id, digest: request, isAnswer: answer !== undefined && error === undefined };
}
