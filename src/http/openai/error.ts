import type { ErrorKind, NearfarError } from '../../chat/error.ts';

export interface OpenaiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

const codes: Readonly<Partial<Record<ErrorKind, string>>> = {
  unsupported: 'unsupported_parameter',
  context_overflow: 'context_length_exceeded',
  unauthorized: 'invalid_api_key',
  // What OpenAI itself says of an account without money.
  budget_exhausted: 'insufficient_quota',
  model_not_found: 'model_not_found',
  queue_full: 'queue_full',
  rate_limited: 'rate_limit_exceeded',
  model_crashed: 'model_crashed',
  upstream_failed: 'upstream_failed',
  unavailable: 'unavailable',
  timeout: 'timeout',
  aborted: 'aborted',
};

/** https://platform.openai.com/docs/guides/error-codes */
export function openaiErrorBody(error: NearfarError): OpenaiErrorBody {
  return {
    error: {
      message: error.message,
      type: typeOfStatus(error.status),
      param: error.field ?? null,
      code: codes[error.kind] ?? null,
    },
  };
}

function typeOfStatus(status: number): string {
  if (status === 402) return 'insufficient_quota';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
