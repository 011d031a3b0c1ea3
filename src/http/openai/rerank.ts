import type { EmbedRequest, EmbedResult } from '../../chat/embedding.ts';
import { scoresOf } from '../embed-reply.ts';
import type { Envelope } from '../envelope.ts';
import type { RerankBody } from './rerank-schema.ts';

export function rerankRequest(body: RerankBody, envelope: Envelope): EmbedRequest {
  return {
    ...envelope,
    requestedModel: body.model,
    keepAliveSeconds: null,
    task: { kind: 'rank', query: body.query, documents: body.documents.map(textOf) },
  };
}

function textOf(document: RerankBody['documents'][number]): string {
  return typeof document === 'string' ? document : document.text;
}

/** The best documents first; those with the same score stay in the order in which they came. */
export function rerankAnswer(result: EmbedResult, body: RerankBody, id: string): object {
  const ranked = scoresOf(result)
    .map((score, index) => ({ index, score }))
    .sort((one, other) => other.score - one.score || one.index - other.index)
    .slice(0, body.top_n ?? undefined);
  return {
    id,
    model: result.model,
    scoring: result.pooling === 'rank' ? 'rank' : 'cosine',
    results: ranked.map(({ index, score }) => {
      const document = body.documents[index];
      return {
        index,
        relevance_score: score,
        ...(body.return_documents === true && document !== undefined
          ? { document: { text: textOf(document) } }
          : {}),
      };
    }),
    usage: { prompt_tokens: result.promptTokenCount, total_tokens: result.promptTokenCount },
  };
}
