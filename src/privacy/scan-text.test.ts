import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodedTexts } from './decoded-text.ts';
import { normalText } from './normal-text.ts';
import { createScanText } from './scan-text.ts';

const scan = createScanText();
const email = 'jane.doe@example.com';
/** Text around a planted string: anything, with a border that no pattern reads across. */
const around = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replace(/[@\\%&]/g, ' '));

/** Of this process, so that other work on the machine does not count. */
function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('scanning a text', () => {
  it('gives spans of the given text, in order, that share no place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), around, (noise, more) => {
        const text = `${noise} ${email} ${more} 4111 1111 1111 1111`;
        let end = 0;
        for (const span of scan(text)) {
          expect(span.start).toBeGreaterThanOrEqual(end);
          expect(span.end).toBeGreaterThan(span.start);
          expect(span.end).toBeLessThanOrEqual(text.length);
          end = span.end;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('finds what is planted, whatever stands around it and however it is written', () => {
    const forms: readonly ((text: string) => string)[] = [
      (text) => text,
      encodeURIComponent,
      (text) => text.replace(/[@.]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
      (text) => text.replace(/./g, (one) => `&#${one.charCodeAt(0)};`),
      (text) => Buffer.from(`mail: ${text}`).toString('base64'),
      (text) => Buffer.from(text).toString('hex'),
      (text) => text.replace(/[a-z]/g, (one) => String.fromCodePoint(one.charCodeAt(0) - 97 + 0xff41)),
      (text) => text.replace(/e/g, 'e\u200b'),
      (text) => Buffer.from(encodeURIComponent(text)).toString('base64'),
    ];
    fc.assert(
      fc.property(around, around, fc.constantFrom(...forms), (before, after, form) => {
        const start = before.length + 1;
        const text = `${before} ${form(email)} ${after}`;
        const end = start + form(email).length;
        expect(scan(text).some((span) => span.start < end && span.end > start)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('says where it is in a text that was not normal', () => {
    const text = `ﬁrst\u200b line, write to ｊａｎｅ＠example.com`;
    const [span] = scan(text);
    expect(span).toMatchObject({ type: 'email', detector: 'email' });
    expect(text.slice(span?.start, span?.end)).toBe('ｊａｎｅ＠example.com');
  });

  it('counts a text as sensitive where a detector fails', () => {
    const failing = createScanText({
      detectors: [
        {
          name: 'broken',
          find: () => {
            throw new Error('no');
          },
        },
      ],
    });
    expect(failing('anything')).toEqual([{ start: 0, end: 8, type: 'unread', detector: 'broken.failed' }]);
  });

  it('ends soon on texts made to keep patterns busy', () => {
    const long = [
      '1 '.repeat(20_000),
      'A a'.repeat(15_000),
      'a.'.repeat(20_000),
      '%41'.repeat(15_000),
      'my my my '.repeat(5000),
      '-'.repeat(40_000),
      'Aa '.repeat(15_000),
      '12345-'.repeat(8000),
      ':'.repeat(40_000),
      'password is '.repeat(4000),
    ];
    for (const text of long) {
      const quarter = cpuMs(() => scan(text.slice(0, text.length / 4)));
      // Linear: four times as long takes about four times as long. A quadratic pattern would take sixteen times.
      expect(cpuMs(() => scan(text))).toBeLessThan(10 * quarter + 500);
    }
  });
});

describe('a normal text', () => {
  it('is the given one where nothing has to be done, and never longer to read than what it stands for says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (given) => {
        const { text, sourceOf } = normalText(given);
        if (given.normalize('NFKC') === given && text === given)
          expect(sourceOf(given.length)).toBe(given.length);
        for (let at = 1; at <= text.length; at++) {
          expect(sourceOf(at)).toBeGreaterThanOrEqual(sourceOf(at - 1));
          expect(sourceOf(at)).toBeLessThanOrEqual(given.length);
        }
      }),
    );
  });
});

describe('decoded texts', () => {
  it('are not made of words, numbers and hashes', () => {
    expect(
      decodedTexts('A sentence of plain words, 100% sure, AT&T; e3b0c44298fc1c149afbf4c8996fb924'),
    ).toEqual([]);
  });
});
