import type { RelayRequest } from '../upstream/relay.ts';
import type { PromptSize } from './worst-cost.ts';

/** Pure: how much a request in an upstream's own language may read and write, by the fields that bound it there. */
export function relaySize({
  body,
  text,
  operation,
}: Pick<RelayRequest, 'body' | 'text' | 'operation'>): PromptSize {
  return {
    prompt: () => body,
    promptByteCount: () => Buffer.byteLength(text),
    maxTokenCount: operation === 'embeddings' ? 0 : maxTokensOf(body),
    choiceCount: choicesOf(body),
  };
}

/** In any dialect; where several are stated the largest, for a server may obey either. */
function maxTokensOf(body: RelayRequest['body']): number | null {
  const { options } = body;
  const predicted =
    typeof options === 'object' && options !== null
      ? (options as Record<string, unknown>)['num_predict']
      : null;
  const stated = [
    body['max_completion_tokens'],
    body['max_tokens'],
    body['max_output_tokens'],
    // Ollama's negative numbers mean no bound.
    predicted,
  ].flatMap((value) => {
    const stated = numberIn(value);
    return stated === null || stated < 0 ? [] : [stated];
  });
  return stated.length === 0 ? null : Math.max(...stated);
}

function choicesOf({ n, best_of: bestOf, prompt }: RelayRequest['body']): number {
  const each = Math.max(1, numberIn(n) ?? 1, numberIn(bestOf) ?? 1);
  // Of a list of texts or of lists of tokens each is answered by itself; a list of tokens is one prompt.
  const isMany = Array.isArray(prompt) && typeof prompt[0] !== 'number';
  return each * (isMany ? Math.max(1, prompt.length) : 1);
}

/** Some servers take a number for one that stands in quotation marks. Null: none. */
function numberIn(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}
