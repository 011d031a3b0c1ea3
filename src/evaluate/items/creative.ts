import type { FormRule } from '../item.ts';

/** What to write, and what of it a program can check: the form. Whether it is any good nobody checks here. */
export const writings: readonly (readonly [prompt: string, ...rules: readonly FormRule[]])[] = [
  [
    'Write a story of at most 80 words about a lost umbrella. Use the word "puddle".',
    { rule: 'words', least: 20, most: 80 },
    { rule: 'uses', words: ['puddle'] },
  ],
  ['Write a poem of exactly four lines about the sea. Give only the poem.', { rule: 'lines', count: 4 }],
  [
    'Write an acrostic poem on the word SUN: three lines, of which the first begins with S, the second with U, the third with N. Give only the poem.',
    { rule: 'initials', letters: 'SUN' },
  ],
  [
    'Give exactly five names for a coffee shop, as a list with a dash before each. Nothing else.',
    { rule: 'items', count: 5 },
  ],
  [
    'Write one sentence about winter that ends with a question mark.',
    { rule: 'sentences', count: 1 },
    { rule: 'ends', text: '?' },
  ],
  [
    'Write a slogan for a bicycle shop in at most eight words. Give only the slogan.',
    { rule: 'words', least: 2, most: 8 },
  ],
  [
    'Begin a story with the words "The door was open". Write two sentences.',
    { rule: 'begins', text: 'The door was open' },
    { rule: 'sentences', count: 2 },
  ],
  [
    'Describe a forest in one sentence without the word "tree" or "trees".',
    { rule: 'avoids', words: ['tree', 'trees'] },
    { rule: 'sentences', count: 1 },
  ],
  [
    'Write a toast for a wedding in at most 50 words. Use the words "love" and "glass".',
    { rule: 'words', least: 10, most: 50 },
    { rule: 'uses', words: ['love', 'glass'] },
  ],
  [
    'Write a haiku-like poem of exactly three lines about a frog. Give only the poem.',
    { rule: 'lines', count: 3 },
  ],
  ['Write three metaphors for time as a numbered list. Nothing else.', { rule: 'items', count: 3 }],
  [
    'Write a product text for a lamp in 20 to 40 words. Use the word "warm".',
    { rule: 'words', least: 20, most: 40 },
    { rule: 'uses', words: ['warm'] },
  ],
  [
    'Write a dialogue of exactly four lines between a cat and a dog. Begin every line with the name of who speaks and a colon.',
    { rule: 'lines', count: 4 },
    { rule: 'uses', words: ['cat', 'dog'] },
  ],
  [
    'Write an acrostic poem on the word TEA: three lines that begin with T, E and A. Give only the poem.',
    { rule: 'initials', letters: 'TEA' },
  ],
  [
    'Write two sentences about a clock. The first must begin with "Once".',
    { rule: 'begins', text: 'Once' },
    { rule: 'sentences', count: 2 },
  ],
  [
    'Write an excuse for being late in one sentence. Use the word "goose".',
    { rule: 'uses', words: ['goose'] },
    { rule: 'sentences', count: 1 },
  ],
  [
    'Write a birthday greeting in at most 20 words. End with an exclamation mark.',
    { rule: 'words', least: 3, most: 20 },
    { rule: 'ends', text: '!' },
  ],
  [
    'Describe the taste of a lemon in at most 25 words without the words "sour" and "yellow".',
    { rule: 'words', least: 4, most: 25 },
    { rule: 'avoids', words: ['sour', 'yellow'] },
  ],
  [
    'Give exactly four titles for a crime novel, as a list with a dash before each. Nothing else.',
    { rule: 'items', count: 4 },
  ],
  [
    'Write a poem of exactly six lines about a train. Use the word "night". Give only the poem.',
    { rule: 'lines', count: 6 },
    { rule: 'uses', words: ['night'] },
  ],
  [
    'Write an opening sentence for a novel about beekeepers. Use the word "hive".',
    { rule: 'sentences', count: 1 },
    { rule: 'uses', words: ['hive'] },
  ],
  [
    'Write a complaint of a snowman in two sentences. Use the word "sun".',
    { rule: 'sentences', count: 2 },
    { rule: 'uses', words: ['sun'] },
  ],
  [
    'Write a story in exactly three sentences about a robot who learns to swim.',
    { rule: 'sentences', count: 3 },
    { rule: 'uses', words: ['robot'] },
  ],
  [
    'Invent a villain and describe him in 30 to 60 words. Use the word "smile".',
    { rule: 'words', least: 30, most: 60 },
    { rule: 'uses', words: ['smile'] },
  ],
  [
    'Write an acrostic poem on the word RAIN: four lines that begin with R, A, I and N. Give only the poem.',
    { rule: 'initials', letters: 'RAIN' },
  ],
  [
    'Write a caption for a photo of a sunset in at most ten words. Do not use the word "sunset".',
    { rule: 'words', least: 2, most: 10 },
    { rule: 'avoids', words: ['sunset'] },
  ],
  [
    'Write one argument for and one against zoos, each in one sentence: two sentences in all.',
    { rule: 'sentences', count: 2 },
  ],
  [
    'Write a letter from a lighthouse to a ship in at most 60 words. Begin with "Dear ship".',
    { rule: 'begins', text: 'Dear ship' },
    { rule: 'words', least: 10, most: 60 },
  ],
  ['Write a joke of exactly two lines about a penguin. Give only the joke.', { rule: 'lines', count: 2 }],
  [
    'Write a motto for a library in at most six words. Give only the motto.',
    { rule: 'words', least: 2, most: 6 },
  ],
  [
    'Describe a storm in 15 to 30 words. Use the words "roof" and "dark".',
    { rule: 'words', least: 15, most: 30 },
    { rule: 'uses', words: ['roof', 'dark'] },
  ],
  [
    'Write exactly three questions that a child could ask the moon, as a numbered list. Nothing else.',
    { rule: 'items', count: 3 },
  ],
  [
    'Write a sentence about autumn that ends with the word "gold" and a full stop.',
    { rule: 'ends', text: 'gold.' },
    { rule: 'sentences', count: 1 },
  ],
  ['Write a poem of exactly two lines about bread. Give only the poem.', { rule: 'lines', count: 2 }],
  [
    'Write a weather report for the planet Mars in at most 40 words. Use the word "dust".',
    { rule: 'words', least: 8, most: 40 },
    { rule: 'uses', words: ['dust'] },
  ],
  [
    'Write an advertisement for silence in 10 to 25 words. Do not use the word "quiet".',
    { rule: 'words', least: 10, most: 25 },
    { rule: 'avoids', words: ['quiet'] },
  ],
  ['Write a farewell to an old car in exactly two sentences.', { rule: 'sentences', count: 2 }],
  [
    'Begin a fairy tale with "Once upon a time" and end it after exactly three sentences.',
    { rule: 'begins', text: 'Once upon a time' },
    { rule: 'sentences', count: 3 },
  ],
  [
    'Write an acrostic poem on the word OWL: three lines that begin with O, W and L. Give only the poem.',
    { rule: 'initials', letters: 'OWL' },
  ],
  [
    'Give exactly six words that describe a thunderstorm, as a list with a dash before each. Nothing else.',
    { rule: 'items', count: 6 },
  ],
];
