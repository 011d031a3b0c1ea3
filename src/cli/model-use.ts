import { isEmbeddingModel, statedPooling, type MetadataReader } from '../engine/llama/pooling.ts';
import { readGguf } from '../models/gguf.ts';

/** What a model file is made for, by what it says of itself. */
export type ModelUse = 'chat' | 'text' | 'vectors' | 'ranking';

/** @param path of a GGUF; what cannot be read is taken for a chat model, as most are */
export async function modelUse(path: string): Promise<ModelUse> {
  const header = await readGguf(path).catch(() => null);
  if (header === null) return 'chat';
  const read: MetadataReader = (key) => {
    const value = header.metadata.get(key);
    return value === undefined || typeof value === 'object' ? undefined : String(value);
  };
  if (isEmbeddingModel(read)) return statedPooling(read) === 'rank' ? 'ranking' : 'vectors';
  return read('tokenizer.chat_template') === undefined ? 'text' : 'chat';
}

/** Of a model that goes on with a text and has learnt no form of a conversation. */
export const noTemplateNote =
  'It states no chat template: a base model, which goes on with a text and was not made to answer. Chats are put to it as ChatML.';

/** What a person can do with a model now. */
export function useLines(id: string, use: ModelUse, command: (args: string) => string): readonly string[] {
  switch (use) {
    case 'chat':
      return [`Talk with it: ${command(`chat --model ${id}`)}`];
    case 'text':
      return [
        noTemplateNote,
        `Try it: ${command(`chat --model ${id}`)}, or /v1/completions with a raw prompt`,
      ];
    case 'vectors':
      return [
        `It makes vectors and no text: /v1/embeddings with "model": "${id}", or cache.semantic (docs/caching.md)`,
      ];
    case 'ranking':
      return [`It ranks documents and writes no text: /v1/rerank with "model": "${id}"`];
  }
}
