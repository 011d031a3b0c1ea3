import type { NativeEnd, NativePiece } from './native-model.ts';

/** From a module that calls back to a reader that asks: what was said and not yet read waits here. */
export interface PushedPieces {
  readonly push: (piece: NativePiece) => void;
  readonly end: (end: NativeEnd) => void;
  /** What was said before is still read. */
  readonly fail: (error: unknown) => void;
  /** The next piece, or how it ended. @throws what it failed with */
  readonly next: () => Promise<NativePiece | NativeEnd>;
}

type Settled = { readonly end: NativeEnd } | { readonly error: unknown };

export function createPushedPieces(): PushedPieces {
  const waiting: NativePiece[] = [];
  let settled: Settled | null = null;
  let wake: (() => void) | null = null;

  function settle(how: Settled): void {
    settled ??= how;
    wake?.();
  }

  return {
    push(piece) {
      // A module that goes on after its end is not listened to.
      if (settled !== null) return;
      waiting.push(piece);
      wake?.();
    },
    end: (end) => {
      settle({ end });
    },
    fail: (error) => {
      settle({ error });
    },
    async next() {
      for (;;) {
        const piece = waiting.shift();
        if (piece !== undefined) return piece;
        if (settled !== null) {
          if ('error' in settled) throw settled.error;
          return settled.end;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    },
  };
}
