import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactionBook, redactText } from './redact-text.ts';
import { createScanText } from './scan-text.ts';

const scan = createScanText();

describe('redacting a text', () => {
  it('takes out what was found, the same for the same, and can be undone', () => {
    const text = 'Mail jane@example.com or joe@example.com; jane@example.com is quicker.';
    const book = createRedactionBook([text]);
    const redacted = redactText(text, scan(text), book);
    expect(redacted).toBe('Mail [EMAIL_1] or [EMAIL_2]; [EMAIL_1] is quicker.');
    expect(redacted.replace(/\[[A-Z_]+_\d+\]/g, (one) => book.original(one) ?? one)).toBe(text);
  });

  it('never uses a placeholder that the text has already', () => {
    const text = 'What is [EMAIL_1]? Mail jane@example.com';
    expect(redactText(text, scan(text), createRedactionBook([text]))).toBe(
      'What is [EMAIL_1]? Mail [EMAIL_2]',
    );
  });

  it('leaves nothing of what was planted, and all of the rest', () => {
    const planted = fc.constantFrom('jane.doe@example.com', '4111 1111 1111 1111', 'AKIAIOSFODNN7EXAMPLE');
    const word = fc.constantFrom('the', 'sum', 'of', 'it', 'was', 'green');
    fc.assert(
      fc.property(fc.array(fc.oneof(planted, word), { minLength: 1, maxLength: 12 }), (parts) => {
        const text = parts.join(' ; ');
        const book = createRedactionBook([text]);
        const redacted = redactText(text, scan(text), book);
        for (const part of parts) if (/\d|@/.test(part)) expect(redacted).not.toContain(part);
        expect(redacted.replace(/\[[A-Z_]+_\d+\]/g, (one) => book.original(one) ?? one)).toBe(text);
      }),
    );
  });
});
