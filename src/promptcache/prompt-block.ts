/** A part of a prompt that ends where a provider lets a prefix end. */
export interface PromptBlock {
  readonly place: 'tools' | 'system' | 'message';
  /** Where it stands in the body; leads to an object, or to a text that could be written as one. */
  readonly path: readonly (string | number)[];
  /** What it says, without marks; equal for contents that a provider reads alike. */
  readonly text: string;
  /** Estimated; see `estimatedTokenCount`. */
  readonly tokenCount: number;
  /** False: the provider takes no mark there. */
  readonly isMarkable: boolean;
  /** Who says it, where it stands in the messages; results of tools are the user's. Null elsewhere, and where neither does. */
  readonly speaker: 'user' | 'assistant' | null;
  /** Neighbours of the same run count as one position where a provider looks back for what it holds. */
  readonly run: 'call' | 'result' | null;
}

/** A prompt as far as prefixes are concerned. */
export interface PromptBlocks {
  readonly blocks: readonly PromptBlock[];
  /** Settings that are part of the prefix before the messages though they stand elsewhere in the body. */
  readonly messageSettings: string;
  /** The client placed marks of its own. */
  readonly hasMarks: boolean;
}

/** Bytes of UTF-8 in a token: for want of the provider's tokenizer an estimate, corrected by what it reports later. */
export const bytesPerToken = 4;
/** An image has at most so many tokens at Anthropic: https://platform.claude.com/docs/en/build-with-claude/vision */
const imageTokenCount = 1600;
/** Base64 of a page is long, its text short. */
const documentBytesPerToken = 40;

/** Pure: tokens of a text, where no tokenizer is at hand. */
export function estimatedTokenCount(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

/** Pure: tokens of a content block by its type. */
export function blockTokenCount(type: unknown, text: string): number {
  if (type === 'image' || type === 'image_url' || type === 'input_image') {
    return Math.min(imageTokenCount, estimatedTokenCount(text));
  }
  if (type === 'document' || type === 'file' || type === 'input_file') {
    return Math.ceil(text.length / documentBytesPerToken);
  }
  return estimatedTokenCount(text);
}

type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
