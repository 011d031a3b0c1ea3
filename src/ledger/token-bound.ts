import { byteLength } from './byte-length.ts';
import { pdfBound } from './pdf-bound.ts';

/** The most that one image costs at any provider whose rule is published, with room: they scale larger ones down. */
const imageTokenCount = 20_000;

/**
 * Pure: the most tokens that a prompt can have, as providers count it; Infinity where it names something that is fetched
 * elsewhere. Tokens of today's models are at least one byte long, so no text has more tokens than bytes; what chat templates
 * put around a message is less than the JSON around it here. Images are counted by themselves, not by their bytes, and PDFs by what
 * is packed in them and by their pages; Infinity also for one that cannot be unpacked here.
 * @param prompt JSON of any dialect
 */
export function tokenBound(prompt: unknown): number {
  if (typeof prompt === 'string') {
    const length = byteLength(prompt) + 2;
    return packedPdf.test(prompt) ? Math.max(length, pdfTokenBound(prompt)) : length;
  }
  if (typeof prompt !== 'object' || prompt === null) return String(prompt).length + 1;
  if (Array.isArray(prompt)) return prompt.reduce<number>((sum, item) => sum + tokenBound(item) + 1, 2);
  const { type } = prompt as { readonly type?: unknown };
  if (typeof type === 'string' && /^(input_)?image(_url)?$/.test(type)) return imageTokenCount;
  if (isElsewhere(prompt)) return Infinity;
  let sum = 2;
  for (const [name, value] of Object.entries(prompt)) {
    // Ollama's list of images stands beside the text of a message.
    const isImages = name === 'images' && Array.isArray(value);
    sum += name.length + 4 + (isImages ? value.length * imageTokenCount : tokenBound(value));
  }
  return sum;
}

/** Base64 of what begins as a PDF does, by itself or as an address of data. */
const packedPdf = /^(data:[^,]{0,200};base64,)?JVBERi0/;

function pdfTokenBound(text: string): number {
  const bound = pdfBound(Buffer.from(text.slice(text.indexOf(',') + 1), 'base64'));
  // Providers read the text of each page, and most look at it too.
  return bound === null ? Infinity : bound.byteCount + bound.pageCount * imageTokenCount;
}

/** What the provider keeps or fetches: a file, an earlier answer, an address. A schema that describes such a field is none. */
function isElsewhere(fields: object): boolean {
  const value = fields as Readonly<Record<string, unknown>>;
  return (
    ['file_id', 'file_url', 'previous_response_id', 'conversation'].some(
      (name) => typeof value[name] === 'string',
    ) ||
    // Of Anthropic's sources, and of this program's own.
    ((value['type'] === 'url' || value['kind'] === 'url') && typeof value['url'] === 'string')
  );
}

/** What providers add of their own, e.g. the text that tells of tools. */
export const addedTokenCount = 1000;
