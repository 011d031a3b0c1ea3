import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  beginStream,
  fakeUpstream,
  openaiChunk,
  openaiUsageChunk,
  type FakeUpstream,
} from './fake-upstream.ts';
import { farGateway, type FarGateway } from './far-gateway.ts';

/** The mode `redact` through the whole gateway: what an upstream outside is sent, and what its client gets back. */

let open: FakeUpstream;
let far: FarGateway;
/** What the upstream answers, in pieces, and perhaps a call. */
let pieces: readonly string[];
let callArguments: readonly string[];

beforeAll(async () => {
  open = await fakeUpstream((response) => {
    beginStream(response);
    response.write(openaiChunk({ role: 'assistant', content: '' }));
    for (const content of pieces) response.write(openaiChunk({ content }));
    callArguments.forEach((text, index) => {
      const head = index === 0 ? { id: 'call_1', type: 'function' } : {};
      const named = index === 0 ? { name: 'send_mail' } : {};
      response.write(
        openaiChunk({ tool_calls: [{ index: 0, ...head, function: { ...named, arguments: text } }] }),
      );
    });
    response.write(openaiChunk({}, callArguments.length > 0 ? 'tool_calls' : 'stop'));
    response.write(openaiUsageChunk);
    response.end('data: [DONE]\n\n');
  });
  far = await farGateway({
    logLevel: 'error',
    capture: 'all',
    privacy: { mode: 'redact' },
    upstreams: [{ name: 'open', baseUrl: `${open.url}/v1`, models: ['big'], retries: 0 }],
  });
});

afterAll(async () => {
  await far.close();
  await open.close();
});

beforeEach(() => {
  open.arrived.length = 0;
  callArguments = [];
  pieces = ['Dear [EMA', 'IL_1', '], hello email_1 and EMAIL_', '1.'];
});

const text = 'Write to jane@example.com about my card 4111 1111 1111 1111.';
const openai = () => new OpenAI({ apiKey: 'none', baseURL: `${far.url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: 'none', baseURL: far.url, maxRetries: 0 });
const restored = 'Dear jane@example.com, hello email_1 and jane@example.com.';

describe('mode redact', () => {
  it('sends placeholders and gives back originals, streamed and whole, in each dialect', async () => {
    const messages = [{ role: 'user' as const, content: text }];
    let streamed = '';
    for await (const chunk of await openai().chat.completions.create({
      model: 'open/big',
      messages,
      stream: true,
    })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
    }
    expect(streamed).toBe(restored);
    const whole = await openai().chat.completions.create({ model: 'open/big', messages });
    expect(whole.choices[0]?.message.content).toBe(restored);
    const message = await anthropic().messages.create({ model: 'open/big', max_tokens: 50, messages });
    expect(message.content).toMatchObject([{ type: 'text', text: restored }]);
    expect(open.arrived).toHaveLength(3);
    for (const { text: sent } of open.arrived) {
      expect(sent).toContain('Write to [EMAIL_1] about my card [PAYMENT_CARD_1].');
      expect(sent).not.toMatch(/jane@|4111/);
    }
  });

  it('restores the arguments of a call, and says in the ledger what was done', async () => {
    pieces = [];
    callArguments = ['{"to": "[EMAIL', '_1]", "card": [PAYMENT_CARD_1', ']}'];
    const { choices } = await openai().chat.completions.create({
      model: 'open/big',
      messages: [{ role: 'user', content: text }],
      tools: [
        { type: 'function', function: { name: 'send_mail', parameters: { type: 'object', properties: {} } } },
      ],
    });
    const call = choices[0]?.message.tool_calls?.[0];
    expect(JSON.parse(call?.type === 'function' ? call.function.arguments : '')).toEqual({
      to: 'jane@example.com',
      card: '4111 1111 1111 1111',
    });
    const [row] = await far.rows();
    expect(row).toMatchObject({ privacy: 'local_only', answeringModel: 'open/big', status: 200 });
    expect(row?.routeReasons).toContain('redacted: 1 email, 1 payment_card');
    expect(JSON.stringify(row)).not.toMatch(/jane@|4111/);
  });

  it('keeps the placeholders of a session', async () => {
    const headers = { 'x-nearfar-session': 'one' };
    const ask = (content: string) =>
      openai().chat.completions.create(
        { model: 'open/big', messages: [{ role: 'user', content }] },
        { headers },
      );
    await ask('Mail jane@example.com');
    await ask('Mail joe@example.com, then jane@example.com');
    expect(open.arrived[1]?.text).toContain('Mail [EMAIL_2], then [EMAIL_1]');
  });

  it('refuses what was asked to stay, and what cannot be redacted, and sends nothing', async () => {
    const ask = (content: string, headers: Record<string, string> = {}) =>
      openai().chat.completions.create(
        { model: 'open/big', messages: [{ role: 'user', content }] },
        { headers },
      );
    await expect(ask(text, { 'x-nearfar-privacy': 'local_only' })).rejects.toMatchObject({ status: 403 });
    await expect(ask('CONFIDENTIAL: do not share this. We sell on Monday.')).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining('confidential') as string,
    });
    expect(open.arrived).toHaveLength(0);
  });
});
