/**
 * What was read ahead of a stream, and then the rest of it. Unlike a generator that yields both, giving it up before
 * anything was read gives up the stream too.
 */
export function heldStream<Item>(
  held: readonly Item[],
  source: AsyncGenerator<Item, void, undefined>,
): AsyncIterableIterator<Item, undefined> {
  let index = 0;
  return {
    async next() {
      if (index >= held.length) {
        const result = await source.next();
        return result.done === true ? { done: true, value: undefined } : result;
      }
      index += 1;
      return { done: false, value: held[index - 1] as Item };
    },
    async return() {
      index = held.length;
      await source.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
