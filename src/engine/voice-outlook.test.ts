import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeVoice, type VoiceOutlook } from './voice-outlook.ts';

const outlook = (more: Partial<VoiceOutlook> = {}): VoiceOutlook => ({
  modelId: 'fake',
  targetMs: 50,
  elapsedMs: 3,
  aheadMs: 0,
  restoreMs: 0,
  promptMs: 20,
  deliveryMs: 4,
  marginMs: 2,
  leastMs: 18,
  uncachedTokenCount: 20,
  cachedTokenCount: 300,
  hasPlace: true,
  isComing: false,
  ...more,
});

describe('the outlook of a voice prompt', () => {
  it('is the sum of what has gone and what is to come', () => {
    expect(judgeVoice(outlook())).toEqual({ kind: 'admit', predictedMs: 27 });
  });

  it('names both figures, and what they are made of, where it is too slow now', () => {
    const verdict = judgeVoice(outlook({ elapsedMs: 28 }));
    expect(verdict).toMatchObject({ kind: 'later', predictedMs: 52 });
    const message = verdict.kind === 'admit' ? '' : verdict.message;
    expect(message).toContain('within the 50 ms');
    expect(message).toContain('predicted: 52 ms (28 gone');
    expect(message).toContain('20 uncached tokens after 300 cached ones');
  });

  it('is hopeless only by the measured speed of the machine, with nothing else in the way', () => {
    expect(judgeVoice(outlook({ promptMs: 400 })).kind).toBe('later');
    expect(judgeVoice(outlook({ promptMs: 400, leastMs: 60 })).kind).toBe('never');
    // What is on disk makes another prompt of it.
    expect(judgeVoice(outlook({ promptMs: 400, leastMs: 60, isComing: true })).kind).toBe('later');
  });

  it('never admits what would be late or has no place', () => {
    const milliseconds = fc.double({ min: 0, max: 80, noNaN: true });
    const given = fc.record({
      elapsedMs: milliseconds,
      aheadMs: milliseconds,
      restoreMs: milliseconds,
      promptMs: milliseconds,
      marginMs: milliseconds,
      leastMs: milliseconds,
      hasPlace: fc.boolean(),
      isComing: fc.boolean(),
    });
    fc.assert(
      fc.property(given, (one) => {
        const { kind, predictedMs } = judgeVoice(outlook(one));
        const isInTime = predictedMs + one.marginMs <= 50;
        if (kind === 'admit') expect(isInTime && one.hasPlace).toBe(true);
        else expect(isInTime && one.hasPlace && kind === 'later').toBe(false);
      }),
    );
  });
});
