import type { NearfarError } from '../../chat/error.ts';

/** https://github.com/ollama/ollama/blob/main/docs/api.md: errors carry one text. */
export function ollamaErrorBody(error: NearfarError): { readonly error: string } {
  return { error: error.message };
}
