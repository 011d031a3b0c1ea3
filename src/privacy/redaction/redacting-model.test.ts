import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endPart, finishPart, requestOf, scriptedModel, startPart } from '../../answer/fakes.ts';
import { NearfarError } from '../../chat/error.ts';
import type { ChatPart } from '../../chat/part.ts';
import type { ChatRequest } from '../../chat/request.ts';
import { clear } from '../clear.ts';
import { createScanText } from '../scan-text.ts';
import { createSessionBook } from './redaction-book.ts';
import { redacting } from './redacting-model.ts';

const scan = createScanText();
const asked: Partial<ChatRequest> = {
  privacy: 'local_only',
  topLogprobCount: 2,
  input: {
    kind: 'chat',
    messages: [{ role: 'user', content: 'Mail jane@example.com, card 4111 1111 1111 1111' }],
  },
};

async function answered(
  parts: readonly ChatPart[],
  changes: Partial<ChatRequest> = {},
): Promise<{ parts: readonly ChatPart[]; sent: readonly ChatRequest[] }> {
  const sent: ChatRequest[] = [];
  const model = redacting(
    // As a model of an upstream does it.
    scriptedModel(parts, (request) => sent.push(clear(request, 'outside').request)),
    createSessionBook(),
    { scan },
  );
  const out: ChatPart[] = [];
  for await (const part of model.stream(requestOf({ ...asked, ...changes }), new AbortController().signal))
    out.push(part);
  return { parts: out, sent };
}

const textOf = (parts: readonly ChatPart[], type: ChatPart['type']): string =>
  parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('');
const argumentsOf = (parts: readonly ChatPart[]): string =>
  parts.map((part) => (part.type === 'tool-call-delta' ? part.arguments : '')).join('');

describe('a model outside that is asked redacted', () => {
  it('is sent placeholders, and its answer is restored in all its parts', async () => {
    const { parts, sent } = await answered([
      startPart,
      { type: 'reasoning-delta', choice: 0, text: 'Mail [EMA' },
      { type: 'reasoning-delta', choice: 0, text: 'IL_1]? ' },
      {
        type: 'text-delta',
        choice: 0,
        text: 'Writing to [email_1',
        logprobs: [{ token: 1, bytes: [1], logprob: -1, top: [] }],
      },
      { type: 'text-delta', choice: 0, text: ']: ' },
      { type: 'tool-call-start', choice: 0, call: 0, id: 'c1', name: 'mail_EMAIL_1' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: '{"to": "EMAIL' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: '_1", "card": [PAYMENT_CARD_1' },
      { type: 'tool-call-delta', choice: 0, call: 0, arguments: ']}' },
      { type: 'tool-call-end', choice: 0, call: 0 },
      { type: 'choice-end', choice: 0, reason: 'stop_sequence', stopSequence: '[EMAIL_1]' },
      finishPart,
    ]);
    expect(JSON.stringify(sent[0]?.input)).toContain('Mail [EMAIL_1], card [PAYMENT_CARD_1]');
    expect(sent[0]?.topLogprobCount).toBeNull();
    expect(textOf(parts, 'reasoning-delta')).toBe('Mail jane@example.com? ');
    expect(textOf(parts, 'text-delta')).toBe('Writing to jane@example.com: ');
    expect(JSON.parse(argumentsOf(parts))).toEqual({ to: 'jane@example.com', card: '4111 1111 1111 1111' });
    expect(parts.find((part) => part.type === 'tool-call-start')).toMatchObject({
      name: 'mail_jane@example.com',
    });
    expect(parts.at(-2)).toMatchObject({ stopSequence: 'jane@example.com' });
    expect(parts.some((part) => 'logprobs' in part)).toBe(false);
    expect(parts[0]).toMatchObject({ delivery: { notes: ['redacted: 1 email, 1 payment_card'] } });
    const order = parts.map((part) => part.type);
    expect(order.indexOf('tool-call-start')).toBeGreaterThan(order.lastIndexOf('text-delta'));
    expect(order.indexOf('tool-call-end')).toBeGreaterThan(order.lastIndexOf('tool-call-delta'));
  });

  it('is restored within JSON where the answer must be that', async () => {
    const { parts } = await answered(
      [startPart, { type: 'text-delta', choice: 0, text: '{"to": [EMAIL_1]}' }, endPart(), finishPart],
      { outputFormat: { type: 'json_object', field: 'response_format' } },
    );
    expect(JSON.parse(textOf(parts, 'text-delta'))).toEqual({ to: 'jane@example.com' });
  });

  it('gives what it held back before an error, and each choice its own', async () => {
    const error = new NearfarError('upstream_failed', 'no');
    const { parts } = await answered([
      startPart,
      { type: 'text-delta', choice: 0, text: 'a [EMAIL' },
      { type: 'text-delta', choice: 1, text: 'b EMAIL_1' },
      { type: 'text-delta', choice: 0, text: '_1] c [' },
      { type: 'error', error },
    ]);
    const of = (choice: number): string =>
      textOf(
        parts.filter((part) => 'choice' in part && part.choice === choice),
        'text-delta',
      );
    expect(of(0)).toBe('a jane@example.com c [');
    expect(of(1)).toBe('b jane@example.com');
    expect(parts.at(-1)).toMatchObject({ type: 'error' });
  });

  it('is not asked at all where the request cannot be redacted', async () => {
    const { parts, sent } = await answered([startPart, finishPart], {
      input: { kind: 'tokens', tokens: [1] },
    });
    expect(sent).toEqual([]);
    expect(parts).toMatchObject([{ type: 'error', error: { kind: 'forbidden' } }]);
    const model = redacting(scriptedModel([]), createSessionBook(), { scan });
    await expect(model.countTokens({ kind: 'text', text: 'x' })).rejects.toMatchObject({ kind: 'forbidden' });
  });

  it('says the same however its stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('[EMAIL_1]', 'EMAIL_1', '[payment card 1]', ' and ', '[', '_1'), {
          maxLength: 6,
        }),
        fc.array(fc.nat(80), { maxLength: 6 }),
        async (words, cuts) => {
          const text = words.join('');
          const ends = [...new Set(cuts.filter((cut) => cut < text.length)), text.length].sort(
            (a, b) => a - b,
          );
          const deltas = ends.map((end, index): ChatPart => ({
            type: 'text-delta',
            choice: 0,
            text: text.slice(ends[index - 1] ?? 0, end),
          }));
          const whole = await answered([
            startPart,
            { type: 'text-delta', choice: 0, text },
            endPart(),
            finishPart,
          ]);
          const cut = await answered([startPart, ...deltas, endPart(), finishPart]);
          expect(textOf(cut.parts, 'text-delta')).toBe(textOf(whole.parts, 'text-delta'));
        },
      ),
      { numRuns: 30 },
    );
  });
});
