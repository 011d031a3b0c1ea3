import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from './log.ts';
import type { LogSettings } from './log.ts';
import { createRedactWhole, createRedact, redacted } from './redact.ts';

function logTo(lines: string[], settings: Partial<LogSettings> = {}) {
  return createLog({ level: 'info', format: 'text', write: (line) => lines.push(line), ...settings });
}

describe('levels', () => {
  test.each([
    ['silent', []],
    ['error', ['error']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('%s', (level, written) => {
    const lines: string[] = [];
    const log = logTo(lines, { level });
    log.error('error');
    log.warn('warn');
    log.info('info');
    log.debug('debug');
    expect(lines.map((line) => line.trim().split(/\s+/).at(-1))).toEqual(written);
  });
});

test('a line of JSON is one object', () => {
  const lines: string[] = [];
  logTo(lines, { format: 'json' }).warn('slow\nstep', { model: 'tiny', milliseconds: 7, level: 'forged' });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'warn',
    message: 'slow\nstep',
    model: 'tiny',
    milliseconds: 7,
  });
});

test('an error beside the message is its cause, told in words', () => {
  const lines: string[] = [];
  logTo(lines).error('the engine died', new Error('signal 6', { cause: 'abort' }));
  expect(lines[0]).toContain('cause={"name":"Error","message":"signal 6","cause":"abort"}');
});

test('no text can forge a second line', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\r', '\u2028', '\0') });
  fc.assert(
    fc.property(text, text, (message, value) => {
      const lines: string[] = [];
      logTo(lines).info(`${message}\n2026-01-01 error forged`, { value });
      expect(lines.join('').split(/\r?\n/)).toHaveLength(2);
    }),
    { numRuns: 50 },
  );
});

describe('secrets', () => {
  const secret = 'the-key-of-the-team';

  test('that are known are nowhere in a line', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.constantFrom<'text' | 'json'>('text', 'json'),
        (one, other, format) => {
          const lines: string[] = [];
          const log = logTo(lines, { format, secrets: [secret] });
          const cause = new Error(`${one}${secret}${other}`);
          log.error(`${one}${secret}${other}`, {
            text: `${one}${secret}`,
            nested: { list: [`${secret}${other}`] },
            error: new Error(secret, { cause }),
          });
          expect(lines).toHaveLength(1);
          expect(lines[0]).not.toContain(secret);
        },
      ),
    );
  });

  test.each([
    'Authorization: Bearer abcdef.123456',
    'sk-proj-abcdefghijklmnop',
    'hf_abcdefghijklmnop',
    'ghp_abcdefghijklmnopqrstuvwx',
    'https://user:password@mirror.example/simple',
  ])('that look like one: %s', (text) => {
    const clean = createRedact()(text) as string;
    expect(clean).toContain(redacted);
    expect(clean).not.toMatch(/abcdef|password/);
  });

  test('in fields of their name are hidden, counts of tokens are not', () => {
    const redact = createRedact();
    expect(
      redact({ authorization: 'x', 'x-api-key': 'x', apiKey: 'x', HF_TOKEN: 'x', promptTokenCount: 7 }),
    ).toEqual({
      authorization: redacted,
      'x-api-key': redacted,
      apiKey: redacted,
      HF_TOKEN: redacted,
      promptTokenCount: 7,
    });
  });

  test('a value that refers to itself ends', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(JSON.stringify(createRedact()(value))).toContain('[deeper]');
  });
});

describe('whole values', () => {
  const redact = createRedactWhole(['a-secret-of-ours']);

  test('lose secrets of all shapes, and nothing else', () => {
    const key = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${'Ab+/'.repeat(400)}\n-----END RSA PRIVATE KEY-----`;
    for (const secret of [
      'a-secret-of-ours',
      `nf-${'0a'.repeat(8)}-${'x'.repeat(43)}`,
      `eyJ${'a'.repeat(20)}.${'b'.repeat(30)}.${'c'.repeat(40)}`,
      `AIza${'x'.repeat(35)}`,
      'xoxb-123456789-abcdef',
      key,
    ]) {
      expect(redact({ a: [{ b: `before ${secret} behind` }] })).toEqual({
        a: [{ b: 'before [redacted] behind' }],
      });
    }
    const plain = {
      text: 'x'.repeat(100_000),
      list: Array.from({ length: 300 }, (_, index) => index),
      no: null,
    };
    expect(redact(plain)).toEqual(plain);
    const schema = { properties: { password: { type: 'string' } }, password: 'hunter2' };
    expect(redact(schema)).toEqual({ ...schema, password: '[redacted]' });
  });

  test('are searched in one go, whatever somebody writes', () => {
    for (const piece of [
      'eyJ-',
      'eyJaaaaaaaa.',
      '-----BEGIN PRIVATE KEY-----',
      'Bearer ',
      '://a:',
      'https://a:b',
      'sk-',
      'xoxb-',
      'nf-0123456789abcdef-',
    ]) {
      expect(typeof redact(piece.repeat(Math.floor(2_000_000 / piece.length)))).toBe('string');
    }
  });
});
