import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NearfarError } from '../chat/error.ts';
import { createJudge, type AskJudge } from './judge.ts';
import { combineOrders, judgePrompt, readVerdict, type Verdict } from './judge-prompt.ts';
import { reversed, type Outcome } from './outcome.ts';

const question = { messages: [{ role: 'user', content: 'Which is larger, 2 or 3?' }] } as const;
const never = { tenant: '', signal: new AbortController().signal };
const verdicts: readonly Verdict[] = ['first', 'second', 'tie'];
const word: Readonly<Record<Verdict, string>> = { first: 'A', second: 'B', tie: 'tie' };

describe('the prompt', () => {
  test('holds all texts as JSON, so that no answer can end itself and speak on', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (asked, one, other) => {
        const [, user] = judgePrompt({ messages: [{ role: 'user', content: asked }] }, one, other);
        const lines = (user?.content ?? '').split('\n\n');
        expect(lines).toHaveLength(3);
        expect(JSON.parse((lines[1] ?? '').replace('Answer A: ', ''))).toBe(one);
        expect(JSON.parse((lines[2] ?? '').replace('Answer B: ', ''))).toBe(other);
      }),
    );
  });
});

describe('a verdict', () => {
  test.each([
    ['{"reason": "B is wrong", "verdict": "A"}', 'first'],
    ['{"verdict":"tie","reason":"both"}', 'tie'],
    [
      'I think about it: {"verdict": "A"} no, rather\n```json\n{"reason": "x", "verdict": "B"}\n```',
      'second',
    ],
    ['**Verdict:** B', 'second'],
    ['Both are right, so the verdict is tie.', 'tie'],
    ['Answer A is better.\nA', 'first'],
    ['Some words\n(B).', 'second'],
    ['verdict: "answer"', null],
    ['A is nice, B is nice', null],
    ['{"verdict": "C"}', null],
    ['', null],
  ])('%s', (text, expected) => {
    expect(readVerdict(text)).toBe(expected);
  });

  test('nothing that a judge says throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void readVerdict(text)));
  });
});

describe('both orders', () => {
  test('a verdict stands only where it is the same answer in both', () => {
    const expected = new Map<string, Outcome>([
      ['first second', 'win'],
      ['second first', 'loss'],
      ['tie tie', 'tie'],
    ]);
    for (const one of verdicts) {
      for (const other of verdicts) {
        expect(combineOrders(one, other)).toBe(expected.get(`${one} ${other}`) ?? 'tie');
      }
    }
  });

  /** A judge with a taste for some answers and for a place. */
  function judgeOf(taste: (text: string) => number, placeBonus: number): AskJudge {
    return (messages) => {
      const [, one = '', other = ''] = (messages[1]?.content ?? '').split('\n\n');
      const read = (line: string): string => JSON.parse(line.slice(line.indexOf('"'))) as string;
      const gap = taste(read(one)) + placeBonus - taste(read(other));
      const verdict = gap === 0 ? 'tie' : gap > 0 ? 'first' : 'second';
      return Promise.resolve(JSON.stringify({ reason: 'taste', verdict: word[verdict] }));
    };
  }

  test('judging is antisymmetric, whatever the judge likes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.string(),
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: 1, max: 7 }),
        async (one, other, placeBonus, factor) => {
          const judge = createJudge(judgeOf((text) => (text.length * factor) % 5, placeBonus));
          const straight = await judge.compare(question, one, other, never);
          const exchanged = await judge.compare(question, other, one, never);
          expect(straight).not.toBeNull();
          expect(exchanged?.outcome).toBe(reversed(straight?.outcome ?? 'tie'));
          expect(exchanged?.favouredPlace).toBe(straight?.favouredPlace);
        },
      ),
    );
  });

  test('a judge that likes only a place makes ties, one that knows makes outcomes', async () => {
    const blind = createJudge(judgeOf(() => 0, 1));
    expect(await blind.compare(question, '2', '3', never)).toEqual({
      outcome: 'tie',
      favouredPlace: 'first',
      verdicts: ['first', 'first'],
    });
    const wise = createJudge(judgeOf(Number, 0));
    expect(await wise.compare(question, '3', '2', never)).toEqual({
      outcome: 'win',
      favouredPlace: null,
      verdicts: ['first', 'second'],
    });
    expect((await wise.compare(question, '2', '3', never))?.outcome).toBe('loss');
  });

  test('the same words need no judge', async () => {
    const judge = createJudge(() => Promise.reject(new Error('asked')));
    expect((await judge.compare(question, ' 3', '3\n', never))?.outcome).toBe('tie');
  });
});

describe('a judge that cannot be held to a form', () => {
  test('is asked without from then on, and one that cannot be read gives no outcome', async () => {
    const forms: string[] = [];
    const judge = createJudge((_, { type }) => {
      forms.push(type);
      if (type !== 'text') return Promise.reject(new NearfarError('unsupported', 'no schema here'));
      return Promise.resolve('The verdict is A');
    });
    expect((await judge.compare(question, '2', '3', never))?.outcome).toBe('tie');
    expect((await judge.compare(question, '2', '3', never))?.outcome).toBe('tie');
    expect(forms).toEqual(['json_schema', 'text', 'text', 'text', 'text']);
    const mute = createJudge(() => Promise.resolve('...'));
    expect(await mute.compare(question, '2', '3', never)).toBeNull();
  });

  test('what the model throws is thrown', async () => {
    const judge = createJudge(() => Promise.reject(new NearfarError('budget_exhausted', 'spent')));
    await expect(judge.compare(question, '2', '3', never)).rejects.toThrow('spent');
  });
});
