import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { base64UrlOf, bytesOfBase64 } from './base64.ts';
import { sha256 } from './sha256.ts';

test('SHA-256 is the one that Node has', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(
        createHash('sha256').update(bytes).digest('hex'),
      );
    }),
    { numRuns: 300 },
  );
});

test('base64 is read as Node reads it, in both alphabets, and written as it writes it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const buffer = Buffer.from(bytes);
      expect([...bytesOfBase64(buffer.toString('base64'))]).toEqual([...bytes]);
      expect([...bytesOfBase64(buffer.toString('base64url'))]).toEqual([...bytes]);
      expect(base64UrlOf(bytes)).toBe(buffer.toString('base64url'));
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9+/_-]{0,40}={0,2}$/), (text) => {
      expect([...bytesOfBase64(text)]).toEqual([...Buffer.from(text, 'base64')]);
    }),
  );
});
