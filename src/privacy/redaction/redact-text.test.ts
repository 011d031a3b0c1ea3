import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanText } from '../scan-text.ts';
import { redactSpans } from './redact-text.ts';
import { createSessionBook, createSessionBooks } from './redaction-book.ts';
import { restoredText } from './restore-text.ts';

const scan = createScanText();

describe('redacting a text', () => {
  it('takes out what was found, the same for the same, and can be undone', () => {
    const text = 'Mail jane@example.com or joe@example.com; jane@example.com is quicker.';
    const book = createSessionBook().open([text]);
    const redacted = redactSpans(text, scan(text), book);
    expect(redacted).toBe('Mail [EMAIL_1] or [EMAIL_2]; [EMAIL_1] is quicker.');
    expect(restoredText(book, redacted)).toBe(text);
  });

  it('never uses a placeholder that the text has already, however it is written there', () => {
    for (const own of ['[EMAIL_1]', 'EMAIL_1', '[email 1]', 'e-mail, or Email-1', '\\[EMAIL\\_1\\]']) {
      const text = `What is ${own}? Mail jane@example.com`;
      const book = createSessionBook().open([text]);
      const redacted = redactSpans(text, scan(text), book);
      expect(redacted).toBe(`What is ${own}? Mail [EMAIL_2]`);
      expect(restoredText(book, redacted)).toBe(text);
    }
  });

  it('leaves nothing of what was planted, and all of the rest', () => {
    const planted = fc.constantFrom('jane.doe@example.com', '4111 1111 1111 1111', 'AKIAIOSFODNN7EXAMPLE');
    const word = fc.constantFrom('the', 'sum', 'of', 'it', 'was', 'green', '[EMAIL_1]', 'EMAIL_2');
    fc.assert(
      fc.property(fc.array(fc.oneof(planted, word), { minLength: 1, maxLength: 12 }), (parts) => {
        const text = parts.join(' ; ');
        const book = createSessionBook().open([text]);
        const redacted = redactSpans(text, scan(text), book);
        for (const part of parts) if (/\d{4}|@/.test(part)) expect(redacted).not.toContain(part);
        expect(restoredText(book, redacted)).toBe(text);
      }),
    );
  });
});

describe('the book of a session', () => {
  it('gives the same name to the same text in every request, and a new one where the text itself has that name', () => {
    const session = createSessionBooks().bookOf('team', 'session-1');
    expect(session.open([]).nameOf('email', 'a@example.com')).toBe('EMAIL_1');
    const second = session.open([]);
    expect(second.nameOf('email', 'b@example.com')).toBe('EMAIL_2');
    expect(second.nameOf('email', 'a@example.com')).toBe('EMAIL_1');
    const third = session.open(['what does [email_1] mean?']);
    expect(third.nameOf('email', 'a@example.com')).toBe('EMAIL_3');
    expect(third.original('EMAIL_1')).toBeUndefined();
  });

  it('restores only what the request itself was redacted of', () => {
    const session = createSessionBook();
    session.open([]).nameOf('secret', 'hunter2!');
    expect(restoredText(session.open([]), 'Say [SECRET_1]')).toBe('Say [SECRET_1]');
  });

  it('is another one for another tenant, another session and no session', () => {
    const books = createSessionBooks(2);
    const one = books.bookOf('a', 's');
    expect(books.bookOf('a', 's')).toBe(one);
    expect(books.bookOf('b', 's')).not.toBe(one);
    expect(books.bookOf('a', null)).not.toBe(books.bookOf('a', null));
    books.bookOf('c', 's');
    expect(books.bookOf('a', 's')).not.toBe(one);
  });
});
