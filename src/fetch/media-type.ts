/** Pure: what bytes begin like, for nobody's word is taken for it. Null: no picture that models read. */
export function imageTypeOf(bytes: Uint8Array): string | null {
  const begins = (text: string, at = 0): boolean =>
    Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text;
  if (begins('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (begins('\xff\xd8\xff')) return 'image/jpeg';
  if (begins('GIF87a') || begins('GIF89a')) return 'image/gif';
  if (begins('RIFF') && begins('WEBP', 8)) return 'image/webp';
  return null;
}

/** The same of documents: PDF, else text in UTF-8 that its server calls text. */
export function documentTypeOf(bytes: Uint8Array, declared: string): string | null {
  if (Buffer.from(bytes.subarray(0, 5)).toString('latin1') === '%PDF-') return 'application/pdf';
  const type = declared.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!/^(text\/[a-z0-9.+-]+|application\/json)$/.test(type)) return null;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
  return type;
}
