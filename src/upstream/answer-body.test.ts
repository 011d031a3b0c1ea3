import { describe, expect, it, vi } from 'vitest';
import { AnswerBody } from './answer-body.ts';

const chunk = (text: string): Uint8Array => Buffer.from(text);

function open() {
  const source = { pause: vi.fn(), resume: vi.fn(), abort: vi.fn() };
  return { source, body: new AnswerBody(source) };
}

async function read(body: AnswerBody): Promise<string> {
  let text = '';
  for await (const bytes of body) text += Buffer.from(bytes).toString();
  return text;
}

describe('the body of an upstream’s answer', () => {
  it('gives every chunk in order, read before or after it came', async () => {
    const { source, body } = open();
    body.push(chunk('a'));
    const all = read(body);
    await Promise.resolve();
    body.push(chunk('b'));
    body.push(chunk('c'));
    body.finish();
    expect(await all).toBe('abc');
    expect(source.abort).not.toHaveBeenCalled();
  });

  it('gives what came at once, or while nobody read, as one chunk', async () => {
    const { body } = open();
    const first = body.next();
    body.push(chunk('a'));
    body.push(chunk('b'));
    expect((await first).value).toEqual(chunk('ab'));
    body.push(chunk('c'));
    await Promise.resolve();
    body.push(chunk('d'));
    body.finish();
    expect((await body.next()).value).toEqual(chunk('cd'));
    expect((await body.next()).done).toBe(true);
  });

  it('holds the upstream up while nobody reads', async () => {
    const { source, body } = open();
    const large = new Uint8Array(40 * 1024);
    body.push(large);
    expect(source.pause).not.toHaveBeenCalled();
    body.push(large);
    expect(source.pause).toHaveBeenCalledTimes(1);
    await body.next();
    expect(source.resume).toHaveBeenCalledTimes(1);
  });

  it('gives what came before it failed', async () => {
    const { body } = open();
    body.push(chunk('a'));
    body.fail(new Error('cut'));
    body.finish();
    expect((await body.next()).value).toEqual(chunk('a'));
    await expect(body.next()).rejects.toThrow('cut');
    const waiting = open().body;
    const next = waiting.next();
    waiting.fail(new Error('cut'));
    await expect(next).rejects.toThrow('cut');
  });

  it('cuts the connection where its reader leaves early, and only there', async () => {
    const early = open();
    const waiting = early.body.next();
    await early.body.return();
    expect(early.source.abort).toHaveBeenCalledTimes(1);
    expect((await waiting).done).toBe(true);
    const late = open();
    late.body.finish();
    await late.body.return();
    expect(late.source.abort).not.toHaveBeenCalled();
  });

  it('is read to its end to free the connection, unless that would take too long', async () => {
    const short = open();
    short.body.push(chunk('rest'));
    short.body.finish();
    await short.body.dump({ limit: 10 });
    expect(short.source.abort).not.toHaveBeenCalled();
    const long = open();
    long.body.push(chunk('much more than that'));
    await long.body.dump({ limit: 10 });
    expect(long.source.abort).toHaveBeenCalledTimes(1);
  });
});
