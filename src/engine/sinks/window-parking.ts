import type { HostStore } from '../host-store.ts';
import type { HostBlob } from '../prefix-tree.ts';
import type { SavedStream } from './sliding-decoder.ts';

/** Host memory for windows whose sequences were taken out and will come back. */
export interface WindowParking {
  /** Of the model's host tier: windows and prefixes share one budget. */
  readonly host: HostStore;
  /** Lets prefixes leave host memory until so many bytes fit; false if they cannot. */
  readonly makeRoom: (byteCount: number) => boolean;
  /** Of the cells of one window. */
  readonly windowBytes: number;
}

/** The windows that are parked, by the token lists of their sequences. */
export interface ParkedWindows {
  /** Whether one more window could be. */
  readonly hasRoom: boolean;
  /** False where there is no room: the stream will have to be read anew. */
  park(tokens: readonly number[], save: () => SavedStream): boolean;
  find(tokens: readonly number[]): SavedStream | null;
  /** It is back, or will not come. */
  drop(tokens: readonly number[]): void;
}

export function createParkedWindows(parking: WindowParking | null): ParkedWindows {
  const parked = new Map<readonly number[], { readonly stream: SavedStream; readonly blob: HostBlob }>();
  let parkedBytes = 0;
  /** Saved cells have their positions with them: a whole window takes a little more than its cells. */
  let windowBytes = parking?.windowBytes ?? 0;

  return {
    get hasRoom() {
      return parking !== null && parkedBytes + windowBytes <= parking.host.budgetBytes;
    },
    park(tokens, save) {
      if (parking === null || !parking.makeRoom(windowBytes)) return false;
      const stream = save();
      const { byteLength } = stream.data;
      windowBytes = Math.max(windowBytes, byteLength);
      if (!parking.makeRoom(byteLength)) return false;
      parked.set(tokens, { stream, blob: parking.host.add(stream.data, 0, stream.end, []) });
      parkedBytes += byteLength;
      return true;
    },
    find: (tokens) => parked.get(tokens)?.stream ?? null,
    drop(tokens) {
      const known = parked.get(tokens);
      if (known === undefined) return;
      parked.delete(tokens);
      parkedBytes -= known.stream.data.byteLength;
      parking?.host.release(known.blob);
    },
  };
}
