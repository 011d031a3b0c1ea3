import { oldestEntryOf } from '../cache/oldest-entry.ts';
import type { CacheRules } from './cache-rules.ts';
import type { HashedBlock } from './prefix-hashes.ts';

/**
 * What the same prompts would cost if everything were marked, as clients do who think of nothing: at Anthropic for five
 * minutes the last tool, the end of the system text and the last two turns of the user; at OpenAI the end of the prompt,
 * which it writes by itself. Nothing is asked for it: the provider's rules say what it would hold.
 */
export interface EverythingMarked {
  /** Takes the next prompt in. @param at milliseconds since the epoch, in the order of their times */
  ask(prompt: RivalPrompt, at: number): RivalBill;
}

export interface RivalPrompt {
  readonly modelId: string;
  readonly blocks: readonly HashedBlock[];
  /** Tokens from the beginning to the end of each block, and its position, as a provider counts when it looks back. */
  readonly places: readonly { readonly tokenCount: number; readonly position: number }[];
  readonly tokenCount: number;
  readonly rules: CacheRules;
}

export interface RivalBill {
  /** In plain prompt tokens. */
  readonly cost: number;
  /** Where the marks stand: indexes of blocks. */
  readonly marked: readonly number[];
  /** The prompt was refused, so that nothing would be held of it either. */
  undo(): void;
}

const heldLimit = 20_000;
/** Turns of the user that are marked. */
const markedTurnCount = 2;

export function createEverythingMarked(): EverythingMarked {
  /** Until when a prefix is held. */
  const held = new Map<string, number>();
  const oldest = oldestEntryOf(held);

  function hold(name: string, until: number): void {
    held.delete(name);
    held.set(name, until);
    if (held.size > heldLimit) oldest.forget();
  }

  return {
    ask({ modelId, blocks, places, tokenCount, rules }, at) {
      const shortest = rules.lifetimes.at(-1);
      const marked = markedByClients(blocks, rules);
      const changes: { name: string; before: number | undefined; after: number }[] = [];
      const undo = (): void => {
        for (const { name, before, after } of changes.splice(0).reverse()) {
          // What others asked meanwhile stays.
          if (held.get(name) !== after) continue;
          if (before === undefined) held.delete(name);
          else held.set(name, before);
        }
      };
      if (shortest === undefined) return { cost: tokenCount, marked, undo };
      const until = at + shortest.durationMs;
      const keep = (name: string): void => {
        changes.push({ name, before: held.get(name), after: until });
        hold(name, until);
      };
      const nameOf = (index: number): string => `${modelId}|${blocks[index]?.hash ?? ''}`;
      let read = 0;
      for (const mark of marked) {
        const from = places[mark]?.position ?? 0;
        for (let index = mark; index >= 0; index -= 1) {
          const place = places[index];
          if (place === undefined || from - place.position >= rules.lookbackPositionCount) break;
          if ((held.get(nameOf(index)) ?? 0) <= at) continue;
          keep(nameOf(index));
          read = Math.max(read, place.tokenCount);
          break;
        }
      }
      let end = read;
      for (const mark of marked) {
        const tokens = places[mark]?.tokenCount ?? 0;
        if (tokens <= read || tokens < rules.minimumTokenCount) continue;
        keep(nameOf(mark));
        end = Math.max(end, tokens);
      }
      const cost = read * rules.readRate + (end - read) * shortest.writeRate + Math.max(0, tokenCount - end);
      return { cost, marked, undo };
    },
  };
}

/** Pure: indexes of the blocks that are marked, in order. */
export function markedByClients(blocks: readonly HashedBlock[], rules: CacheRules): readonly number[] {
  const last = blocks.length - 1;
  // OpenAI's own mark is the end of the prompt.
  if (rules.lookbackPositionCount === Infinity) return last < 0 ? [] : [last];
  const ends = blocks.flatMap(({ speaker, path, isMarkable }, index) =>
    speaker === 'user' && isMarkable && blocks[index + 1]?.path[1] !== path[1] ? [index] : [],
  );
  const lastOf = (place: HashedBlock['place']): number[] => {
    const index = blocks.findLastIndex((block) => block.place === place && block.isMarkable);
    return index < 0 ? [] : [index];
  };
  return [...lastOf('tools'), ...lastOf('system'), ...ends.slice(-markedTurnCount)];
}
