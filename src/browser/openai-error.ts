import { toNearfarError } from '../chat/error.ts';
import { openaiErrorBody } from '../http/openai/error.ts';

/** Has the fields of the `openai` package's `APIError`; `instanceof` of that package's own class is false. */
export class OpenAiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  /** As the wire has it. */
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };

  constructor(thrown: unknown) {
    const known = toNearfarError(thrown);
    const { error } = openaiErrorBody(known);
    super(error.message, { cause: known });
    this.name = known.kind === 'aborted' ? 'APIUserAbortError' : 'APIError';
    this.status = known.status;
    this.type = error.type;
    this.param = error.param;
    this.code = error.code;
    this.error = error;
  }
}
