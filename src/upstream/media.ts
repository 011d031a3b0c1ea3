import { mediaOf, type ContentPart, type MediaSource } from '../chat/content.ts';
import { notCarried } from './not-carried.ts';

/** As OpenAI's fields have it: an address, or `data:` with base64. */
export function urlOf(source: MediaSource): string {
  return source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.base64}`;
}

/** @throws NearfarError `unsupported` naming the first part that is no text */
export function refuseMedia(parts: readonly ContentPart[] | undefined, why: string): void {
  const [part] = mediaOf([{ parts: parts ?? [] }]);
  if (part !== undefined) throw notCarried(part.field, why);
}
