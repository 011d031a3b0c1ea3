import { emptyDraft, evidenceClass, type Draft, type Support } from './drafter.ts';

/** The text of one sequence, in which its own end is looked up. */
export interface Lookup {
  /** Tells the next token of the sequence, prompt and answer alike, in order. */
  push(token: number): void;
  /** What followed the longest match, at most `limit` tokens; empty where there is none. */
  draft(limit: number): Draft;
}

/** Tokens that must agree before a place counts as a match. */
export const leastMatchTokenCount = 2;
/** Matches are told apart up to this length. */
export const longestMatchTokenCount = 32;
/** Places looked at for one draft, latest first, so that a draft takes the same time in a text of any length. */
export const lookedPlaceCount = 32;

/** Longest match, in tokens, of each grade of evidence but the last. */
const gradeBounds = [2, 3, 4, 6, 9, 14, 24];

/**
 * Prompt lookup (Saxena 2023; LLMA, Yang et al. 2023): what followed the longest earlier occurrence of the last tokens,
 * in prompt or answer, is the draft; of equally long ones the latest. Where the occurrence runs into the end of the
 * text, it goes on with the draft itself, as a copy of a repetition does.
 *
 * Places are chained by their last two tokens, as in LZ77: a token costs one entry of a map, a draft a bounded walk
 * along one chain. A place that was found is followed from token to token, so that a copy stays with its source
 * although the chain of a common pair is longer than the walk.
 */
export function createLookup(): Lookup {
  const tokens: number[] = [];
  /** By pair of tokens: the latest index behind such a pair. */
  const latest = new Map<number, number>();
  /** By index: the one before it behind the same pair; -1 = none. */
  const earlier: number[] = [];
  /** Index of the token that should come next if the last match goes on; -1 = none. */
  let followed = -1;

  function matchLength(place: number): number {
    const most = Math.min(place, longestMatchTokenCount);
    let length = 0;
    while (length < most && tokens[place - 1 - length] === tokens[tokens.length - 1 - length]) length++;
    return length;
  }

  /** The index behind the longest match and its length, -1 where there is none; and behind all others looked at. */
  function find(): { place: number; length: number; others: number[] } {
    const end = tokens.length;
    const looked: number[] = [];
    let place = -1;
    let length = leastMatchTokenCount - 1;
    const consider = (candidate: number): void => {
      looked.push(candidate);
      const found = matchLength(candidate);
      if (found > length || (found === length && candidate > place && place >= 0)) {
        place = candidate;
        length = found;
      }
    };
    // The latest place behind the last pair is the end itself.
    let candidate = earlier[end] ?? -1;
    while (candidate >= 0 && looked.length < lookedPlaceCount) {
      consider(candidate);
      candidate = earlier[candidate] ?? -1;
    }
    if (followed >= 0) consider(followed);
    return { place, length, others: looked.filter((other) => other !== place) };
  }

  return {
    push(token) {
      followed = followed >= 0 && tokens[followed] === token ? followed + 1 : -1;
      tokens.push(token);
      const end = tokens.length;
      if (end < leastMatchTokenCount) return;
      const key = pairKey(tokens[end - 2] ?? 0, token);
      earlier[end] = latest.get(key) ?? -1;
      latest.set(key, end);
    },
    draft(limit) {
      const { place, length, others } = find();
      followed = place;
      if (place < 0 || limit < 1) return emptyDraft;
      const drafted: number[] = [];
      const evidence: number[] = [];
      /** Those that went on like the draft so far. */
      let alike = others;
      for (let index = 0; index < limit; index++) {
        const at = (start: number): number => {
          const source = start + index;
          return (source < tokens.length ? tokens[source] : drafted[source - tokens.length]) ?? 0;
        };
        const token = at(place);
        const agreeing = alike.filter((other) => at(other) === token);
        evidence.push(evidenceClass(gradeOf(length + index), supportOf(agreeing.length, alike.length)));
        drafted.push(token);
        alike = agreeing;
      }
      return { tokens: drafted, evidence };
    },
  };
}

function supportOf(agreeingCount: number, count: number): Support {
  if (count === 0) return 'single';
  return agreeingCount === count ? 'agreed' : 'disputed';
}

/** Vocabularies have fewer than 2^24 tokens, so pairs are exact in a double. */
function pairKey(first: number, second: number): number {
  return first * 2 ** 24 + second;
}

/** Of a match of `length` tokens: the longer, the surer. */
function gradeOf(length: number): number {
  const index = gradeBounds.findIndex((bound) => length <= bound);
  return index < 0 ? gradeBounds.length : index;
}
