import { createHash } from 'node:crypto';
import type { Check, EvaluatedTask, EvaluationItem } from './item.ts';
import { classificationSets } from './items/classification.ts';
import { codeChoices, jsonItems, outputItems } from './items/code.ts';
import { writings } from './items/creative.ts';
import { askedInThem, meanings, numberWords, vocabulary } from './items/low-resource.ts';
import { problems, puzzles } from './items/reasoning.ts';
import { factItems, readingItems, summaryItems } from './items/simple-qa.ts';

type Unnumbered = Omit<EvaluationItem, 'id' | 'task'>;

const labelTokens = 12;
const shortTokens = 48;
const writtenTokens = 160;
/** Enough to think a little before the number. */
const workedTokens = 256;

function choice(
  prompt: string,
  options: readonly string[],
  answer: string,
  maxTokenCount = labelTokens,
): Unnumbered {
  return { prompt, maxTokenCount, check: { type: 'choice', options, answer } };
}

function listed(options: readonly string[]): string {
  return options.join(' | ');
}

const classification: readonly Unnumbered[] = classificationSets.flatMap(([asked, options, texts]) =>
  texts.map(([text, answer]) => choice(`${asked}\n\nText: ${text}`, options, answer)),
);

const simpleQa: readonly Unnumbered[] = [
  ...factItems.map(([question, ...all]) => asked(`${question} Answer briefly.`, { type: 'mentions', all })),
  ...readingItems.map(([text, question, ...all]) =>
    asked(`${text}\n\nQuestion: ${question} Answer briefly.`, { type: 'mentions', all }),
  ),
  ...summaryItems.map(([text, ...all]) =>
    asked(`Summarise this in one sentence of at most 30 words.\n\n${text}`, {
      type: 'mentions',
      all,
      mostWords: 30,
    }),
  ),
];

function asked(prompt: string, check: Check): Unnumbered {
  return { prompt, maxTokenCount: shortTokens, check };
}

const code: readonly Unnumbered[] = [
  ...outputItems.map(([source, output]) =>
    asked(`What does this JavaScript print? Answer with the output only.\n\n\`\`\`js\n${source}\n\`\`\``, {
      type: 'exact',
      answers: [output],
    }),
  ),
  ...codeChoices.map(([question, options, answer]) =>
    choice(`${question} Answer with one of: ${listed(options)}`, options, answer, 16),
  ),
  ...jsonItems.map(([what, value]) =>
    asked(`Write ${what} as JSON. Give only the JSON.`, { type: 'json', value }),
  ),
];

const creative: readonly Unnumbered[] = writings.map(([prompt, ...rules]) => ({
  prompt,
  maxTokenCount: writtenTokens,
  check: { type: 'form', rules },
}));

const reasoning: readonly Unnumbered[] = [
  ...problems.map(([problem, , value]): Unnumbered => ({
    prompt: `${problem}\nThink step by step, and end with the answer as a number.`,
    maxTokenCount: workedTokens,
    check: { type: 'number', value },
  })),
  ...puzzles.map(([puzzle, options, answer]) =>
    choice(`${puzzle} Answer with one of: ${listed(options)}`, options, answer),
  ),
];

const lowResource: readonly Unnumbered[] = [
  ...Object.entries(vocabulary).flatMap(([language, words], index) =>
    Object.entries(words).map(([word, meaning], at) => {
      const options = optionsFor(meaning, index + at);
      return choice(
        `What does the ${language} word "${word}" mean? Answer with one of: ${listed(options)}`,
        options,
        meaning,
      );
    }),
  ),
  ...numberWords.map(([word, language, value]) =>
    asked(`Which number is "${word}" in ${language}? Answer with figures only.`, { type: 'number', value }),
  ),
  ...askedInThem.map(([question, options, answer], at) => {
    const turned = [...options.slice(at % options.length), ...options.slice(0, at % options.length)];
    return choice(`${question}\n${listed(turned)}`, options, answer, shortTokens);
  }),
];

/** Four meanings, of which the right one stands in a place that says nothing. */
function optionsFor(meaning: string, turn: number): readonly string[] {
  const others = meanings.filter((one) => one !== meaning);
  const picked = [0, 1, 2].map((step) => others[(turn * 3 + step) % others.length] ?? '');
  return picked.toSpliced(turn % 4, 0, meaning);
}

function numbered(task: EvaluatedTask, items: readonly Unnumbered[]): readonly EvaluationItem[] {
  return items.map((item, index) => ({ id: `${task}-${index + 1}`, task, ...item }));
}

/** All items, about forty of each task; none needs a model to be checked. */
export const evaluationItems: readonly EvaluationItem[] = [
  ...numbered('classification', classification),
  ...numbered('simple_qa', simpleQa),
  ...numbered('code', code),
  ...numbered('creative', creative),
  ...numbered('reasoning', reasoning),
  ...numbered('low_resource', lowResource),
];

/** Changes with any item: scores of different versions cannot be compared. */
export const itemsVersion: string = createHash('sha256')
  .update(JSON.stringify(evaluationItems))
  .digest('hex')
  .slice(0, 12);
