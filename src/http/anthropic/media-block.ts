import type { ContentPart } from '../../chat/content.ts';
import { checkedBase64, sourceOfUrl } from '../media.ts';
import { invalid } from '../tool-use.ts';
import type { MediaBlock } from './content-schema.ts';

/** @throws NearfarError `invalid_request` for data that cannot be read */
export function mediaPart(block: MediaBlock, field: string): ContentPart {
  const source = sourceOf(block.source, `${field}.source`);
  if (block.type === 'image') return { type: 'image', source, field };
  const { title } = block;
  return { type: 'file', source, ...(typeof title === 'string' ? { name: title } : {}), field };
}

type Source = Exclude<MediaBlock['source'], { type: 'file' }>;

function sourceOf(source: MediaBlock['source'], field: string): ReturnType<typeof sourceOfUrl> {
  const { type, ...rest } = source as Source;
  if (type === 'url') {
    const { url } = rest as Extract<Source, { type: 'url' }>;
    const found = sourceOfUrl(url, `${field}.url`);
    if (found.kind === 'data') throw invalid(`${field}.url`, 'expected an http address');
    return found;
  }
  const { media_type: mediaType, data } = rest as Extract<Source, { type: 'base64' }>;
  const base64 =
    type === 'text' ? Buffer.from(data, 'utf8').toString('base64') : checkedBase64(data, `${field}.data`);
  return { kind: 'data', mediaType: mediaType.toLowerCase(), base64 };
}
