import { expect, test } from 'vitest';
import { profileProblem } from './profile-problem.ts';

const tiers = [
  { tier: 'near', modelId: 'llama-8b' },
  { tier: 'mid', modelId: 'openai/gpt-4o-mini' },
  { tier: 'far', modelId: 'openai/gpt-4o' },
];
const models = (...names: readonly string[]) => names.map((name, at) => ({ name, cost: at }));

test.each([['far'], ['llama-8b'], ['openai/gpt-4o'], ['gpt-4o-mini']])(
  'a profile that knows %s can decide among the tiers',
  (name) => {
    expect(profileProblem('own', models('other', name), tiers)).toBeNull();
  },
);

test('a profile of other models cannot, and what to do is said, the cheapest for the first tier and the dearest for the last', () => {
  const problem = profileProblem('own', [...models('mixtral', 'gpt-4')].reverse(), tiers);
  expect(problem).toContain('"own" is about mixtral, gpt-4');
  expect(problem).toContain('near (llama-8b), mid (openai/gpt-4o-mini), far (openai/gpt-4o)');
  expect(problem).toContain('--models near=mixtral,far=gpt-4');
});
