import { messageContent, type ContentPart, type MediaSource } from '../../chat/content.ts';
import { sourceOfUrl } from '../media.ts';
import { invalid } from '../tool-use.ts';
import type { InputParts } from './input-schema.ts';

/** @throws NearfarError `invalid_request` for a part whose data cannot be read */
export function inputContent(content: string | InputParts, field: string): ReturnType<typeof messageContent> {
  if (typeof content === 'string') return { content };
  return messageContent(content.map((part, index) => partOf(part, `${field}[${index}]`)));
}

function partOf(part: InputParts[number], field: string): ContentPart {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text };
    case 'input_image': {
      const { image_url: url, detail } = part;
      if (typeof url !== 'string') throw invalid(`${field}.image_url`, 'expected string');
      const source = sourceOfUrl(url, `${field}.image_url`);
      return { type: 'image', source, ...(typeof detail === 'string' ? { detail } : {}), field };
    }
    case 'input_file': {
      const { filename: name } = part;
      const source = fileSource(part, field);
      return { type: 'file', source, ...(typeof name === 'string' ? { name } : {}), field };
    }
  }
}

function fileSource(
  { file_data: data, file_url: url }: Extract<InputParts[number], { type: 'input_file' }>,
  field: string,
): MediaSource {
  if (typeof data === 'string') {
    const source = sourceOfUrl(data, `${field}.file_data`);
    if (source.kind === 'url') throw invalid(`${field}.file_data`, 'expected data: with base64');
    return source;
  }
  if (typeof url !== 'string') throw invalid(`${field}.file_data`, 'expected file_data or file_url');
  const source = sourceOfUrl(url, `${field}.file_url`);
  if (source.kind === 'data') throw invalid(`${field}.file_url`, 'expected an http address');
  return source;
}
