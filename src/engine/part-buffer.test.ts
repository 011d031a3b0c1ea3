import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import { createPartBuffer } from './part-buffer.ts';

const start: ChatPart = {
  type: 'start',
  model: 'm',
  grade: 'ungraded',
  promptTokenCount: 3,
  cachedTokenCount: 0,
};
const finish: ChatPart = {
  type: 'finish',
  usage: { promptTokenCount: 3, cachedTokenCount: 0, completionTokenCount: 2 },
  timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
};
function text(value: string, choice = 0): ChatPart {
  return { type: 'text-delta', choice, text: value };
}

describe('a part buffer', () => {
  it('hands parts on as they come, and the end once', async () => {
    const buffer = createPartBuffer({ isStreamed: true });
    const first = buffer.take();
    buffer.push(start);
    expect(await first).toEqual(start);
    buffer.push(text('a'));
    expect(await buffer.take()).toEqual(text('a'));
    buffer.push(finish);
    buffer.push({ type: 'error', error: new NearfarError('aborted', 'late') });
    buffer.push(text('late'));
    expect(await buffer.take()).toEqual(finish);
    expect(await buffer.take()).toBeNull();
    expect(await buffer.take()).toBeNull();
  });

  it('joins what waits, with its logprobs, and keeps choices apart and their ends last', async () => {
    const buffer = createPartBuffer({ isStreamed: true });
    const logprob = { token: 1, bytes: [97], logprob: -1, top: [] };
    buffer.push({ type: 'text-delta', choice: 0, text: 'a', logprobs: [logprob] });
    buffer.push(text('x', 1));
    buffer.push({ type: 'text-delta', choice: 0, text: 'b', logprobs: [logprob] });
    buffer.push({ type: 'choice-end', choice: 0, reason: 'stop' });
    buffer.push(text('y', 1));
    expect(await buffer.take()).toEqual({
      type: 'text-delta',
      choice: 0,
      text: 'ab',
      logprobs: [logprob, logprob],
    });
    expect(await buffer.take()).toEqual(text('xy', 1));
    expect((await buffer.take())?.type).toBe('choice-end');
  });

  it('joins pieces of one kind only, so that reasoning, text and calls stay in order', async () => {
    const buffer = createPartBuffer({ isStreamed: true });
    const choice = 0;
    const argue = (call: number, json: string): ChatPart => ({
      type: 'tool-call-delta',
      choice,
      call,
      arguments: json,
    });
    const begin = (call: number): ChatPart => ({
      type: 'tool-call-start',
      choice,
      call,
      id: `${call}`,
      name: 'f',
    });
    const end = (call: number): ChatPart => ({ type: 'tool-call-end', choice, call });
    const thought = (value: string): ChatPart => ({ type: 'reasoning-delta', choice, text: value });
    const pushed = [
      thought('a'),
      thought('b'),
      text('c'),
      begin(0),
      argue(0, '{'),
      argue(0, '}'),
      end(0),
      text('d'),
    ];
    for (const part of [...pushed, begin(1), end(1), finish]) {
      buffer.push(part);
      // Another choice in between changes nothing.
      if (part.type !== 'finish') buffer.push(text('x', 1));
    }
    const taken: ChatPart[] = [];
    for (let part = await buffer.take(); part !== null; part = await buffer.take()) taken.push(part);
    expect(taken.filter((part) => !('choice' in part) || part.choice === 0)).toEqual([
      thought('ab'),
      text('c'),
      begin(0),
      argue(0, '{}'),
      end(0),
      text('d'),
      begin(1),
      end(1),
      finish,
    ]);
    expect(taken).toContainEqual(text('x'.repeat(pushed.length + 2), 1));
  });

  it('forgets what nobody took when the request runs again, and does not start twice', async () => {
    const buffer = createPartBuffer({ isStreamed: true });
    buffer.push(start);
    expect(await buffer.take()).toEqual(start);
    buffer.push(text('lost'));
    expect(buffer.delivered).toBe(false);
    buffer.restart();
    buffer.push(start);
    buffer.push(text('kept'));
    expect(await buffer.take()).toEqual(text('kept'));
    expect(buffer.delivered).toBe(true);
  });

  it('hands nothing but the start of a whole answer on before its end', async () => {
    const buffer = createPartBuffer({ isStreamed: false });
    buffer.push(start);
    expect(await buffer.take()).toEqual(start);
    let isTaken = false;
    const next = buffer.take().then((part) => {
      isTaken = true;
      return part;
    });
    buffer.push(text('lost'));
    await new Promise((resolve) => setImmediate(resolve));
    expect([isTaken, buffer.delivered]).toEqual([false, false]);
    buffer.restart();
    buffer.push(start);
    buffer.push(text('ke'));
    buffer.push(text('pt'));
    buffer.push(finish);
    expect(await next).toEqual(text('kept'));
    expect(await buffer.take()).toEqual(finish);
    expect(await buffer.take()).toBeNull();
  });

  it('keeps every character in order, and never holds more than a few parts', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('push' as const),
        choice: fc.nat(2),
        value: fc.string({ maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('take' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const buffer = createPartBuffer({ isStreamed: true });
        const pushed = ['', '', ''];
        const taken = ['', '', ''];
        function record(part: ChatPart | null): void {
          if (part?.type === 'text-delta') taken[part.choice] = `${taken[part.choice] ?? ''}${part.text}`;
        }
        let pushCount = 0;
        let takeCount = 0;
        for (const action of steps) {
          if (action.kind === 'push') {
            buffer.push(text(action.value, action.choice));
            pushed[action.choice] = `${pushed[action.choice] ?? ''}${action.value}`;
            pushCount += 1;
          } else if (pushed.join('').length > taken.join('').length) {
            record(await buffer.take());
            takeCount += 1;
          }
        }
        buffer.push(finish);
        let restCount = 0;
        for (let part = await buffer.take(); part !== null; part = await buffer.take()) {
          record(part);
          restCount += 1;
        }
        expect(taken).toEqual(pushed);
        expect(restCount).toBeLessThanOrEqual(4);
        expect(takeCount + restCount).toBeLessThanOrEqual(pushCount + 1);
      }),
    );
  });
});
