let waiting: (() => void)[] = [];

/**
 * Runs behind what the sockets bring in this turn of the event loop, together with all else that waits for that. Requests and
 * answers that came at once so go step by step side by side: code that one of them brought into the processor's caches serves
 * the others, and what they write at their ends is written together.
 */
export function afterTurn(act: () => void): void {
  if (waiting.length === 0) setImmediate(actAll);
  waiting.push(act);
}

function actAll(): void {
  const acts = waiting;
  waiting = [];
  for (const act of acts) {
    try {
      act();
    } catch (thrown) {
      // As if it had run by itself: the others go on.
      process.nextTick(() => {
        throw thrown;
      });
    }
  }
}
