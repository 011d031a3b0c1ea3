import { NearfarError } from '../../chat/error.ts';
import { createAnswerer, type Answerer } from './answerer.ts';
import { createAsker } from './asker.ts';
import type { FromEngine, PageEngine, ToEngine } from './engine.ts';

export interface SharedEngineOptions {
  /** The same in all tabs that may share; another model has another. */
  readonly key: string;
  /** Opens the model in this tab's worker; called only where this tab leads. */
  readonly open: () => PageEngine;
  readonly locks: Pick<LockManager, 'request'>;
  /** A channel to all tabs of the origin. */
  readonly channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;
  /** Unique among tabs. */
  readonly tab: string;
}

type Heard =
  | { readonly from: string; readonly type: 'leads' }
  | { readonly from: string; readonly type: 'to-leader'; readonly message: ToEngine }
  | { readonly from: string; readonly to: string; readonly type: 'to-tab'; readonly message: FromEngine };

/** Held by whoever has the model in memory or is loading it. */
export function leaderLock(key: string): string {
  return `nearfar:model:${key}`;
}

/** Held beside it while the model is in memory. */
export function readyLock(key: string): string {
  return `nearfar:ready:${key}`;
}

function tabLock(key: string, tab: string): string {
  return `nearfar:tab:${key}:${tab}`;
}

/**
 * One model for all tabs of an origin: the tab that holds a Web Lock has it in its worker and answers for the others through a
 * BroadcastChannel; the others wait in the lock's queue, and the next one leads when it goes. What the one before had not begun
 * to answer is asked anew; what it had ends in an error that may be tried again. A lock of each tab's own tells the leader
 * that it is gone, so that nothing is generated for nobody. Nothing of this leaves the device.
 *
 * Browsers do not freeze tabs that hold a lock, and do not slow down workers of tabs in the background.
 */
export function createSharedEngine({ key, open, locks, channel, tab }: SharedEngineOptions): PageEngine {
  /** Where asks arrive once this tab leads. */
  let door: Answerer | null = null;
  /** This tab's part in it: waiting or leading. Null before the first ask and after `dispose`. */
  let membership: Membership | null = null;
  const others = new Map<string, Answerer>();

  const post = (message: Heard): void => {
    channel.postMessage(message);
  };
  const asker = createAsker((message) => {
    if (door === null) post({ from: tab, type: 'to-leader', message });
    else door.receive(message);
  });

  channel.onmessage = ({ data }: MessageEvent<Heard>) => {
    if (data.type === 'leads') asker.askAgain(asker.lose(leaderGone()));
    else if (data.type === 'to-tab') {
      if (data.to === tab) asker.receive(data.message);
    } else answererOf(data.from)?.receive(data.message);
  };

  function answererOf(from: string): Answerer | null {
    const engine = membership?.engine ?? null;
    if (engine === null) return null;
    const found = others.get(from);
    if (found !== undefined) return found;
    const made = createAnswerer(engine, (message) => {
      post({ from: tab, to: from, type: 'to-tab', message });
    });
    others.set(from, made);
    // Granted when that tab is gone.
    void locks.request(tabLock(key, from), () => {
      made.close();
      others.delete(from);
    });
    return made;
  }

  function lead(member: Membership): void {
    member.engine = withReadyLock(open(), () => {
      member.holdReady();
    });
    door = createAnswerer(member.engine, (message) => {
      asker.receive(message);
    });
    const unbegun = asker.lose(leaderGone());
    // Told before anything is answered: who had asked the one before asks again.
    post({ from: tab, type: 'leads' });
    asker.askAgain(unbegun);
  }

  function join(): Promise<void> {
    if (membership !== null) return membership.joined;
    const left = new AbortController();
    const untilLeft = new Promise<void>((resolve) => {
      left.signal.addEventListener('abort', () => {
        resolve();
      });
    });
    let isReadyHeld = false;
    const member: Membership = {
      engine: null,
      joined: Promise.resolve(),
      leave: () => {
        left.abort();
      },
      holdReady() {
        if (isReadyHeld) return;
        isReadyHeld = true;
        void locks.request(readyLock(key), { mode: 'shared' }, () => untilLeft);
      },
    };
    membership = member;
    const isHere = new Promise<void>((resolve) => {
      void locks.request(tabLock(key, tab), () => {
        resolve();
        return untilLeft;
      });
    });
    const isPlaced = new Promise<void>((resolve) => {
      const leadUntilLeft = (): Promise<void> => {
        // Who left meanwhile lets go of the lock at once.
        if (!left.signal.aborted) lead(member);
        resolve();
        return untilLeft;
      };
      void locks.request(leaderLock(key), { ifAvailable: true }, async (lock) => {
        if (lock !== null) return leadUntilLeft();
        // Somebody leads: this tab waits in the queue, and asks the leader meanwhile.
        resolve();
        locks.request(leaderLock(key), { signal: left.signal }, leadUntilLeft).catch(() => undefined);
        return undefined;
      });
    });
    member.joined = Promise.all([isHere, isPlaced]).then(() => undefined);
    return member.joined;
  }

  return {
    async load(onProgress, signal) {
      await join();
      return asker.load(onProgress, signal);
    },
    async *chat(request, signal) {
      await join();
      yield* asker.chat(request, signal);
    },
    async embed(request, signal) {
      await join();
      return asker.embed(request, signal);
    },
    async countTokens(input, signal) {
      await join();
      return asker.countTokens(input, signal);
    },
    async dispose() {
      const member = membership;
      if (member === null) return;
      membership = null;
      door?.close();
      door = null;
      for (const answerer of others.values()) answerer.close();
      others.clear();
      await member.engine?.dispose();
      // Only now: the next one must not load beside what is still in memory.
      member.leave();
    },
  };
}

interface Membership {
  /** Null: another tab leads. */
  engine: PageEngine | null;
  /** Settles when it is known who leads. */
  joined: Promise<void>;
  leave(): void;
  holdReady(): void;
}

/** Says when the model is in memory, by whatever way it came there. */
function withReadyLock(engine: PageEngine, onReady: () => void): PageEngine {
  return {
    async load(onProgress, signal) {
      await engine.load(onProgress, signal);
      onReady();
    },
    async *chat(request, signal) {
      for await (const part of engine.chat(request, signal)) {
        if (part.type === 'start') onReady();
        yield part;
      }
    },
    embed: (request, signal) => engine.embed(request, signal),
    countTokens: (input, signal) => engine.countTokens(input, signal),
    dispose: () => engine.dispose(),
  };
}

function leaderGone(): NearfarError {
  return new NearfarError('unavailable', 'The tab that ran the model was closed.', { retryable: true });
}
