import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVoiceDelivery } from './voice-delivery.ts';

describe('the way back of first tokens', () => {
  it('is what most of the latest took, and a guess before anything is known', () => {
    const delivery = createVoiceDelivery();
    const guess = delivery.milliseconds;
    expect(guess).toBeGreaterThan(1);
    for (let count = 0; count < 20; count++) delivery.note(count % 10 === 9 ? 40 : 2);
    expect(delivery.milliseconds).toBeGreaterThanOrEqual(3);
    for (let count = 0; count < 32; count++) delivery.note(2);
    expect(delivery.milliseconds).toBe(3);
  });

  it('covers four in five of what it saw last, whatever that was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 500, noNaN: true }), { minLength: 10, maxLength: 80 }),
        (times) => {
          const delivery = createVoiceDelivery();
          for (const time of times) delivery.note(time);
          const latest = times.slice(-32);
          const covered = latest.filter((time) => time <= delivery.milliseconds).length;
          expect(covered / latest.length).toBeGreaterThanOrEqual(0.8);
        },
      ),
    );
  });
});
