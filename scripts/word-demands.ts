// Writes src/route/difficulty/words.json: the English words that all-MiniLM-L6-v2 (Apache-2.0) knows, the most frequent first, and of
// each how much more it has to do with work and special knowledge than with what everybody knows. No label, no benchmark and no
// prompt is in it: only the sentences below, and where the words lie between them. Run again, it writes the same file.
//
//   npx node scripts/word-demands.ts
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createEmbeddingContext, type EmbeddingContext } from '../src/engine/llama/embedding-context.ts';
import { openLibrary } from '../src/engine/llama/library.ts';
import { loadModel, type LlamaModel } from '../src/engine/llama/model.ts';
import { dot, normalised } from '../src/engine/vector.ts';
import { scoreStep, scoreZero } from '../src/route/difficulty/word-table.ts';
import { minilmWeights } from '../test/minilm.ts';

/** Ends of two scales, written down before any outcome was looked at: work against recall, special against common knowledge. */
const scales = [
  {
    hard: [
      'Solve this multi-step mathematical problem and calculate the exact result.',
      'Derive the formula and prove the theorem.',
      'Work through the logic puzzle: which conclusion follows from the premises?',
      'Trace the execution of this program and give its output.',
      'Apply physics equations to compute the quantity with its units.',
      'Decide which legal rule governs this complicated case and why.',
    ],
    easy: [
      'Which of these is the capital of this country?',
      'What does this common word mean?',
      'Who wrote this famous book?',
      'Which of the following is an example of this well-known concept?',
      'What is the name of this person, place or thing?',
      'What do most people believe about everyday life?',
    ],
  },
  {
    hard: [
      'A question from a professional licensing examination for specialists.',
      'An advanced graduate-level problem in a technical field.',
      'A legal case with parties, statutes and liabilities.',
      'A clinical case with laboratory values and a diagnosis.',
      'A technical question about algorithms, proofs and formal systems.',
      'An accounting problem with tax rules and financial statements.',
    ],
    easy: [
      'A question that any schoolchild can answer.',
      'Popular culture, films, music and celebrities.',
      'Everyday common sense about people and family.',
      'Well-known geography, cities and countries.',
      'Famous events of history that everyone knows.',
      'Simple facts about animals, food and health.',
    ],
  },
];

const library = openLibrary({ backend: 'cpu', onLog: () => undefined });
const model = await loadModel(library, { path: await minilmWeights(), gpuLayerCount: 0 });
const context = createEmbeddingContext(model, { contextTokenCount: null, threadCount: 2, memoryBytes: 4e9 });

const words = wordsOf(model);
const vectors = embed(model, context, words);
const scores = scales.map(({ hard, easy }) => {
  const direction = meanOf(embed(model, context, hard));
  meanOf(embed(model, context, easy)).forEach((value, at) => {
    direction[at] = (direction[at] ?? 0) - value;
  });
  return standardised(vectors.map((vector) => dot(vector, direction)));
});
const demands = words.map((_, at) => {
  const mean = scores.reduce((sum, one) => sum + (one[at] ?? 0), 0) / scores.length;
  return String.fromCharCode(scoreZero + Math.max(-32, Math.min(32, Math.round(mean / scoreStep))));
});
context.close();
model.close();
library.close();
const file = fileURLToPath(new URL('../src/route/difficulty/words.json', import.meta.url));
writeFileSync(file, `${JSON.stringify({ words: words.join(' '), demands: demands.join('') }, null, 2)}\n`);
process.stdout.write(`${words.length} words\n`);

/** Whole words of two letters or more. Behind the marks and single characters the vocabulary is ordered by frequency. */
function wordsOf({ vocabulary }: LlamaModel): readonly string[] {
  const spellings = Array.from({ length: vocabulary.tokenCount }, (_, token) => vocabulary.spelling(token));
  return spellings.flatMap((spelling) => {
    const [, word] = /^\u2581([a-z]{2,})$/.exec(spelling) ?? [];
    return word === undefined ? [] : [word];
  });
}

function embed(
  { vocabulary }: LlamaModel,
  reader: EmbeddingContext,
  texts: readonly string[],
): Float32Array[] {
  const vectors: Float32Array[] = [];
  while (vectors.length < texts.length) {
    reader.clear();
    const pieces = texts
      .slice(vectors.length, vectors.length + reader.sequenceCount)
      .map((text, sequence) => ({
        sequence,
        position: 0,
        tokens: vocabulary.tokenize(text, { addSpecial: true, parseSpecial: false }),
      }));
    vectors.push(...reader.decode(pieces).map(normalised));
  }
  return vectors;
}

function meanOf(list: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    list[0] ?? [],
    (_, at) => list.reduce((sum, one) => sum + (one[at] ?? 0), 0) / list.length,
  );
}

/** From the median, in standard deviations. */
function standardised(values: readonly number[]): readonly number[] {
  const median = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length);
  return values.map((value) => (value - median) / deviation);
}
