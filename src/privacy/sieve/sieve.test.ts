import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScanText } from '../scan-text.ts';
import { TextFacts } from '../detect/text-facts.ts';
import { normalText } from '../normal-text.ts';
import { sifted } from './sieve.ts';

const texts = ['development', 'check', 'pasted-development', 'pasted-check'].flatMap((name) =>
  readFileSync(new URL(`../../../bench/workloads/privacy/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly text: string }).text),
);
const joints = [' ', '\n', '', '. ', '_', ' é ', '中文', '\u{1F600}', ': ', '12', '“'];

/** Pieces of the made-up texts, in any order and case, with anything between them. */
const mixture = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...texts) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
      ),
      fc.nat(80),
      fc.nat(120),
      fc.constantFrom(...joints),
      fc.constantFrom<(text: string) => string>(
        (text) => text,
        (text) => text.toUpperCase(),
        (text) => text.toLowerCase(),
      ),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) =>
    parts
      .map(([text, from, length, joint, inCase]) => inCase(text.slice(from, from + length)) + joint)
      .join(''),
  );

describe('the sieve', () => {
  // The scanner's detectors tell their patterns when they are loaded.
  createScanText();

  it('hides nothing: where a pattern matches it may match, and begins where it can begin', () => {
    let matchCount = 0;
    const check = (given: string): void => {
      const { text } = normalText(given);
      const facts = new TextFacts(text);
      for (const one of sifted) {
        const places = facts.placesOf(one);
        for (const { index, 0: whole } of text.matchAll(one.pattern)) {
          if (whole === '') continue;
          matchCount++;
          expect(facts.mayMatch(one), `${one.pattern.source} in ${text}`).toBe(true);
          expect(facts.lookInto(index, index + whole.length).mayMatch(one), text).toBe(true);
          if (places !== null) expect(places, `${one.pattern.source} in ${text}`).toContain(index);
        }
      }
    };
    texts.forEach(check);
    fc.assert(fc.property(mixture, check), { numRuns: 200 });
    expect(sifted.length).toBeGreaterThan(200);
    expect(matchCount).toBeGreaterThan(500);
  }, 60_000);

  it('lets hardly a pattern through in a text that says nothing', () => {
    const facts = new TextFacts(
      'Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many did she sell altogether?',
    );
    expect(sifted.filter((one) => facts.mayMatch(one)).length).toBeLessThan(sifted.length / 8);
  });
});
