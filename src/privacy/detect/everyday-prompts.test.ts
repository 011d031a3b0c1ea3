import { describe, expect, it } from 'vitest';
import { createScanText } from '../scan-text.ts';

/** What people ask every day about themselves and their work, and nobody would keep back: made up, to see that these leave. */
const prompts: readonly string[] = [
  'How do I sort a list in Python?',
  'My code throws an error when I call the API, can you fix it?',
  'Our API returns 404 when the user is not logged in.',
  'Write a cover letter for a software engineer position.',
  'I want to learn guitar, where should I start?',
  'We are migrating from React to Vue, what should we watch out for?',
  'Can you help me plan a birthday party for my son?',
  "My dog won't eat, what should I do?",
  'I am writing an essay about climate change.',
  'Explain the difference between TCP and UDP.',
  'My client wants a logo with a fox, any ideas?',
  'Our team uses Scrum; how long should a sprint be?',
  'I have a headache, what helps?',
  'What is a good recipe for lasagna for six people?',
  'Our website is slow, how can I speed it up?',
  'I make pottery as a hobby, how do I sell it?',
  'How can I improve my resume?',
  'My laptop does not turn on.',
  'We have a meeting on Monday; draft an agenda.',
  'Summarise the following article about interest rates.',
  'I use Postgres; how do I add an index?',
  'My daughter is learning to read, which books do you recommend?',
  'Our product is a budgeting app; write three slogans.',
  'I take the bus to work and want to read more.',
  'How much protein should I eat if I lift weights?',
  'We want to open a bakery, what permits are needed?',
  'Translate this sentence to French: I am tired.',
  'What should I pack for a trip to Norway in winter?',
  'I am thinking about learning Rust or Go.',
  'Our database has 20 tables; how do I document them?',
  'My function takes a list and returns its sum.',
  'I am new to investing, what is an index fund?',
  'Our customers are mostly students, how do we reach them?',
  'My essay is too long, shorten it.',
  'Write a haiku about my cat.',
  'I leave the oven on sometimes; tips to remember?',
  'The deal closes when both sign the contract, right?',
  "Our contract says 30 days' notice, is that usual?",
  'My boss wants a weekly report, make a template.',
  "I can't sleep, what can I do?",
  'Is it safe to share a password with my family?',
  'My son has a math test tomorrow on fractions.',
  'We plan to expand to other cities, how do we choose?',
  'I am looking for a gift for my wife.',
  'Our server runs Ubuntu; how do I update it?',
  'My GitHub action fails with exit code 1.',
  'I had a job interview, how do I write a thank you note?',
  'What is a fair price for a used bike?',
  'My neighbor plays loud music, what can I do?',
  'I want to quit smoking.',
  'We won the game yesterday, write a short report.',
  'Our school needs a new website.',
  'I need a strong password, how long should it be?',
  'My garden gets little sun, what grows there?',
  'Our budget for the party is small.',
  'I am on vacation next week, write an out of office reply.',
  'My favorite color is blue, suggest a palette.',
];

/** These are kept too, and need not be: plans and people of a house are taken at their word. */
const keptAllTheSame: readonly string[] = [
  'My manager asked me to give a presentation about our roadmap.',
  'How do I ask my manager for a raise?',
  'We are planning to launch an app, write a checklist.',
];

const scan = createScanText();

describe('everyday prompts', () => {
  it.each(prompts)('are nobody’s secret: %s', (text) => {
    expect(scan(text)).toEqual([]);
  });

  it.each(keptAllTheSame)('are kept here at times: %s', (text) => {
    expect(scan(text)).not.toEqual([]);
  });
});
