import { NearfarError } from '../chat/error.ts';
import { isLastSign } from './engine-job.ts';
import type { EngineJob, JobSign } from './engine-job.ts';
import type { EngineCommand } from './protocol.ts';

export interface JobBoardOptions {
  /** Places for unstarted work in the child's own queue. */
  readonly queueLimit: number;
  /** Jobs that may wait here while there is no child. */
  readonly waitLimit: number;
  /** Seconds that a refused caller should wait. */
  readonly retryAfterSeconds: () => number;
  readonly send: (command: EngineCommand) => void;
}

/**
 * Every job that has not ended: with a child, or waiting for one. A job is on the board exactly as long as it has no
 * end, and it ends through the board alone.
 */
export interface JobBoard {
  /** Jobs that the child holds. */
  readonly sentCount: number;
  readonly isEmpty: boolean;
  /** @throws NearfarError `queue_full` */
  accept(job: EngineJob): void;
  /** A child is ready: what waits is sent. */
  open(): void;
  /** What the child says of one attempt; attempts that nobody waits for any more are ignored. */
  receive(wireId: string, sign: JobSign): void;
  /**
   * The child died. Jobs that it held wait for the next, once, unless their clients have seen a part of the answer;
   * those, and jobs that were on board of two crashes, end with `error`.
   */
  crashed(error: NearfarError): void;
  /** Takes a job off, tells the child to drop it, and ends it with `error`. */
  withdraw(job: EngineJob, error: NearfarError): void;
  failAll(error: NearfarError): void;
  /** Resolves when the board is empty. */
  idle(): Promise<void>;
}

interface Entry {
  readonly job: EngineJob;
  wireId: string | null;
  /** True once the child has said anything of this attempt. */
  isStarted: boolean;
  crashCount: number;
}

const endedByCrashCount = 2;

export function createJobBoard(options: JobBoardOptions): JobBoard {
  /** In order of arrival: a job without `wireId` waits. */
  const entries = new Map<EngineJob, Entry>();
  const sent = new Map<string, Entry>();
  const idleListeners: (() => void)[] = [];
  let isOpen = false;
  let attemptCount = 0;
  let waitingCount = 0;

  function send(entry: Entry): void {
    attemptCount += 1;
    // A name of its own for each attempt: late parts of an old one find nobody.
    const wireId = String(attemptCount);
    entry.wireId = wireId;
    sent.set(wireId, entry);
    options.send(entry.job.command(wireId));
  }

  function remove(entry: Entry): void {
    if (entry.wireId === null) waitingCount -= 1;
    else sent.delete(entry.wireId);
    entries.delete(entry.job);
    if (entries.size > 0) return;
    for (const listener of idleListeners.splice(0)) listener();
  }

  /** Never sends more at once than the child's queue takes: it must not refuse what was accepted here. */
  function dispatch(): void {
    if (!isOpen || waitingCount === 0) return;
    let takenCount = 0;
    for (const entry of sent.values()) if (!entry.isStarted) takenCount += entry.job.placeCount;
    for (const entry of entries.values()) {
      if (waitingCount === 0) return;
      if (entry.wireId !== null) continue;
      // One that is larger than the whole queue goes alone.
      if (takenCount > 0 && takenCount + entry.job.placeCount > options.queueLimit) return;
      waitingCount -= 1;
      send(entry);
      takenCount += entry.job.placeCount;
    }
  }

  return {
    get sentCount() {
      return sent.size;
    },
    get isEmpty() {
      return entries.size === 0;
    },
    accept(job) {
      const entry: Entry = { job, wireId: null, isStarted: false, crashCount: 0 };
      if (isOpen && waitingCount === 0) {
        entries.set(job, entry);
        send(entry);
        return;
      }
      if (waitingCount >= options.waitLimit) {
        throw new NearfarError(
          'queue_full',
          `The model is not ready and ${waitingCount} requests wait for it.`,
          {
            retryAfterSeconds: options.retryAfterSeconds(),
          },
        );
      }
      entries.set(job, entry);
      waitingCount += 1;
    },
    open() {
      isOpen = true;
      dispatch();
    },
    receive(wireId, sign) {
      const entry = sent.get(wireId);
      if (entry === undefined) return;
      entry.isStarted = true;
      if (isLastSign(sign)) remove(entry);
      entry.job.receive(sign);
      dispatch();
    },
    crashed(error) {
      isOpen = false;
      for (const entry of [...sent.values()]) {
        entry.crashCount += 1;
        if (entry.crashCount >= endedByCrashCount || entry.job.isDelivered()) {
          remove(entry);
          entry.job.fail(error);
          continue;
        }
        entry.wireId = null;
        entry.isStarted = false;
        waitingCount += 1;
        entry.job.restart();
      }
      sent.clear();
    },
    withdraw(job, error) {
      const entry = entries.get(job);
      if (entry === undefined) return;
      if (entry.wireId !== null) options.send({ type: 'abort', id: entry.wireId });
      remove(entry);
      job.fail(error);
      dispatch();
    },
    failAll(error) {
      for (const entry of [...entries.values()]) {
        remove(entry);
        entry.job.fail(error);
      }
    },
    async idle() {
      if (entries.size === 0) return;
      await new Promise<void>((resolve) => {
        idleListeners.push(resolve);
      });
    },
  };
}
