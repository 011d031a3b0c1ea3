import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStopMatcher } from './stop-matcher.ts';

interface Outcome {
  readonly text: string;
  readonly matched: string | null;
}

function feed(stops: readonly string[], parts: readonly string[]): Outcome {
  const matcher = createStopMatcher(stops);
  let text = '';
  for (const part of parts) {
    const match = matcher.push(part);
    text += match.text;
    if (match.matched !== null) return { text, matched: match.matched };
  }
  return { text: text + matcher.flush(), matched: null };
}

/** The definition: the stop string that is complete first; of those the longest. */
function reference(stops: readonly string[], text: string): Outcome {
  for (let end = 1; end <= text.length; end += 1) {
    const complete = stops.filter((stop) => stop !== '' && text.slice(0, end).endsWith(stop));
    const longest = complete.sort((left, right) => right.length - left.length)[0];
    if (longest !== undefined) return { text: text.slice(0, end - longest.length), matched: longest };
  }
  return { text, matched: null };
}

function split(text: string, cuts: readonly number[]): string[] {
  const borders = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
  return borders.slice(1).map((border, index) => text.slice(borders[index], border));
}

const letters = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀'), maxLength });

describe('createStopMatcher', () => {
  it('finds what the definition finds, however the text is split, and loses nothing', () => {
    fc.assert(
      fc.property(
        fc.array(letters(5), { maxLength: 4 }),
        letters(40),
        fc.array(fc.nat(), { maxLength: 20 }),
        (stops, text, cuts) => {
          const outcome = feed(stops, split(text, cuts));
          expect(outcome).toEqual(reference(stops, text));
          for (const stop of stops) if (stop !== '') expect(outcome.text.includes(stop)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('holds back only what a stop string may begin with', () => {
    const matcher = createStopMatcher(['\n\nUser:']);
    expect(matcher.push('one\n')).toEqual({ text: 'one', matched: null });
    expect(matcher.push('two')).toEqual({ text: '\ntwo', matched: null });
    expect(matcher.push('\n\nUse')).toEqual({ text: '', matched: null });
    expect(matcher.flush()).toBe('\n\nUse');
  });

  it('returns to a shorter beginning when a longer one fails', () => {
    expect(feed(['aab'], ['aa', 'ab', 'c'])).toEqual({ text: 'a', matched: 'aab' });
  });

  it('passes everything through without stop strings', () => {
    expect(feed([], ['a', 'b'])).toEqual({ text: 'ab', matched: null });
    expect(feed([''], ['a', 'b'])).toEqual({ text: 'ab', matched: null });
  });
});
