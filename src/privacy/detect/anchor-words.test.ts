import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anchorOf } from './anchor-words.ts';
import { disclosurePatterns } from './disclosure.ts';
import { around as event } from './house-event.ts';
import { around as house } from './house-matter.ts';
import { around as intimate } from './intimate.ts';
import { around as marking } from './marking.ts';
import { around as doors } from './open-doors.ts';
import { around as abroad } from './other-languages.ts';
import { around as life } from './own-life.ts';
import { learned, personal } from './person.ts';
import { account } from './place-and-thing.ts';
import { around as fields } from './record-field.ts';
import { around as portrait } from './self-portrait.ts';
import { contextPatterns } from './sensitive-context.ts';
import { around as papers } from './own-papers.ts';
import { around as people, calledPattern } from './told-of-people.ts';
import { around as unannounced } from './unannounced.ts';
import { TextFacts } from './text-facts.ts';

const own = anchorOf.own | anchorOf.others;
const anchored: readonly (readonly [string, RegExp, number])[] = [
  ...Object.entries({
    house,
    event,
    intimate,
    life,
    marking,
    portrait,
    unannounced,
    doors,
    people,
    abroad,
    papers,
    fields,
  }).map(([name, { core, anchor }]) => [name, core, anchor] as const),
  ...contextPatterns.map(([, name, anchor, pattern]) => [name, pattern, anchor] as const),
  ...disclosurePatterns.map(([name, pattern]) => [name, pattern, own] as const),
  ['account', account, own],
  ['called', calledPattern, anchorOf.roles],
  ['personal', personal, anchorOf.personal],
  ['learned', learned, anchorOf.learned | anchorOf.digits],
];

/** Without what `fc.stringMatching` does not know: looks around, classes of Unicode, names of groups. */
function simple({ source }: RegExp): RegExp {
  let text = source.replace(/\(\?<\w+>/g, '(?:');
  for (let at = text.search(/\(\?<?[=!]/); at >= 0; at = text.search(/\(\?<?[=!]/)) {
    let depth = 0;
    let end = at;
    do {
      if (text[end] === '\\') end++;
      else if (text[end] === '(') depth++;
      else if (text[end] === ')') depth--;
      end++;
    } while (depth > 0);
    text = text.slice(0, at) + text.slice(end);
  }
  const ranges: Readonly<Record<string, string>> = { L: 'a-z', Lu: 'A-Z', Ll: 'a-z', N: '0-9', M: '' };
  let isInClass = false;
  const plain = text.replace(/\\p\{(\w+)\}|\\.|[[\]]/g, (part, name: string | undefined) => {
    if (part === '[') isInClass = true;
    if (part === ']') isInClass = false;
    if (part === '\\b') return '';
    if (name === undefined) return part;
    return isInClass ? (ranges[name] ?? '') : `[${ranges[name] ?? ''}]`;
  });
  return new RegExp(`^(?:${plain})$`);
}

describe('words with which patterns begin', () => {
  it.each(anchored)('are all known of %s', (_, pattern, anchor) => {
    const everywhere = new RegExp(pattern.source, pattern.flags.replace('y', 'g'));
    let foundCount = 0;
    fc.assert(
      fc.property(
        fc.stringMatching(simple(pattern)),
        fc.constantFrom('', 'So, ', 'Well 7 (', 'é '),
        fc.boolean(),
        (text, before, isUpper) => {
          const whole = `${before}${isUpper && pattern.ignoreCase ? text.toUpperCase() : text}.`;
          const starts = new TextFacts(whole).startsOf(anchor);
          for (const { index } of whole.matchAll(everywhere)) {
            foundCount++;
            expect(starts, whole).toContain(index);
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(foundCount).toBeGreaterThan(300);
  });
});

describe('facts of a text', () => {
  it('tell the longest word as a search for it does', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '\n', 'é', '-', '\u00a0') }), (text) => {
        const longest = Math.max(0, ...Array.from(text.matchAll(/[^\0-\x20]+/g), ([word]) => word.length));
        expect(new TextFacts(text).longestWord).toBe(longest);
      }),
    );
  });
});
