import { describe, expect, test } from 'vitest';
import { createKeyedHash } from '../promptcache/keyed-hash.ts';
import { createScanRequest, nothingFound } from './scan-request.ts';
import { createScanText, type ScanText } from './scan-text.ts';

const hash = createKeyedHash(new Uint8Array(32));
const scanner = (scan: ScanText = createScanText(), keptCount?: number) =>
  createScanRequest({ scan, hash, ...(keptCount === undefined ? {} : { keptCount }) });
const user = (content: string) => ({ messages: [{ role: 'user', content }] });

describe('the scan of a request', () => {
  test('finds in every place', async () => {
    const scan = scanner();
    const mail = 'jane.roe@example.com';
    const places: readonly object[] = [
      user(`Write to ${mail}`),
      { messages: [{ role: 'assistant', content: null, tool_calls: [{ id: mail, type: 'function' }] }] },
      {
        messages: [
          { role: 'assistant', tool_calls: [{ function: { name: 'a', arguments: `{"to":"${mail}"}` } }] },
        ],
      },
      { messages: [{ role: 'tool', tool_call_id: 'x', content: `{"found":["${mail}"]}` }] },
      { messages: [{ role: 'user', content: [{ type: 'text', text: mail }] }] },
      { messages: [{ role: 'user', name: mail, content: 'Hi' }] },
      { messages: [{ role: 'assistant', reasoning_content: `It is ${mail}`, content: 'Yes' }] },
      { tools: [{ function: { name: 'a', parameters: { properties: { [mail]: { type: 'string' } } } } }] },
      { tools: [{ function: { parameters: { properties: { to: { enum: ['a', mail] } } } } }] },
      { response_format: { json_schema: { name: 'x', schema: { description: mail } } } },
      { metadata: { customer: mail } },
      { metadata: { [mail]: true } },
      { user: mail },
      { stop: [mail] },
      { prompt: `about ${mail}`, suffix: 'end' },
      { input: ['one', mail] },
      { system: [{ type: 'text', text: `You help ${mail}` }] },
      user(`Decode %6Aane.roe%40example.com`),
    ];
    for (const place of places)
      expect(await scan(place), JSON.stringify(place)).toMatchObject({ detectors: ['email'] });
    const encoded = Buffer.from(`the address is ${mail}`).toString('base64');
    expect((await scan(user(encoded))).detectors).toHaveLength(1);
    expect(await scan(user('What is the sum of 2 and 3?'))).toBe(nothingFound);
  });

  test('names that programs give open nothing; a number that is one does', async () => {
    const scan = scanner();
    const id = 'call_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY';
    expect(await scan({ messages: [{ role: 'tool', tool_call_id: id, content: 'done' }] })).toBe(
      nothingFound,
    );
    expect(
      await scan({ metadata: { user_id: `user_${'a1B2c3D4'.repeat(8)}_session_1` }, messages: [] }),
    ).toBe(nothingFound);
    expect(await scan({ user: '4111111111111111' })).toMatchObject({ detectors: ['payment_card'] });
    expect(await scan({ user: 'ghp_0123456789abcdefghijABCDEFGHIJ012345' })).toMatchObject({
      detectors: ['secret.github'],
    });
  });

  test('a detector that fails is sensitive, and so is a scan that does', async () => {
    const broken = createScanText({
      detectors: [
        {
          name: 'broken',
          find: () => {
            throw new Error('out of order');
          },
        },
      ],
    });
    expect(await scanner(broken)(user('anything'))).toMatchObject({
      detectors: ['broken.failed'],
      hasFailed: true,
    });
    const none: ScanText = () => {
      throw new Error('out of order');
    };
    expect(await scanner(none)(user('anything'))).toMatchObject({
      detectors: ['scan.failed'],
      hasFailed: true,
    });
  });

  test('a text is read once, however often it comes', async () => {
    const read: string[] = [];
    const scan = scanner((text) => {
      read.push(text);
      return [];
    });
    const messages = [{ role: 'user', content: 'One' }];
    for (const more of ['Two', 'Three']) {
      messages.push({ role: 'assistant', content: more });
      await scan({ messages });
    }
    expect(read).toEqual(['One', 'Two', 'Three']);
  });

  test('what was read is let go beyond the bound, oldest first', async () => {
    let count = 0;
    const scan = scanner(() => {
      count += 1;
      return [];
    }, 4);
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await scan(user(text));
    // b was let go for c, for a had come again meanwhile.
    expect(count).toBe(4);
  });

  test('a long text is read in pieces, and nothing is lost between them', async () => {
    const mail = 'jane.roe@example.com';
    for (const at of [32_768, 32_768 - 512, 32_760, 64_000]) {
      const text = `${'word '.repeat(Math.ceil(at / 5)).slice(0, at - 10)} ${mail} ${'word '.repeat(9000)}`;
      expect(await scanner()(user(text)), String(at)).toMatchObject({ detectors: ['email'] });
    }
  });
});
