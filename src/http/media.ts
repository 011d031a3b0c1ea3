import type { ContentPart, MediaSource } from '../chat/content.ts';
import { imageTypeOf } from '../fetch/media-type.ts';
import { invalid } from './tool-use.ts';

/** Pictures and documents as the dialects write them. */

/** `data:` or `http(s):`, as OpenAI's fields have it. @throws NearfarError `invalid_request` naming the field */
export function sourceOfUrl(url: string, field: string): MediaSource {
  if (/^https?:\/\//i.test(url)) {
    if (!URL.canParse(url)) throw invalid(field, 'expected an address');
    return { kind: 'url', url };
  }
  const comma = url.indexOf(',');
  const head = /^data:([a-z]+\/[a-z0-9.+-]+)(?:;[^;,]*)*;base64$/i.exec(url.slice(0, Math.max(0, comma)));
  const mediaType = head?.[1]?.toLowerCase();
  if (mediaType === undefined) throw invalid(field, 'expected an http address, or data: with base64');
  return { kind: 'data', mediaType, base64: checkedBase64(url.slice(comma + 1), field) };
}

/** The same without a change, for protocols that have a place for nothing else. */
export function checkedBase64(text: string, field: string): string {
  const isBase64 = text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  if (!isBase64) throw invalid(field, 'expected base64');
  return text;
}

/** A picture of which nothing is known but its bytes. @throws NearfarError `invalid_request` naming the field */
export function imageOfBase64(text: string, field: string): ContentPart {
  const base64 = checkedBase64(text, field);
  const mediaType = imageTypeOf(Buffer.from(base64.slice(0, 32), 'base64'));
  if (mediaType === null) throw invalid(field, 'expected a PNG, JPEG, GIF or WebP');
  return { type: 'image', source: { kind: 'data', mediaType, base64 }, field };
}
