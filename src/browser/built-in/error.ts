import { NearfarError } from '../../chat/error.ts';
import { errorName } from './language-model.ts';

/** A failure of the browser's own APIs, by the names that their drafts give. */
export function builtInError(thrown: unknown): NearfarError {
  if (thrown instanceof NearfarError) return thrown;
  const cause = { cause: thrown };
  switch (errorName(thrown)) {
    case 'AbortError':
      return new NearfarError('aborted', 'The request was aborted.', cause);
    case 'QuotaExceededError': {
      const { requested, quota } = thrown as { readonly requested?: number; readonly quota?: number };
      const counts =
        requested === undefined || quota === undefined
          ? 'more than it takes'
          : `${String(requested)} tokens, and ${String(quota)} are left`;
      return new NearfarError(
        'context_overflow',
        `The prompt is too long for the browser’s model: ${counts}.`,
        cause,
      );
    }
    case 'NotSupportedError':
      return new NearfarError(
        'unsupported',
        'The browser’s model does not support what was asked for.',
        cause,
      );
    case 'NotAllowedError':
      return new NearfarError(
        'unavailable',
        'The browser does not let this page use its model now: a download must begin at a click, or a policy forbids it.',
        { ...cause, retryable: false },
      );
    case 'SyntaxError':
      return new NearfarError(
        'upstream_failed',
        'The browser’s model did not keep to the form that was asked for.',
        cause,
      );
    case 'NetworkError':
      return new NearfarError('unavailable', 'The browser could not download its model.', cause);
    default:
      return new NearfarError('model_crashed', 'The browser’s model failed.', { ...cause, retryable: true });
  }
}
