import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanText } from '../scan-text.ts';
import { createLeakFinder } from './leak-finder.ts';
import { plant, plantedKinds } from './planted.ts';
import { seededRandom } from '../../random/seeded-random.ts';

const writings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toUpperCase(),
  encodeURIComponent,
  (text) => JSON.stringify(text),
  (text) => text.replace(/./g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  (text) => text.replace(/[^a-z0-9]/gi, (one) => `&#x${one.charCodeAt(0).toString(16)};`),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(`x${text}y`).toString('base64'),
  (text) => Buffer.from(`xy${text}yy`).toString('base64url'),
  (text) => Buffer.from(text).toString('hex'),
  (text) => Buffer.from(text, 'utf16le').toString('hex'),
  (text) => text.replace(/[ -]/g, ''),
  (text) => encodeURIComponent(Buffer.from(text).toString('base64')),
];

describe('what is looked for in what left', () => {
  it('is found in every writing of it, and nothing else is', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(...plantedKinds),
        fc.constantFrom(...writings),
        fc.string(),
        (seed, kind, write, around) => {
          const random = seededRandom(seed);
          const finder = createLeakFinder();
          const planted = plant(random, kind, ['Bluefin Harbor']);
          const other = plant(random, kind, ['Bluefin Harbor']);
          finder.add(planted.needle, 1);
          finder.add(other.needle, 2);
          const bytes = `${around} ${write(planted.needle)} ${around}`;
          expect([...finder.find(bytes).keys()]).toEqual([1]);
          expect(finder.find(around).size).toBe(0);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('what is planted', () => {
  it('is found by the detectors, but for what is arbitrary and what only a model sees', () => {
    const scan = createScanText({ terms: [{ name: 'projects', words: ['Bluefin Harbor'], patterns: [] }] });
    for (const kind of plantedKinds) {
      const random = seededRandom(7);
      const texts = Array.from({ length: 20 }, () => plant(random, kind, ['Bluefin Harbor']).text);
      const foundCount = texts.filter((text) => scan(text).length > 0).length;
      expect(foundCount, kind).toBe(kind === 'arbitrary' || kind === 'model_only' ? 0 : 20);
    }
  });

  it('is the same for the same seed and never the same twice', () => {
    const needles = (seed: number): string[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => plant(random, 'arbitrary').needle);
    };
    expect(needles(3)).toEqual(needles(3));
    expect(new Set([...needles(3), ...needles(4)]).size).toBe(100);
  });
});
