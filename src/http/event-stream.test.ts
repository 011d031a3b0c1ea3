import { describe, expect, it, vi } from 'vitest';
import { createEventStream, type ItemReader } from './event-stream.ts';

const limits = { slowClientMs: 10_000, keepAliveCommentMs: 10_000 };

function readerOf(
  items: readonly string[],
): ItemReader<string> & { readonly taken: () => number; closed: boolean } {
  let next = 0;
  return {
    closed: false,
    taken: () => next,
    async read() {
      return items[next++] ?? null;
    },
    close() {
      this.closed = true;
    },
  };
}

const base = { encode: (item: string) => item, keepAliveText: null, limits, disconnect: null };

describe('createEventStream', () => {
  it('sends all items in order and ends', async () => {
    const reader = readerOf(['a', '', 'bé', 'c']);
    const stream = createEventStream({ ...base, reader, onAbandoned: vi.fn() });
    expect(await new Response(stream).text()).toBe('abéc');
  });

  it('takes an item only when the reader has room for it', async () => {
    const reader = readerOf(Array.from({ length: 100 }, () => 'x'));
    const stream = createEventStream({ ...base, reader, onAbandoned: vi.fn() }).getReader();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(reader.taken()).toBe(0);
    await stream.read();
    await stream.read();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(reader.taken()).toBeLessThanOrEqual(3);
    await stream.cancel();
  });

  it('tells once when the client goes away, and lets go of the source', async () => {
    const reader = readerOf(['a', 'b']);
    const onAbandoned = vi.fn();
    const stream = createEventStream({ ...base, reader, onAbandoned }).getReader();
    await stream.read();
    await stream.cancel();
    expect(onAbandoned).toHaveBeenCalledTimes(1);
    expect(reader.closed).toBe(true);
  });

  it('drops a reader that stalls, through its connection where there is one', async () => {
    for (const disconnect of [null, vi.fn()]) {
      const reader = readerOf(['a', 'b', 'c']);
      const onAbandoned = vi.fn();
      const stream = createEventStream({
        ...base,
        reader,
        onAbandoned,
        disconnect,
        limits: { slowClientMs: 20, keepAliveCommentMs: 10_000 },
      }).getReader();
      await stream.read();
      await vi.waitFor(() => {
        expect(onAbandoned).toHaveBeenCalledTimes(1);
      });
      if (disconnect === null) await expect(stream.read()).rejects.toThrow('stopped reading');
      else expect(disconnect).toHaveBeenCalledTimes(1);
    }
  });

  it('sends comments while the source is silent, and never drops a client that waits', async () => {
    let release: (() => void) | undefined;
    const reader: ItemReader<string> = {
      read: () =>
        new Promise((resolve) => {
          release = () => {
            resolve(null);
          };
        }),
      close: vi.fn(),
    };
    const onAbandoned = vi.fn();
    const stream = createEventStream({
      ...base,
      reader,
      onAbandoned,
      keepAliveText: ': w\n\n',
      limits: { slowClientMs: 20, keepAliveCommentMs: 15 },
    }).getReader();
    for (let count = 0; count < 4; count++) {
      expect(new TextDecoder().decode((await stream.read()).value)).toBe(': w\n\n');
    }
    const last = stream.read();
    release?.();
    expect((await last).done).toBe(true);
    expect(onAbandoned).not.toHaveBeenCalled();
  });
});
