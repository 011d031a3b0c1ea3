import { expect, it } from 'vitest';
import { asksForProof, proofDifficulty } from './asks-for-proof.ts';
import { createDifficulty } from './create-difficulty.ts';

it.each([
  'Prove that there are infinitely many primes.',
  'Let n be odd. Show that n squared is odd.',
  'Please derive the quadratic formula',
  'Can you give a rigorous proof of this lemma?',
])('is a demand for a proof: %s', (text) => {
  expect(asksForProof(text)).toBe(true);
  expect(createDifficulty()(text)).toBeGreaterThanOrEqual(proofDifficulty);
});

it.each([
  'What does it take to prove a theorem?',
  'Waterproof boots: which are best?',
  'He wanted to prove his worth.',
  'Prove me wrong.',
  'The show that I watched was long.',
])('is none: %s', (text) => {
  expect(asksForProof(text)).toBe(false);
});
