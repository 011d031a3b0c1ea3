import { describe, expect, it } from 'vitest';
import { readArguments } from './arguments.ts';
import { plan } from './plan.ts';
import { interview, type Terminal } from './plan-interview.ts';

function terminal(
  answers: readonly (string | null)[],
): Terminal & { readonly asked: string[]; readonly said: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  const said: string[] = [];
  return {
    asked,
    said,
    ask: (prompt) => {
      asked.push(prompt);
      return Promise.resolve(left.shift() ?? null);
    },
    say: (line) => {
      said.push(line);
    },
  };
}

const optionsOf = (...words: string[]) => readArguments(plan, words).options;

describe('the questions of nearfar plan', () => {
  it('fill in what options leave open; an empty answer is the usual one', async () => {
    const screen = terminal(['quality', '500', '300', '', 'desktop', 'this, RTX 4090 x2', 'basic']);
    const options = await interview(optionsOf('--prompt', '100'), screen);
    expect(options?.text('goal')).toBe('quality');
    expect(options?.number('requests-per-day')).toBe(500);
    expect(options?.text('privacy')).toBe('any');
    expect(options?.list('hardware')).toEqual(['this', 'RTX 4090 x2']);
    expect(options?.number('prompt')).toBe(100);
    expect(options?.number('answer')).toBe(300);
    expect(options?.text('least-quality')).toBe('basic');
  });

  it('are not asked of what is given, and again where the answer is none of the choices', async () => {
    const screen = terminal(['fame', 'cost', '', '', '', '', '', '']);
    const options = await interview(optionsOf('--privacy', 'own'), screen);
    expect(screen.said).toEqual(['Expected one of latency, throughput, cost, quality.']);
    expect(screen.asked.some((prompt) => prompt.includes('prompts go'))).toBe(false);
    expect(options?.text('privacy')).toBe('own');
    expect(options?.list('hardware')).toEqual([]);
  });

  it('end where nobody answers', async () => {
    expect(await interview(optionsOf(), terminal(['cost', null]))).toBeNull();
  });

  it('ask again for what the options would refuse, and lose nothing that was answered', async () => {
    const screen = terminal([
      'cost',
      'many',
      '200',
      '0',
      '9',
      '',
      '',
      '',
      'abacus',
      'this, RTX 4090 x2',
      'best',
      '70',
    ]);
    const options = await interview(optionsOf(), screen);
    expect(screen.said).toEqual([
      'Requests a day: expected a number from 0, got "many".',
      'Tokens of a prompt, on average: expected a number from 1, got "0".',
      expect.stringMatching(/^--hardware: expected this, or one of H100 SXM, .*got "abacus"\.$/),
      expect.stringMatching(/^--least-quality: expected none, .*got "best"\.$/),
    ]);
    expect(options?.text('goal')).toBe('cost');
    expect(options?.number('requests-per-day', { min: 0 })).toBe(200);
    expect(options?.list('hardware')).toEqual(['this', 'RTX 4090 x2']);
    expect(options?.text('least-quality')).toBe('70');
  });
});
