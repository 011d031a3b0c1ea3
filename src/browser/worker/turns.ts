import { NearfarError } from '../../chat/error.ts';

/** A model in a page does one thing at a time; the others wait in the order in which they came. */
export interface Turns {
  /** @returns what ends the turn. @throws NearfarError `aborted` where it was given up while it waited */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return {
    async take(signal) {
      const before = last;
      let end = (): void => undefined;
      const mine = new Promise<void>((resolve) => {
        end = resolve;
      });
      last = before.then(() => mine);
      let giveUp = (): void => undefined;
      const left = new Promise<void>((resolve) => {
        giveUp = resolve;
        signal.addEventListener('abort', giveUp, { once: true });
      });
      if (!signal.aborted) await Promise.race([before, left]);
      signal.removeEventListener('abort', giveUp);
      if (signal.aborted) {
        end();
        throw new NearfarError('aborted', 'It was aborted.');
      }
      return end;
    },
  };
}
