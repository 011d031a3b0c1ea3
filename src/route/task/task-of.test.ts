import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askedLanguage } from './asked-language.ts';
import { identifyLanguage } from './identify-language.ts';
import { shapeOf } from './prompt-shape.ts';
import { taskOf } from './task-of.ts';
import { taskTypes } from './task-type.ts';

describe('a task', () => {
  test.each([
    ['classification', 'Is this review positive or negative? "The soup was cold and the waiter rude."'],
    ['simple_qa', 'What is the tallest mountain in Austria?'],
    ['simple_qa', 'Summarize this:\n\nThe council met on Friday. It decided to close the bridge.'],
    ['code', 'Write a Python function that reverses a list.'],
    ['code', 'why does this fail?\n\nconst x = await fetch(url);\nx.map(f);'],
    ['creative', 'Write a poem about a broken umbrella.'],
    ['reasoning', 'Tim has 12 pears and eats 3 a day. How many are left after 2 days?'],
    ['low_resource', 'Translate into Zulu: good evening'],
    ['other', 'Translate to German: good evening'],
    ['other', 'hello!'],
    ['other', ''],
  ] as const)('%s: %s', (task, text) => {
    expect(taskOf(text).task).toBe(task);
  });

  test('any text has one, with reasons, always the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const { task, reasons } = taskOf(text);
        expect(taskTypes).toContain(task);
        expect(reasons.length).toBeGreaterThan(0);
        expect(taskOf(text)).toEqual({ task, reasons });
      }),
    );
  });

  test('reasons hold nothing of the prompt', () => {
    const secret = 'Zanzabarquux';
    const prompts = [
      'Write a poem about X.',
      'Classify X as spam or not spam.',
      'X = 3 + 4, X?',
      'Translate X into Welsh.',
    ];
    for (const prompt of prompts)
      expect(taskOf(prompt.replaceAll('X', secret)).reasons.join()).not.toMatch(/zanza/i);
  });

  test('of a long text no more is read than of a short one', () => {
    const long = shapeOf(`What is it?\n\n${'lorem ipsum '.repeat(100_000)}\nSummarize this.`);
    expect(long.whole.length).toBeLessThan(4000);
    expect(long.instruction).toContain('summarize');
  });
});

describe('a language', () => {
  test.each([
    ['amh', 'ቡና እንዴት ይፈላል?', true],
    ['tel', 'హైదరాబాద్ ఎక్కడ ఉంది?', true],
    ['swh', 'Ninaomba unieleze jinsi ya kupika wali kwa nazi.', true],
    ['cym', 'Mae gen i gwestiwn am y tywydd yn y gogledd.', true],
    ['tgk', 'Ман мехоҳам дар бораи таърихи Хуҷанд маълумот гирам ва ӯро бинам.', true],
    ['eng', 'Could you tell me where the nearest station is?', false],
    ['deu', 'Könnten Sie mir sagen, wo der nächste Bahnhof ist?', false],
    ['vie', 'Bạn có thể cho tôi biết nhà ga gần nhất ở đâu không?', false],
    ['jpn', '駅はどこですか。', false],
    ['rus', 'Подскажите, пожалуйста, где находится вокзал?', false],
  ] as const)('%s', (code, text, isLowResource) => {
    expect(identifyLanguage(text)).toEqual({ code, isLowResource });
  });

  test.each(['', '42 + 17', 'ok', 'x y z', '🙂'])('none of %j', (text) => {
    expect(identifyLanguage(text)).toBeNull();
  });

  test.each([
    ['yo', 'Translate this into Yoruba: good day'],
    ['cy', 'write me a card in Welsh.'],
    ['am', 'Antworte bitte auf Amharisch.'],
    ['mg', 'Comment dit-on merci en malgache ?'],
    [null, 'What is a typical dish of Welsh cuisine?'],
    [null, 'Who ruled in Zulu country in 1820?'],
    [null, 'Translate this into Spanish: I am in Wales'],
  ] as const)('%s is asked for: %s', (code, text) => {
    expect(askedLanguage(text)).toBe(code);
  });
});
