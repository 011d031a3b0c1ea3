import { messageContent, type ContentPart } from '../../chat/content.ts';
import { checkedBase64, sourceOfUrl } from '../media.ts';
import { invalid } from '../tool-use.ts';
import type { UserContent } from './chat-schema.ts';

/** @throws NearfarError `invalid_request` for a part whose data cannot be read */
export function userContent(content: UserContent, field: string): ReturnType<typeof messageContent> {
  if (typeof content === 'string') return { content };
  return messageContent(content.map((part, index) => partOf(part, `${field}[${index}]`)));
}

function partOf(part: Exclude<UserContent, string>[number], field: string): ContentPart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image_url': {
      const { url, detail } = part.image_url;
      const source = sourceOfUrl(url, `${field}.image_url.url`);
      return { type: 'image', source, ...(typeof detail === 'string' ? { detail } : {}), field };
    }
    case 'input_audio': {
      const { data, format } = part.input_audio;
      return { type: 'audio', format, base64: checkedBase64(data, `${field}.input_audio.data`), field };
    }
    case 'file': {
      const { file_data: data, filename: name } = part.file;
      if (typeof data !== 'string') throw invalid(`${field}.file.file_data`, 'expected string');
      const source = sourceOfUrl(data, `${field}.file.file_data`);
      if (source.kind === 'url') throw invalid(`${field}.file.file_data`, 'expected data: with base64');
      return { type: 'file', source, ...(typeof name === 'string' ? { name } : {}), field };
    }
  }
}
