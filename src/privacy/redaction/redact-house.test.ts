import { describe, expect, it } from 'vitest';
import { requestOf } from '../../answer/fakes.ts';
import type { ChatRequest, Message } from '../../chat/request.ts';
import { createScanText } from '../scan-text.ts';
import { redactRequest } from './redact-request.ts';
import { createSessionBook } from './redaction-book.ts';
import { requestTexts } from './request-texts.ts';

const scan = createScanText();
const chat = (...messages: Message[]): ChatRequest =>
  requestOf({ privacy: 'local_only', input: { kind: 'chat', messages } });

describe('a request about a house', () => {
  // Taking the words out that say so would not make the rest anybody else's business.
  it.each([
    'Our unreleased product ships in May, tell nobody.',
    'Our CEO will resign on Friday.',
    'Acme Corp will acquire Beta Inc next month.',
    'penetration test findings for the gateway',
    'Classification: Restricted',
    'see https://acme.sharepoint.com/sites/finance/q3.xlsx',
  ])('is refused where it is about a house: %s', (content) => {
    const refusal = redactRequest(chat({ role: 'user', content }), createSessionBook(), { scan });
    expect(refusal.kind).toBe('refused');
  });

  it('is not refused for figures, health or law of somebody, which are taken out', () => {
    for (const content of [
      'my salary is $120,000',
      'I tested positive for HIV',
      'I am going through a divorce',
    ]) {
      const redaction = redactRequest(chat({ role: 'user', content }), createSessionBook(), { scan });
      const request = redaction.kind === 'redacted' ? redaction.request : chat();
      expect(requestTexts(request)[0]?.text).toMatch(/\[(?:FINANCE|HEALTH|LEGAL)_1\]/);
    }
  });
});
