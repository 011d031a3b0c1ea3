import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disagreement } from './agreement.ts';
import { readPrompt } from './reading.ts';

function between(one: string, other: string) {
  const [a, b] = [readPrompt(one), readPrompt(other)];
  const found = disagreement(a, b);
  expect(disagreement(b, a) === null, 'both ways alike').toBe(found === null);
  return found;
}

describe('two questions agree', () => {
  test.each([
    ['How do I turn on dark mode in Chrome?', "What's the way to enable dark mode in Chrome?"],
    ['How do I turn the lights off?', 'how can i switch off the lights'],
    ['How much is 5mg in grams?', 'How much is five milligrams in grams?'],
    ["Why won't my phone charge?", 'Why does my phone fail to charge?'],
    ["I don't know what a left join is, please explain.", 'Explain what a left join is.'],
    ['Flights from London to Paris?', 'Which flights go from London to Paris?'],
    ['What is the capital of France?', 'Name the French capital.'],
    ['When was the telephone invented?', 'In which year was the telephone invented?'],
    ['How long should I boil eggs?', 'How many minutes should eggs be boiled?'],
    ['Who was the 16th president?', 'Who was the sixteenth president?'],
  ])('%s / %s', (one, other) => {
    expect(between(one, other)).toBeNull();
  });
});

describe('two questions differ', () => {
  test.each([
    ['numbers', 'How much rice for 2 people?', 'How much rice for 3 people?'],
    ['numbers', 'Is 5 mg a high dose?', 'Is 5 g a high dose?'],
    ['numbers', 'Is it open on Monday?', 'Is it open on Tuesday?'],
    ['numbers', 'What happened in 1914?', 'What happened in 1918?'],
    ['numbers', 'How do I upgrade to v2.1?', 'How do I upgrade to v2.10?'],
    ['literals', 'What does `--hard` do in git?', 'What does `--soft` do in git?'],
    ['literals', 'What does git reset --hard do?', 'What does git reset --soft do?'],
    ['literals', 'How do you say "good day" in French?', 'How do you say "good night" in French?'],
    ['literals', 'What does sort() return?', 'What does sorted() return?'],
    ['literals', 'Where is the file user_name.txt?', 'Where is the file user_id.txt?'],
    ['names', 'What is the capital of Austria?', 'What is the capital of Australia?'],
    ['names', 'what is the capital of austria?', 'What is the capital of Australia?'],
    ['names', 'How do I reset my iPhone?', 'How do I reset my Pixel?'],
    ['negation', 'Which foods are allowed?', 'Which foods are not allowed?'],
    ['negation', 'How do I bake bread with yeast?', 'How do I bake bread without yeast?'],
    ['negation', 'What should I eat?', "What shouldn't I eat?"],
    ['opposites', 'How do I enable Bluetooth?', 'How do I disable Bluetooth?'],
    ['opposites', 'How do I turn notifications off?', 'How do I turn on notifications?'],
    ['opposites', 'How do I start the service?', 'How do I stop the service?'],
    ['opposites', 'Should I eat before running?', 'Should I eat after running?'],
    ['opposites', 'How can I use more memory?', 'How can I use less memory?'],
    ['opposites', 'It is too dark, how do I brighten it?', 'It is too bright, how do I darken it?'],
    ['opposites', 'How far is it in miles?', 'How far is it in kilometres?'],
    ['question', 'When do I prune roses?', 'How do I prune roses?'],
    ['question', 'Who invented the radio?', 'When was the radio invented?'],
    ['question', 'Can I freeze bread?', 'How do I freeze bread?'],
    ['question', 'Why do plants need light?', 'How much light do plants need?'],
    ['direction', 'Flights from London to Paris?', 'Flights from Paris to London?'],
    ['direction', 'convert euros to dollars', 'convert dollars to euros'],
    [
      'direction',
      'I have euros and need dollars, how do I convert?',
      'I have dollars and need euros, how do I convert?',
    ],
    ['direction', 'Is a whale larger than a shark?', 'Is a shark larger than a whale?'],
    ['language', '¿Cómo activo el modo oscuro?', '¿Cómo desactivo el modo oscuro?'],
  ])('in %s: %s / %s', (_, one, other) => {
    expect(between(one, other)).not.toBeNull();
  });
});

describe('whatever the question', () => {
  const frame = fc.constantFrom(
    (x: string) => `How do I set the limit to ${x}?`,
    (x: string) => `What is the price of ${x} tickets?`,
    (x: string) => `Please tell me whether ${x} is enough.`,
  );

  test('a question agrees with itself', () => {
    fc.assert(
      fc.property(frame, fc.integer({ min: 0, max: 1e6 }), (ask, value) => {
        expect(between(ask(String(value)), ask(String(value)))).toBeNull();
      }),
    );
  });

  test('other numbers disagree, as digits and as words', () => {
    const words = ['two', 'three', 'seven', 'twelve', 'forty', 'thirty-five', 'hundred'];
    const number = fc.oneof(
      fc.integer({ min: 0, max: 1e6 }).map(String),
      fc.integer({ min: 1, max: 999 }).map((value) => (value / 10).toFixed(1)),
      fc.constantFrom(...words),
    );
    fc.assert(
      fc.property(frame, number, number, (ask, one, other) => {
        const values = [one, other].map((text) => readPrompt(text).numbers.join());
        fc.pre(values[0] !== values[1]);
        expect(between(ask(one), ask(other))).toBe('numbers');
      }),
    );
  });

  test('a negation on one side only disagrees', () => {
    const verb = fc.constantFrom('open the door', 'use the server', 'install the app', 'trust the file');
    const negated = fc.constantFrom('should not', "shouldn't", 'can not', 'cannot', 'must never');
    const plain = fc.constantFrom('should', 'can', 'must');
    fc.assert(
      fc.property(verb, negated, plain, (what, no, yes) => {
        expect(between(`Tell me when I ${no} ${what}.`, `Tell me when I ${yes} ${what}.`)).toBe('negation');
      }),
    );
  });

  test('no text breaks it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string(), (one, other) => {
        between(one, other);
        expect(between(one, one)).toBe(readPrompt(one).isEnglish ? null : 'language');
      }),
    );
  });

  test('a long text without structure is read in time', () => {
    const startedAt = performance.now();
    for (const text of ['a'.repeat(500), 'turn '.repeat(100), '`'.repeat(500), 'to from '.repeat(60)])
      readPrompt(text);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
