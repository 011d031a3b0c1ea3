import { setTimeout as sleep } from 'node:timers/promises';

/** Pauses before the next try, in milliseconds: a gateway that writes lets others in between. */
const pausesMs = [20, 50, 100, 200, 400, 800];

/** Tries again where another process holds the lock of a SQLite file. @throws the last failure, and any other at once */
export async function persistently<Result>(act: () => Promise<Result>): Promise<Result> {
  for (const pauseMs of pausesMs) {
    try {
      return await act();
    } catch (thrown) {
      if (!isLock(thrown)) throw thrown;
      await sleep(pauseMs);
    }
  }
  return act();
}

function isLock(thrown: unknown): boolean {
  return thrown instanceof Error && /database (table )?is (locked|busy)/i.test(thrown.message);
}
