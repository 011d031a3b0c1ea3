import type { AdapterGroups } from './adapter-groups.ts';
import type { AdapterLease } from './adapter-store.ts';
import type { CellHold } from './cell-hold.ts';
import type { Decoder } from './decoder.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { StepWork } from './step-cost.ts';
import type { PromptSize } from './voice-desk.ts';

/** A voice prompt that was refused. */
export interface RefusedPrompt {
  readonly salt: string;
  readonly mayPersist: boolean;
  readonly tokens: readonly number[];
  /** Its adapter is held until it was read. */
  readonly lease: AdapterLease | null;
}

/**
 * Reads the last refused voice prompt where nobody waits, in the steps that it would have had. So who asks again, as the
 * refusal says, finds it read; and what a step of its width and its adapter takes now is known, which refusals alone would
 * never teach.
 */
export interface VoiceRehearsal {
  /** In the place of an earlier one. */
  offer(prompt: RefusedPrompt): void;
  /** Whether there is anything to be read. */
  readonly isBusy: boolean;
  /**
   * One step of it; false where there is none, or it would take more than so many milliseconds. Without a limit only where
   * nothing runs or waits.
   */
  step(limitMs?: number): boolean;
  /** What was read so far stays as a prefix, and what was offered is forgotten. To be called before anybody else is computed. */
  stop(): void;
  /** The same, but that what was offered and not begun stays. */
  interrupt(): void;
}

export interface VoiceRehearsalOptions {
  readonly decoder: Decoder;
  readonly cache: PrefixCache;
  readonly groups: AdapterGroups;
  readonly now: () => number;
  readonly expectedMs: (size: PromptSize) => number;
  /** What a step took over what was expected of it. */
  readonly onError: (errorMs: number) => void;
  /** Who does not ask again for so long has gone; 5 s where absent, which is for who heard no. */
  readonly longestWaitMs?: number;
}

interface Reading extends RefusedPrompt {
  readonly hold: CellHold;
  computedCount: number;
}

export function createVoiceRehearsal(options: VoiceRehearsalOptions): VoiceRehearsal {
  const { decoder, cache, groups, now, longestWaitMs = 5000 } = options;
  let offered: (RefusedPrompt & { readonly at: number }) | null = null;
  let reading: Reading | null = null;

  function withdraw(): void {
    offered?.lease?.release();
    offered = null;
  }

  function interrupt(): void {
    if (reading === null) return;
    const { hold, tokens, computedCount, lease } = reading;
    reading = null;
    cache.release(hold, { tokens, computedCount });
    lease?.release();
  }

  function stop(): void {
    withdraw();
    interrupt();
  }

  /** Of what is begun or would be. */
  function nextMs(): number {
    const prompt = reading ?? offered;
    if (prompt === null) return 0;
    const { salt, tokens, lease } = prompt;
    const cachedTokenCount = reading?.computedCount ?? cache.probe(salt, tokens).matchedTokenCount;
    const uncachedTokenCount = Math.min(decoder.batchTokenCount, tokens.length - cachedTokenCount);
    return options.expectedMs({ uncachedTokenCount, cachedTokenCount, group: lease?.adapter.key ?? '' });
  }

  /** Nothing that is kept leaves for it. */
  function begin(): Reading | null {
    if (offered === null) return null;
    const prompt = offered;
    offered = null;
    const { salt, mayPersist, tokens } = prompt;
    const { matchedTokenCount, hostTokenCount } = cache.probe(salt, tokens);
    const needed = tokens.length - matchedTokenCount + hostTokenCount;
    const isLate = now() - prompt.at > longestWaitMs;
    const hold = isLate || needed > cache.freeCellCount ? null : cache.acquire(salt, tokens, mayPersist);
    if (hold === null) {
      prompt.lease?.release();
      return null;
    }
    return { ...prompt, hold, computedCount: hold.cachedTokenCount };
  }

  return {
    offer(prompt) {
      withdraw();
      offered = { ...prompt, at: now() };
    },
    get isBusy() {
      return offered !== null || reading !== null;
    },
    step(limitMs = Infinity) {
      if (limitMs < Infinity && nextMs() > limitMs) return false;
      reading ??= begin();
      if (reading === null) return false;
      const { tokens, computedCount, hold } = reading;
      const adapter = reading.lease?.adapter ?? null;
      const tokenCount = Math.min(decoder.batchTokenCount, tokens.length - computedCount);
      const group = adapter?.key ?? '';
      const expectedMs = options.expectedMs({
        uncachedTokenCount: tokenCount,
        cachedTokenCount: computedCount,
        group,
      });
      const work: StepWork = {
        tokenCount,
        readPairCount: tokenCount * computedCount,
        cellCount: cache.usedCellCount,
      };
      const wasMeasured = groups.isMeasured(group);
      groups.applyAdapter(adapter);
      decoder.clearBatch();
      let row = -1;
      for (let position = computedCount; position < computedCount + tokenCount; position++)
        row = decoder.addToken(
          tokens[position] ?? 0,
          position,
          hold.sequence,
          position === tokens.length - 1,
        );
      const startedAt = now();
      const outcome = decoder.decode();
      if (outcome === 'failed') throw new Error('the decoder failed and its state is unknown');
      if (outcome === 'no_cells') {
        interrupt();
        return true;
      }
      reading.computedCount += tokenCount;
      cache.setTail(hold, hold.tailTokenCount + tokenCount);
      const isOver = reading.computedCount === tokens.length;
      // Reading them waits for the computation.
      if (isOver) decoder.logits(row);
      const milliseconds = now() - startedAt;
      groups.learn(work, milliseconds);
      if (isOver) interrupt();
      // Of an adapter that was only guessed at, nothing could be wrong.
      if (isOver && wasMeasured) options.onError(milliseconds - expectedMs);
      return true;
    },
    stop,
    interrupt,
  };
}
