import { expect, test } from 'vitest';
import { firstDifference } from './first-difference.ts';

const body = (system: string, content = 'Hi') => ({ system, messages: [{ role: 'user', content }] });

test('the first characters that differ are shown with what is before and behind them', () => {
  expect(
    firstDifference(body('Today is 2026-11-24. Be brief.'), body('Today is 2026-11-25. Be brief.')),
  ).toEqual({
    place: 'system',
    before: '\nToday is 2026-11-2',
    one: '4. Be brief.',
    other: '5. Be brief.',
  });
  expect(firstDifference(body('A', 'One'), body('A', 'Once'))).toMatchObject({
    place: 'message',
    one: 'e',
    other: 'ce',
  });
  expect(firstDifference(body('A'), body('A'))).toBeNull();
});

test('one that only goes on differs where the other ends', () => {
  const longer = { ...body('A'), messages: [...body('A').messages, { role: 'assistant', content: 'Yes' }] };
  const expected = { place: 'message', before: '' };
  expect(firstDifference(body('A'), longer)).toMatchObject({ ...expected, one: '', other: 'assistant\nYes' });
  expect(firstDifference(longer, body('A'))).toMatchObject({ ...expected, one: 'assistant\nYes', other: '' });
});

test('no character is cut in two', () => {
  expect(firstDifference(body('x\u{1F600}'), body('x\u{1F601}'))).toMatchObject({
    one: '\u{1F600}',
    other: '\u{1F601}',
  });
});

test('prompts that were put into the words of this program are compared, too', () => {
  const input = (content: string) => ({ kind: 'chat', messages: [{ role: 'system', content }] });
  expect(firstDifference(input('Now 1'), input('Now 2'))).toMatchObject({
    place: 'system',
    one: '1',
    other: '2',
  });
});
