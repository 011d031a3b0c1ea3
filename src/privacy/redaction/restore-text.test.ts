import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextRestorer, restoredText, type RestoreMode } from './restore-text.ts';

const originals = new Map([
  ['EMAIL_1', 'jane@example.com'],
  ['EMAIL_12', 'joe@example.com'],
  ['PAYMENT_CARD_1', '4111 1111 1111 1111'],
  ['PERSON_1', 'Zoë "Z" \\ O’Neil\nJr'],
] as const);
const book = { originals };

function restoredInPieces(text: string, cuts: readonly number[], mode: RestoreMode): string {
  const restorer = createTextRestorer(book, mode);
  const ends = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  let at = 0;
  let restored = '';
  for (const end of [...ends, text.length]) {
    restored += restorer.push(text.slice(at, end));
    at = end;
  }
  return restored + restorer.flush();
}

describe('restoring a text', () => {
  it.each([
    ['Write to [EMAIL_1].', 'Write to jane@example.com.'],
    ['[email_1]', 'jane@example.com'],
    ['[ Email_1 ]', 'jane@example.com'],
    ['[EMAIL 1]', 'jane@example.com'],
    ['[EMAIL-1]', 'jane@example.com'],
    ['\\[EMAIL\\_1\\]', 'jane@example.com'],
    ['EMAIL_1', 'jane@example.com'],
    ['EMAIL\\_1!', 'jane@example.com!'],
    ['"EMAIL_1",', '"jane@example.com",'],
    ['**[EMAIL_12]**', '**joe@example.com**'],
    ['[EMAIL_1, EMAIL_12]', '[jane@example.com, joe@example.com]'],
    ['[[EMAIL_1]]', '[jane@example.com]'],
    ['[payment card 1] and [PAYMENT_CARD_1]', '4111 1111 1111 1111 and 4111 1111 1111 1111'],
    ['[EMAIL_1](mailto:[EMAIL_1])', 'jane@example.com(mailto:jane@example.com)'],
  ])('%s', (given, expected) => {
    expect(restoredText(book, given)).toBe(expected);
  });

  it.each([
    '[EMAIL_2]',
    'EMAIL_123',
    'email_1',
    'MY_EMAIL_1',
    'EMAIL_1st',
    '[EMAIL',
    'person 1',
    '[EMAIL_1',
    'x[y',
  ])('leaves alone what is no placeholder: %s', (given) => {
    expect(restoredText(book, given)).toBe(given.startsWith('[EMAIL_1') ? '[jane@example.com' : given);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      ...[
        '[EMAIL_1]',
        '[email_12]',
        'EMAIL_1',
        'EMAIL_12',
        '[PERSON_1]',
        '[ PAYMENT CARD 1 ]',
        'PAYMENT_CARD_1',
      ],
    ),
    fc.constantFrom(
      ...['[', ']', '\\', '_', 'EMAIL', '1', '2', ' ', '"', '\\n', 'E', '[E', 'a', 'é', '\ud83d\ude00'],
    ),
    fc.string({ maxLength: 4 }),
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

  it('is the same however the stream is cut', () => {
    fc.assert(
      fc.property(
        text,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.constantFrom<RestoreMode>('text', 'json'),
        (given, cuts, mode) => {
          expect(restoredInPieces(given, cuts, mode)).toBe(restoredText(book, given, mode));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('holds back only what may be the beginning of a placeholder', () => {
    fc.assert(
      fc.property(text, (given) => {
        const restorer = createTextRestorer(book, 'text');
        const out = restorer.push(given);
        const rest = restorer.flush();
        expect(rest.length).toBeLessThanOrEqual('[  PAYMENT\\_CARD\\_1  \\'.length + 30);
        expect(out + rest).toBe(restoredText(book, given));
      }),
    );
    const restorer = createTextRestorer(book, 'text');
    expect(restorer.push('Write to ')).toBe('Write to ');
    expect(restorer.push('[EMA')).toBe('');
    expect(restorer.push('NUEL] and ')).toBe('[EMANUEL] and ');
  });

  it('keeps JSON whole, within strings and where a model forgot the quotes', () => {
    const json = '{"to": "[PERSON_1]", "cc": ["EMAIL_1", [EMAIL_1]], "note": "say \\"hi\\"\\nEMAIL_12"}';
    expect(JSON.parse(restoredText(book, json, 'json'))).toEqual({
      to: originals.get('PERSON_1'),
      cc: ['jane@example.com', 'jane@example.com'],
      note: 'say "hi"\njoe@example.com',
    });
  });

  it('finds placeholders in the names of members', () => {
    expect(restoredText(book, '{"to_EMAIL_1_cc": 1}', 'json')).toBe('{"to_jane@example.com_cc": 1}');
  });

  it('makes any JSON with placeholders in its strings into that JSON with originals', () => {
    const value = fc.array(
      fc.oneof(fc.constantFrom('[EMAIL_1]', '[PERSON_1]'), fc.constantFrom('"', '\\', '\n', ' ', 'a', '{')),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), (values) => {
        const json = JSON.stringify(values.map((pieces) => pieces.join('')));
        const expected = values.map((pieces) =>
          pieces.map((one) => originals.get(one.slice(1, -1) as 'EMAIL_1') ?? one).join(''),
        );
        expect(JSON.parse(restoredText(book, json, 'json'))).toEqual(expected);
      }),
    );
  });
});
