import { describe, expect, it } from 'vitest';
import { fakeLocks } from '../downloads/fakes.ts';
import { collect, fakeChannels, fakeEngine, fakeRequest, textOf, type FakeEngine } from './fakes.ts';
import { createSharedEngine, leaderLock, readyLock } from './shared-engine.ts';
import type { PageEngine } from './engine.ts';

const forever = new AbortController().signal;

interface Tab {
  readonly engine: PageEngine;
  /** Of those that it opened, the last; null: it never led. */
  readonly own: () => FakeEngine | null;
  /** The tab is closed: its locks are free and it hears nothing more. */
  readonly close: () => void;
}

/** Tabs of one browser. */
function browser(wordMs = 1) {
  const shared = fakeLocks();
  const channelOf = fakeChannels();
  return {
    locks: shared,
    tab(name: string): Tab {
      let own: FakeEngine | null = null;
      const channel = channelOf();
      const closed = new AbortController();
      const gone = new Promise<void>((resolve) => {
        closed.signal.addEventListener('abort', () => {
          resolve();
        });
      });
      // What a tab holds ends with it, and what it waits for is never given to it.
      const request = ((lockName: string, options: unknown, run?: (lock: Lock | null) => unknown) => {
        const work = (run ?? options) as (lock: Lock | null) => unknown;
        const given = run === undefined ? {} : (options as LockOptions);
        const signal =
          given.ifAvailable === true
            ? {}
            : { signal: AbortSignal.any([closed.signal, ...(given.signal ? [given.signal] : [])]) };
        const asked = shared.request(lockName, { ...given, ...signal }, (lock) =>
          Promise.race([work(lock), gone]),
        );
        asked.catch(() => undefined);
        return asked;
      }) as LockManager['request'];
      return {
        engine: createSharedEngine({
          key: 'model',
          tab: name,
          open: () => (own = fakeEngine(name, wordMs)),
          locks: { request },
          channel,
        }),
        own: () => own,
        close() {
          channel.close();
          closed.abort();
        },
      };
    },
  };
}

describe('one model for all tabs', () => {
  it('answers them all, is loaded once, and passes progress on', async () => {
    const open = browser();
    const { locks } = open;
    const [a, b, c] = ['a', 'b', 'c'].map((name) => open.tab(name));
    const fractions: number[] = [];
    await a!.engine.load(() => undefined, forever);
    await b!.engine.load(({ fraction }) => fractions.push(fraction), forever);
    const answers = await Promise.all(
      [a, b, c].map((each, index) => collect(each!.engine.chat(fakeRequest(`question ${index}`), forever))),
    );
    expect(answers.map(textOf)).toEqual(['a question 0 ', 'a question 1 ', 'a question 2 ']);
    expect(answers.map((parts) => parts.at(-1)?.type)).toEqual(['finish', 'finish', 'finish']);
    expect(fractions).toEqual([0.5, 1]);
    expect([b!.own(), c!.own()]).toEqual([null, null]);
    expect(await c!.engine.countTokens(fakeRequest().input, forever)).toBe(7);
    await expect(
      b!.engine.embed({ task: { kind: 'rank', query: '', documents: [] } } as never, forever),
    ).rejects.toMatchObject({ kind: 'unsupported', field: 'input' });
    const { held = [] } = await locks.query();
    expect(held.map(({ name }) => name)).toEqual(
      expect.arrayContaining([leaderLock('model'), readyLock('model')]),
    );
  });

  it('is aborted by whoever asked, and by nobody else', async () => {
    const open = browser(5);
    const [a, b] = ['a', 'b'].map((name) => open.tab(name));
    await a!.engine.load(() => undefined, forever);
    const stop = new AbortController();
    const mine = collect(b!.engine.chat(fakeRequest('mine is a long long question'), stop.signal));
    const other = collect(a!.engine.chat(fakeRequest('other'), forever));
    setTimeout(() => {
      stop.abort();
    }, 15);
    expect((await mine).at(-1)).toMatchObject({ type: 'error', error: { kind: 'aborted' } });
    expect((await other).at(-1)?.type).toBe('finish');
  });

  it('stops when the reader leaves early', async () => {
    const open = browser(5);
    const [a, b] = ['a', 'b'].map((name) => open.tab(name));
    await a!.engine.load(() => undefined, forever);
    for await (const part of b!.engine.chat(fakeRequest('one two three four five six'), forever))
      if (part.type === 'text-delta') break;
    await expect.poll(() => a!.own()?.events).toContain('aborted one two three four five six');
  });

  it('goes over to the next tab when its own is closed: begun answers end, the others are asked anew', async () => {
    const open = browser(10);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => open.tab(name));
    await a!.engine.load(() => undefined, forever);
    let heard = (): void => undefined;
    const isBegun = new Promise<void>((resolve) => (heard = resolve));
    const begun = (async () => {
      const parts = [];
      for await (const part of b!.engine.chat(fakeRequest('a b c d e f g h i j k l'), forever)) {
        parts.push(part);
        if (part.type === 'text-delta') heard();
      }
      return parts;
    })();
    await isBegun;
    // Asked, and not heard any more.
    a!.close();
    const unheard = collect(c!.engine.chat(fakeRequest('late'), forever));
    expect((await begun).at(-1)).toMatchObject({
      type: 'error',
      error: { kind: 'unavailable', retryable: true },
    });
    expect(textOf(await unheard)).toBe('b late ');
    expect(textOf(await collect(b!.engine.chat(fakeRequest('again'), forever)))).toBe('b again ');
    expect(c!.own()).toBeNull();
  });

  it('gives up what a closed tab had asked', async () => {
    const open = browser(5);
    const [a, b] = ['a', 'b'].map((name) => open.tab(name));
    await a!.engine.load(() => undefined, forever);
    const asked = b!.engine.chat(fakeRequest('x '.repeat(200).trim()), forever);
    const reader = asked[Symbol.asyncIterator]();
    await reader.next();
    b!.close();
    await expect.poll(() => a!.own()?.events.some((event) => event.startsWith('aborted'))).toBe(true);
  });

  it('is let go by dispose, and the next tab has it', async () => {
    const open = browser();
    const [a, b] = ['a', 'b'].map((name) => open.tab(name));
    await a!.engine.load(() => undefined, forever);
    expect(textOf(await collect(b!.engine.chat(fakeRequest('one'), forever)))).toBe('a one ');
    await a!.engine.dispose();
    expect(a!.own()?.events).toContain('dispose');
    expect(textOf(await collect(b!.engine.chat(fakeRequest('two'), forever)))).toBe('b two ');
    // Who left may come back, as one of the others.
    expect(textOf(await collect(a!.engine.chat(fakeRequest('three'), forever)))).toBe('b three ');
  });
});
