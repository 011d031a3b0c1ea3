import type { EmbedInput, EmbedRequest, EmbedResult } from '../../chat/embedding.ts';
import { vectorsOf } from '../embed-reply.ts';
import type { Envelope } from '../envelope.ts';
import type { EmbeddingBody } from './embedding-schema.ts';

export function embeddingRequest(body: EmbeddingBody, envelope: Envelope): EmbedRequest {
  return {
    ...envelope,
    requestedModel: body.model,
    keepAliveSeconds: null,
    task: {
      kind: 'embed',
      inputs: embedInputs(body.input),
      truncates: false,
      dimensions: body.dimensions ?? null,
      field: 'input',
    },
  };
}

function embedInputs(input: EmbeddingBody['input']): readonly EmbedInput[] {
  const inputs = typeof input === 'string' || isTokenList(input) ? [input] : input;
  return inputs.map((one) =>
    typeof one === 'string' ? { kind: 'text', text: one } : { kind: 'tokens', tokens: one },
  );
}

function isTokenList(input: Exclude<EmbeddingBody['input'], string>): input is readonly number[] {
  return typeof input[0] === 'number';
}

export function embeddingList(result: EmbedResult, format: 'float' | 'base64'): object {
  return {
    object: 'list',
    data: vectorsOf(result).map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: format === 'base64' ? toBase64(vector) : Array.from(vector),
    })),
    model: result.model,
    usage: { prompt_tokens: result.promptTokenCount, total_tokens: result.promptTokenCount },
  };
}

/** 32-bit floats, little-endian whatever this machine is. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  vector.forEach((value, index) => bytes.writeFloatLE(value, 4 * index));
  return bytes.toString('base64');
}
