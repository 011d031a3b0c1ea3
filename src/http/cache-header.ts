import type { AnswerSource } from '../chat/part.ts';

/** Where an answer came from, for the client; nothing where a model ran for it. */
export function cacheHeader({
  source = 'model',
  similarity,
}: {
  readonly source?: AnswerSource;
  readonly similarity?: number;
}): Readonly<Record<string, string>> {
  if (source === 'model') return {};
  return {
    'x-nearfar-cache': similarity === undefined ? source : `${source}; similarity=${similarity.toFixed(3)}`,
  };
}
