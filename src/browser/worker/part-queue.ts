/** What a callback brings, read as a stream. */
export interface PartQueue<Item> {
  push(item: Item): void;
  /** Nothing more comes. With an error the stream throws it behind what is there. */
  end(error?: Error): void;
  read(): AsyncGenerator<Item, void, undefined>;
}

export function createPartQueue<Item>(): PartQueue<Item> {
  const items: Item[] = [];
  let ended: { readonly error: Error | undefined } | null = null;
  let wake = (): void => undefined;
  return {
    push(item) {
      items.push(item);
      wake();
    },
    end(error) {
      ended ??= { error };
      wake();
    },
    async *read() {
      for (;;) {
        while (items.length > 0) yield items.shift() as Item;
        if (ended !== null) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
