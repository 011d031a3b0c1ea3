import { hash } from 'node:crypto';
import { oldestEntryOf } from '../cache/oldest-entry.ts';
import type { BlockKey } from './prefix-blocks.ts';

/**
 * Where tool calls were made, so that their results go there: by keyed hashes of the calls' ids, bounded, the oldest go
 * first. Ids are chosen by models' servers and some begin anew with each answer; a wrong match is a wrong guess among
 * places that may all answer.
 */
export interface Bonds {
  remember(tenant: string, callId: string, place: string): void;
  /** The place of the last call that is known. */
  placeOf(tenant: string, callIds: readonly string[]): string | null;
}

const keptCount = 20_000;

export function createBonds(key: BlockKey): Bonds {
  const places = new Map<string, string>();
  const oldest = oldestEntryOf(places);
  const hashOf = (tenant: string, callId: string): string =>
    hash('sha256', `${key}${tenant}\0${callId}`).slice(0, 24);
  return {
    remember(tenant, callId, place) {
      const hash = hashOf(tenant, callId);
      places.delete(hash);
      places.set(hash, place);
      if (places.size > keptCount) oldest.forget();
    },
    placeOf(tenant, callIds) {
      for (const callId of callIds.toReversed()) {
        const place = places.get(hashOf(tenant, callId));
        if (place !== undefined) return place;
      }
      return null;
    },
  };
}
