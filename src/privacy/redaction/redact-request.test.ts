import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../../answer/fakes.ts';
import type { ChatRequest, Message } from '../../chat/request.ts';
import type { ToolUse } from '../../chat/tool.ts';
import { clear } from '../clear.ts';
import { createScanText } from '../scan-text.ts';
import { redactRequest, type Redaction } from './redact-request.ts';
import { isRedacted } from './seals.ts';
import { createSessionBook } from './redaction-book.ts';
import { mapRequestTexts, requestTexts } from './request-texts.ts';
import { restoredText } from './restore-text.ts';

const scan = createScanText({
  terms: [{ name: 'project', words: ['Bluefin Harbor'], patterns: ['CUST-\\d{4}'] }],
});

function redacted(
  request: ChatRequest,
  session = createSessionBook(),
): Extract<Redaction, { kind: 'redacted' }> {
  const redaction = redactRequest(request, session, { scan });
  if (redaction.kind !== 'redacted') throw new Error(`refused: ${redaction.detectors.join(', ')}`);
  return redaction;
}

const chat = (...messages: Message[]): ChatRequest =>
  requestOf({ privacy: 'local_only', input: { kind: 'chat', messages } });

const tools: ToolUse = {
  tools: [
    {
      name: 'mail_jane_CUST-1234',
      description: 'Mails jane@example.com',
      parameters: {
        type: 'object',
        properties: {
          'jane@example.com': {
            type: 'string',
            description: 'as in jane@example.com',
            enum: ['jane@example.com'],
          },
          card: { const: 4111111111111111 },
        },
        required: ['jane@example.com'],
      },
      field: 'tools[0]',
    },
  ],
  choice: { kind: 'named', name: 'mail_jane_CUST-1234' },
  allowsParallel: true,
};

describe('a redacted request', () => {
  it('has placeholders in every place where a text may stand', () => {
    const email = 'jane@example.com';
    const request = requestOf({
      privacy: 'local_only',
      stop: [`to ${email}`],
      outputFormat: {
        type: 'json_schema',
        schema: { properties: { to: { const: email } } },
        name: 'CUST-1234',
        strict: true,
        field: 'response_format',
      },
      input: {
        kind: 'chat',
        toolUse: tools,
        messages: [
          { role: 'system', content: `Work for ${email}` },
          { role: 'user', content: email },
          {
            role: 'assistant',
            content: `I write to ${email}`,
            reasoning: `hm, ${email}`,
            toolCalls: [
              {
                id: 'call_CUST-1234',
                name: 'mail_jane_CUST-1234',
                arguments: `{ "to":"${email}", "card": 4111111111111111, "password": "correct-Horse7" }`,
              },
            ],
          },
          {
            role: 'tool',
            toolCallId: 'call_CUST-1234',
            name: 'mail_jane_CUST-1234',
            content: `sent to ${email}`,
          },
        ],
      },
    });
    const { request: copy } = redacted(request);
    const sent = JSON.stringify([copy.input, copy.stop, copy.outputFormat]);
    for (const planted of [email, 'CUST-1234', '4111111111111111', 'correct-Horse7'])
      expect(sent).not.toContain(planted);
    expect(copy.input).toMatchObject({
      messages: [
        { content: 'Work for [EMAIL_1]' },
        { content: '[EMAIL_1]' },
        {
          content: 'I write to [EMAIL_1]',
          reasoning: 'hm, [EMAIL_1]',
          toolCalls: [
            {
              id: 'call_OWN_TERM_1',
              arguments: expect.stringMatching(
                /^\{ "to":"\[EMAIL_1\]", "card": "\[PAYMENT_CARD_1\]"/,
              ) as string,
            },
          ],
        },
        { content: 'sent to [EMAIL_1]', toolCallId: 'call_OWN_TERM_1' },
      ],
      toolUse: {
        choice: { name: 'mail_jane_OWN_TERM_1' },
        tools: [
          {
            name: 'mail_jane_OWN_TERM_1',
            parameters: { properties: { EMAIL_1: { enum: ['[EMAIL_1]'] } }, required: ['EMAIL_1'] },
          },
        ],
      },
    });
    expect(copy.stop).toEqual(['to [EMAIL_1]']);
    expect(copy.topLogprobCount).toBeNull();
  });

  it('has one for the same text wherever it stands, also where nothing around gives it away', () => {
    const { request } = redacted(
      chat(
        { role: 'user', content: 'My name is Jane Doe, born 1990-04-05. password: Tr0ub4dor&3' },
        { role: 'assistant', content: 'Is Tr0ub4dor&3 safe?' },
        { role: 'user', content: 'ask JANE DOE and jane doe' },
      ),
    );
    const sent = JSON.stringify(request.input);
    expect(sent).not.toMatch(/jane doe|Tr0ub4dor/i);
  });

  it('is refused where what is found cannot be replaced', () => {
    const refusals: readonly (readonly [ChatRequest, RegExp])[] = [
      [requestOf({ input: { kind: 'tokens', tokens: [1, 2] } }), /unread.tokens/],
      [
        chat({
          role: 'user',
          content: '',
          parts: [
            { type: 'image', source: { kind: 'data', mediaType: 'image/png', base64: '' }, field: 'f' },
          ],
        }),
        /unread.image/,
      ],
      // Told piece by piece, and no piece says it.
      [
        chat({
          role: 'user',
          content: '',
          parts: [
            { type: 'text', text: 'my password is' },
            { type: 'text', text: 'Tr0ub4dor&3' },
            {
              type: 'file',
              name: 'a',
              source: { kind: 'data', mediaType: 'text/plain', base64: '' },
              field: 'f',
            },
          ],
        }),
        /unread.file/,
      ],
      [
        chat({ role: 'user', content: 'CONFIDENTIAL - do not distribute. We sell next week.' }),
        /confidential/,
      ],
    ];
    for (const [request, detectors] of refusals) {
      const redaction = redactRequest(request, createSessionBook(), { scan });
      expect(redaction.kind === 'refused' ? redaction.detectors.join() : '').toMatch(detectors);
    }
  });

  it('is refused where its texts say only together what none says alone', () => {
    const request = chat({
      role: 'user',
      content: 'my password is\nTr0ub4dor&3',
      parts: [
        { type: 'text', text: 'my password is' },
        { type: 'text', text: 'Tr0ub4dor&3' },
        { type: 'audio', format: 'wav', base64: '', field: 'f' },
      ],
    });
    const redaction = redactRequest(request, createSessionBook(), { scan, allowsUnread: true });
    expect(redaction).toMatchObject({ kind: 'refused', detectors: ['secret.named'] });
  });

  it('is refused where a stop string would cut a placeholder', () => {
    const request = { ...chat({ role: 'user', content: 'Mail jane@example.com' }), stop: ['\n', ']'] };
    expect(redactRequest(request, createSessionBook(), { scan })).toMatchObject({
      kind: 'refused',
      field: 'stop',
    });
  });

  it('is refused where a detector fails, or finds something again and again', () => {
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
    const request = chat({ role: 'user', content: 'hello' });
    expect(redactRequest(request, createSessionBook(), { scan: failing })).toMatchObject({
      kind: 'refused',
      detectors: ['broken.failed'],
    });
  });

  const form = fc.constantFrom<(text: string) => string>(
    (text) => text,
    encodeURIComponent,
    (text) => Buffer.from(`it: ${text}`).toString('base64'),
    (text) => Buffer.from(text).toString('hex'),
    (text) => JSON.stringify({ nested: text }),
    (text) => text.replace(/./g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  const planted = fc.oneof(
    fc
      .tuple(fc.stringMatching(/^[a-z]{3,9}$/), fc.stringMatching(/^[a-z]{3,9}$/))
      .map(([name, host]) => `${name}@${host}.com`),
    fc.constant('4111 1111 1111 1111'),
    fc.stringMatching(/^AKIA[A-Z2-7]{16}$/),
    fc.stringMatching(/^CUST-[0-9]{4}$/),
    fc.constant('Bluefin Harbor'),
  );
  const prose = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/[@%&\\]/g, ' '));
  const content = fc.array(
    fc.oneof(
      fc.tuple(planted, form).map(([text, write]) => ({ planted: text, written: write(text) })),
      prose,
    ),
    { maxLength: 5 },
  );

  it('holds nothing of what was planted, in no form, and restores to the original', () => {
    fc.assert(
      fc.property(content, content, content, (one, two, three) => {
        const write = (pieces: typeof one): string =>
          pieces.map((piece) => (typeof piece === 'string' ? piece : piece.written)).join(' ; ');
        const request = chat(
          { role: 'user', content: write(one) },
          {
            role: 'assistant',
            content: write(two),
            toolCalls: [
              { id: 'c', name: 'f', arguments: JSON.stringify({ a: write(three), b: [write(one)] }) },
            ],
          },
        );
        const redaction = redactRequest(request, createSessionBook(), { scan });
        if (redaction.kind === 'refused') return;
        const { request: copy, book } = redaction;
        const sent = JSON.stringify(copy.input);
        for (const piece of [one, two, three].flat()) {
          if (typeof piece === 'string') continue;
          expect(sent).not.toContain(piece.planted);
          expect(sent).not.toContain(JSON.stringify(piece.written).slice(1, -1));
        }
        const restored = mapRequestTexts(copy, (text) => restoredText(book, text));
        expect(restored.input).toEqual(request.input);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the seal of a redacted request', () => {
  const request = chat({ role: 'user', content: 'Mail jane@example.com' });

  it('lets the copy leave and nothing else', () => {
    const { request: copy } = redacted(request);
    expect(copy.privacy).toBe('local_only');
    expect(clear(copy, 'outside').request.input).toBe(copy.input);
    expect(clear({ ...copy, deadlineAt: 1 }, 'outside').boundary).toBe('outside');
    const forged: ChatRequest[] = [
      request,
      { ...copy, input: request.input },
      { ...copy, input: { ...copy.input } },
      { ...copy, stop: ['jane@example.com'] },
      { ...copy, outputFormat: { type: 'json_object', field: 'jane@example.com' } },
      structuredClone(copy),
    ];
    for (const one of forged) {
      expect(isRedacted(one)).toBe(false);
      expect(() => clear(one, 'outside')).toThrow(expect.objectContaining({ kind: 'forbidden' }) as Error);
    }
  });

  it('is of contents that nobody can change any more', () => {
    const { request: copy } = redacted(request);
    const [message] = copy.input.kind === 'chat' ? copy.input.messages : [];
    expect(() => {
      (message as { content: string }).content = 'jane@example.com';
    }).toThrow(TypeError);
    expect(request.input.kind === 'chat' && Object.isFrozen(request.input.messages)).toBe(false);
  });
});

describe('the texts of a request', () => {
  it('are all its strings but those that no model is told', () => {
    const untold = new Set([
      'id',
      'dialect',
      'requestedModel',
      'tenant',
      'privacy',
      'priority',
      'answerCache',
      'role',
      'type',
      'kind',
      'field',
      'mediaType',
      'base64',
      'detail',
      'format',
      'effort',
      'summary',
    ]);
    let count = 0;
    const mark = (value: unknown, key = ''): unknown => {
      if (typeof value === 'string') return untold.has(key) ? value : `canary ${++count}`;
      if (Array.isArray(value)) return value.map((item) => mark(item, key));
      if (typeof value !== 'object' || value === null || value instanceof Map) return value;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mark(inner, name)]));
    };
    const request = mark(
      requestOf({
        stop: ['x'],
        outputFormat: {
          type: 'json_schema',
          schema: { title: 'x', anyOf: [{ const: 'y' }] },
          name: 'x',
          strict: true,
          field: 'f',
        },
        input: {
          kind: 'chat',
          toolUse: { ...tools, choice: { kind: 'named', name: 'x' } },
          messages: [
            { role: 'system', content: 'x' },
            {
              role: 'user',
              content: '',
              parts: [
                { type: 'text', text: 'x' },
                { type: 'image', source: { kind: 'url', url: 'x' }, field: 'f' },
                { type: 'file', source: { kind: 'url', url: 'x' }, name: 'x', field: 'f' },
              ],
            },
            {
              role: 'assistant',
              content: 'x',
              reasoning: 'x',
              toolCalls: [{ id: 'x', name: 'x', arguments: 'x' }],
            },
            { role: 'tool', toolCallId: 'x', name: 'x', content: 'x' },
          ],
        },
      }),
    ) as ChatRequest;
    const texts = new Set(requestTexts(request).map(({ text }) => text));
    for (let index = 1; index <= count; index++) expect(texts).toContain(`canary ${index}`);
    expect(count).toBeGreaterThan(20);
    const raw = requestTexts(requestOf({ input: { kind: 'text', text: 'x', suffix: 'y' } }));
    expect(raw.map(({ text }) => text)).toEqual(['x', 'y']);
  });
});
