import { NearfarError, type ErrorKind } from '../chat/error.ts';

/** What a module threw, in this program's words. Messages of modules say what failed and hold nothing of a prompt. */
export function nativeError(thrown: unknown): NearfarError {
  if (thrown instanceof NearfarError) return thrown;
  const { code, message } = textsOf(thrown);
  const cause = { cause: thrown };
  const known = kinds.find(({ test }) => test.test(`${code} ${message}`));
  const said = message === '' ? 'it does not say why' : message.replace(/\.$/, '');
  if (known === undefined) {
    return new NearfarError('model_crashed', `The model of this device failed: ${said}.`, {
      ...cause,
      retryable: true,
    });
  }
  return new NearfarError(known.kind, `${known.words}: ${said}.`, { ...cause, retryable: known.isRetryable });
}

/**
 * By the codes and words of the modules' sources: @react-native-ai/apple 0.12.0 (AppleLLMError.swift), expo-ai-kit 0.14.0
 * (ModelErrorCode), llama.rn 0.12.
 */
const kinds: readonly {
  readonly test: RegExp;
  readonly kind: ErrorKind;
  readonly words: string;
  readonly isRetryable: boolean;
}[] = [
  {
    test: /context (window|is full|size)|CONTEXT_WINDOW_EXCEEDED|exceeds? the available context/i,
    kind: 'context_overflow',
    words: 'The prompt is too long for the model of this device',
    isRetryable: false,
  },
  {
    test: /INFERENCE_CANCELLED|DOWNLOAD_CANCELLED|CancellationError|\bcancell?ed\b/i,
    kind: 'aborted',
    words: 'The model of this device was stopped',
    isRetryable: false,
  },
  {
    test: /INFERENCE_BUSY|Context is busy/i,
    kind: 'queue_full',
    words: 'The model of this device is at another answer',
    isRetryable: true,
  },
  {
    test: /STORAGE_FULL|INFERENCE_OOM|out of memory|no space/i,
    kind: 'too_large',
    words: 'This device has no room for it',
    isRetryable: false,
  },
  {
    test: /guardrail|unsafe|sensitive content|refus/i,
    kind: 'unsupported',
    words: 'The model of this device would not answer this',
    isRetryable: false,
  },
  {
    test: /MODEL_UNAVAILABLE|UNSUPPORTED_OS|DEVICE_NOT_SUPPORTED|MODEL_NOT_(FOUND|DOWNLOADED)|DOWNLOAD_(FAILED|CORRUPT)|MODEL_LOAD_FAILED|not available|not supported|failed to load/i,
    kind: 'unavailable',
    words: 'The model of this device cannot be used',
    isRetryable: false,
  },
];

function textsOf(thrown: unknown): { readonly code: string; readonly message: string } {
  if (typeof thrown === 'string') return { code: '', message: thrown };
  if (typeof thrown !== 'object' || thrown === null) return { code: '', message: '' };
  const { code, message } = thrown as { readonly code?: unknown; readonly message?: unknown };
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
  };
}
