import { describe, expect, it } from 'vitest';
import { compareTranscripts } from './agreement.ts';
import type { Transcript } from './transcript.ts';

/** Tokens in short: `a` or `a:-0.1|b:-0.9`, the first being the pick. */
function transcript(...tokens: string[]): Transcript {
  return {
    tokens: tokens.map((token, index) => {
      const alternatives = token.split('|').map((part) => {
        const [text = '', logprob = '0'] = part.split(':');
        return { text, logprob: Number(logprob) };
      });
      return { at: index, text: alternatives[0]!.text, alternatives };
    }),
    text: '',
    finishReason: 'length',
    promptTokenCount: 1,
    cachedTokenCount: 0,
    completionTokenCount: tokens.length,
  };
}

describe('agreement', () => {
  it('sees equal texts as identical', () => {
    const same = compareTranscripts(transcript('a', 'b'), transcript('a', 'b'));
    expect(same).toEqual({ identical: true, commonTokenCount: 2, gap: null, nearTie: true });
  });

  it('calls a parting between two close candidates a near tie', () => {
    const parted = compareTranscripts(
      transcript('a', 'b:-0.5|c:-0.7', 'x'),
      transcript('a', 'c:-0.4|b:-0.8', 'y'),
    );
    expect(parted).toMatchObject({ identical: false, commonTokenCount: 1, nearTie: true });
    expect(parted.gap).toBeCloseTo(0.4);
  });

  it('does not excuse a clear preference, an unlisted pick or a missing token', () => {
    const clear = compareTranscripts(transcript('b:-0.1|c:-3'), transcript('c:-0.4|b:-0.8'));
    expect(clear.nearTie).toBe(false);
    expect(compareTranscripts(transcript('b:-0.1'), transcript('c:-0.4')).nearTie).toBe(false);
    expect(compareTranscripts(transcript('a'), transcript('a', 'b')).nearTie).toBe(false);
  });
});
