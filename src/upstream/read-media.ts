import type { ContentPart, MediaPart } from '../chat/content.ts';
import { mediaOf } from '../chat/content.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatRequest, Message } from '../chat/request.ts';
import { documentTypeOf, imageTypeOf } from '../fetch/media-type.ts';
import type { PublicFetch } from '../fetch/public-fetch.ts';
import type { NamedPart, WireProtocol } from './protocol.ts';

/** Most addresses of one request that are read here. */
const mostAddresses = 20;

/**
 * The request with the bytes of what its client only names, where the protocol has no place for an address.
 * @throws NearfarError `forbidden` for any address in a `local_only` request: whoever reads it tells its server of it;
 *   `invalid_request` naming the field for what cannot be read or is of another type
 */
export async function withMedia(
  request: ChatRequest,
  protocol: Pick<WireProtocol, 'needsBytes'>,
  fetchPublic: PublicFetch,
  signal: AbortSignal,
): Promise<ChatRequest> {
  const { input } = request;
  if (input.kind !== 'chat') return request;
  const named = mediaOf(input.messages).filter(isNamed);
  const [first] = named;
  if (first === undefined) return request;
  if (request.privacy !== 'open') {
    throw new NearfarError(
      'forbidden',
      `${first.field}: this request is marked local_only, and reading an address would tell others of it; send the data.`,
      { field: first.field },
    );
  }
  const needed = named.filter((part) => protocol.needsBytes?.(part) ?? true);
  if (needed.length > mostAddresses) {
    throw new NearfarError('invalid_request', `messages: more than ${mostAddresses} addresses to read.`, {
      field: 'messages',
    });
  }
  const read = new Map<ContentPart, ContentPart>();
  // One after the other, so that no client makes this machine knock at twenty doors at once.
  for (const part of needed) read.set(part, await readPart(part, fetchPublic, signal));
  if (read.size === 0) return request;
  const messages = input.messages.map((message): Message => {
    if (!('parts' in message)) return message;
    return { ...message, parts: message.parts.map((part) => read.get(part) ?? part) };
  });
  return { ...request, input: { ...input, messages } };
}

function isNamed(part: MediaPart): part is NamedPart {
  return part.type !== 'audio' && part.source.kind === 'url';
}

async function readPart(
  part: NamedPart,
  fetchPublic: PublicFetch,
  signal: AbortSignal,
): Promise<ContentPart> {
  const { bytes, declaredType } = await fetchPublic(part.source.url, part.field, signal);
  const mediaType = part.type === 'image' ? imageTypeOf(bytes) : documentTypeOf(bytes, declaredType);
  if (mediaType === null) {
    const expected = part.type === 'image' ? 'PNG, JPEG, GIF or WebP' : 'PDF or text';
    throw new NearfarError('invalid_request', `${part.field}: what the address names is no ${expected}.`, {
      field: part.field,
    });
  }
  const source = { kind: 'data' as const, mediaType, base64: Buffer.from(bytes).toString('base64') };
  return { ...part, source };
}
