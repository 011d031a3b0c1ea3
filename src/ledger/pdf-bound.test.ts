import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { pdfBound } from './pdf-bound.ts';
import { tokenBound } from './token-bound.ts';

const said = 'a word and another '.repeat(20_000);

function pdf(...objects: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([
    Buffer.from('%PDF-1.7\n'),
    ...objects.map((one) => Buffer.from(one)),
    Buffer.from('%%EOF'),
  ]);
}
const page = '1 0 obj <</Type /Page /Contents 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[1 0 R]>> endobj\n';
function stream(dictionary: string, data: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`3 0 obj <<${dictionary}>>\nstream\r\n`),
    data,
    Buffer.from('\nendstream\nendobj\n'),
  ]);
}
const packed = stream('/Length 9 /Filter /FlateDecode', deflateSync(said));

describe('a PDF', () => {
  test('is as long as what is packed in it, however short it is', () => {
    const file = pdf(page, packed);
    expect(file.byteLength).toBeLessThan(3000);
    expect(pdfBound(file)).toEqual({ byteCount: file.byteLength + said.length, pageCount: 1 });
    const twice = pdf(page, stream('/Filter [/FlateDecode /FlateDecode]', deflateSync(deflateSync(said))));
    expect(pdfBound(twice)?.byteCount).toBe(twice.byteLength + said.length);
  });

  test('has the pages of its packed objects too, and its pictures with them', () => {
    const objects = stream(
      '/Type /ObjStm /Filter /FlateDecode',
      deflateSync('<</Type/Page>> <</Type /Page /A 1>>'),
    );
    const picture = stream('/Subtype /Image /Filter /DCTDecode', Buffer.alloc(5000, 7));
    expect(pdfBound(pdf(page, objects, picture))?.pageCount).toBe(3);
  });

  test.each([
    ['encrypted', pdf(page, packed, '/Encrypt 9 0 R')],
    ['damaged', pdf(page, stream('/Filter /FlateDecode', Buffer.from('no such thing')))],
    ['packed in another way', pdf(page, stream('/Filter /LZWDecode', Buffer.from('x')))],
    ['cut', pdf(page, '3 0 obj <<>>\nstream\n')],
    ['a bomb', pdf(page, stream('/Filter /FlateDecode', deflateSync(Buffer.alloc(70 * 1024 * 1024))))],
    ['none', Buffer.from('Hello')],
  ])('that is %s is not known', (_, file) => {
    expect(pdfBound(file)).toBeNull();
  });
});

test('a prompt with a PDF has as many tokens as that may hold', () => {
  const data = pdf(page, packed).toString('base64');
  const anthropic = [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }];
  const openai = [{ type: 'file', file: { file_data: `data:application/pdf;base64,${data}` } }];
  for (const prompt of [anthropic, openai]) {
    expect(tokenBound(prompt)).toBeGreaterThan(said.length + 20_000);
    expect(tokenBound(prompt)).toBeLessThan(said.length + 40_000);
  }
  const broken = pdf(page, stream('/Filter /LZWDecode', Buffer.from('x'))).toString('base64');
  expect(tokenBound([{ type: 'file', file: { file_data: broken } }])).toBe(Infinity);
  expect(tokenBound('It begins with JVBERi0')).toBe(24);
});
