import { seededRandom } from '../src/random/seeded-random.ts';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clopperPearson } from '../src/cache/semantic/clopper-pearson.ts';
import { composeGateway } from '../src/cli/compose.ts';
import { loadSettings } from '../src/config/load.ts';
import { createModelStore } from '../src/models/store.ts';
import { minilmWeights } from '../test/minilm.ts';
import type { Benchmark, Row } from './benchmark.ts';
import {
  cachedStream,
  fixedStream,
  shuffled,
  type FamilyQuestion,
  type Outcome,
  type Vectors,
} from './semcache-stream.ts';
import { median, rounded } from './stats.ts';

/** The first is the default and the one that the targets are for. */
const settings = [
  { maxWrongHitRate: 0.01, learnsFurther: false },
  { maxWrongHitRate: 0.01, learnsFurther: true },
  { maxWrongHitRate: 0.02, learnsFurther: false },
  { maxWrongHitRate: 0.05, learnsFurther: false },
];
const fixedThresholds = [0.8, 0.9, 0.95];
const checkRate = 0.05;
const familyCount = 60;

/**
 * Questions in many wordings, half of a family's being near misses, as one stream: first the families to learn from, then those that
 * are scored, each half in a seeded order. The cache is the product's own, the vectors are all-MiniLM-L6-v2's through the engine; the
 * model is played by the label of each question's answer, so that every hit can be judged. Beside it: caches with one threshold.
 */
export const semcache: Benchmark = async (setup) => {
  const [learnt, scored, further] = await Promise.all([
    readFamilies('first-half'),
    readFamilies('second-half'),
    readFamilies('development'),
  ]);
  const all = [...learnt, ...scored];
  const found = new Set(all.map(({ family }) => family)).size;
  if (found !== familyCount || all.length !== familyCount * 20) throw new Error('not 60 families of 20');
  setup.progress('vectors of 1,800 questions');
  const vectors = await vectorsOf([...all, ...further].map(({ text }) => text));
  const seeds = Array.from({ length: setup.repeatCount ?? (setup.quick ? 2 : 10) }, (_, index) => index + 1);

  const rows: Row[] = [];
  const figures: Record<string, number> = {};
  for (const { maxWrongHitRate, learnsFurther } of settings) {
    const runs = [];
    for (const seed of seeds) {
      setup.progress(`budget ${maxWrongHitRate}, seed ${seed}`);
      const random = seededRandom(seed);
      const stream = cachedStream({ vectors, maxWrongHitRate, checkRate, seed });
      const toLearnFrom = learnsFurther ? [...learnt, ...further] : learnt;
      for (const question of shuffled(toLearnFrom, random)) await stream.ask(question);
      const before = stream.stats();
      const outcomes: Outcome[] = [];
      for (const question of shuffled(scored, random)) outcomes.push(await stream.ask(question));
      const after = stream.stats();
      const openAtFirst = before.pools[0]?.isOpen === true;
      const checkCount =
        (after.pools[0]?.estimate.checkCount ?? 0) - (before.pools[0]?.estimate.checkCount ?? 0);
      runs.push({ outcomes, openAtFirst, checkCount, estimate: after.pools[0]?.estimate });
    }
    const score = scoreOf(runs.map(({ outcomes }) => outcomes));
    rows.push({
      label: `nearfar, budget ${maxWrongHitRate * 100}%${learnsFurther ? ', twice as much to learn from' : ''}`,
      cells: {
        ...cellsOf(score),
        'open when the second half begins': `${runs.filter(({ openAtFirst }) => openAtFirst).length} of ${seeds.length}`,
        'would-be hits checked, second half (median)': median(runs.map(({ checkCount }) => checkCount)),
        'own estimate of wrong, upper end (median)': rounded(
          median(runs.map(({ estimate }) => estimate?.upper ?? 1)),
          3,
        ),
      },
    });
    if (maxWrongHitRate !== 0.01 || learnsFurther) continue;
    Object.assign(figures, {
      wrong_hit_rate: score.distinctUpper,
      hit_rate: score.hitRate,
      wrong_hits: score.wrongCount,
      wrong_hit_rate_one_stream: score.streamUpper,
      wrong_lookup_rate_one_stream: score.lookupUpper,
    });
  }
  for (const threshold of fixedThresholds) {
    const outcomes = seeds.map((seed) => {
      const random = seededRandom(seed);
      const ask = fixedStream(vectors, threshold);
      for (const question of shuffled(learnt, random)) ask(question);
      return shuffled(scored, random).map(ask);
    });
    rows.push({ label: `one threshold, cosine ${threshold}`, cells: cellsOf(scoreOf(outcomes)) });
  }
  return {
    figures,
    targets: [
      { key: 'wrong_hit_rate', value: figures['wrong_hit_rate'] ?? 1, atMost: 0.01 },
      { key: 'hit_rate', value: figures['hit_rate'] ?? 0, atLeast: 0.3 },
    ],
    rows,
    notes: [
      `${seeds.length} streams (seeds ${seeds.join(', ')}) of 600 questions to learn from and 600 that are scored; topics differ. ` +
        'A true paraphrase is a question whose answer was made before in its stream; `hit_rate` is the share of them that got that ' +
        'answer from the cache, checks counted as misses. Nothing of the second half is known when it begins. The row with twice as much ' +
        'to learn from adds the 600 questions of development.jsonl, of yet other topics, before it.',
      '`wrong_hit_rate`: wrong hits over all hits, not over all questions, upper end of the 95% interval (Clopper-Pearson). A hit ' +
        'is counted once for each pair of questions, however many streams it came up in: one stream has too few hits to show 1% ' +
        'even without a wrong one. Pairs of one family are alike, so the interval is narrower than that of as many independent ' +
        'ones. `wrong_hit_rate_one_stream` and `wrong_lookup_rate_one_stream` are the median of single streams, over hits and (as ' +
        'vCache counts) over all questions.',
      'At a budget of 1% hits begin after 255 checks of would-be hits without a wrong one, about as many as the first half has, ' +
        'and each neighbourhood takes one or two checks of its own first, of the ten questions that it has here. What is wrong ' +
        'among the hits depends little on the budget.',
      'The model is played by the labels: the check whether two answers are the same makes no mistakes here. A model that words ' +
        'one answer in many ways makes checks fail that should not, and the cache then hits less.',
      'How the data came to be: the rules for English were written first; the first half was used to develop them; a second half ' +
        'was written then and scored once: 19 wrong of 351 hits at a budget of 1% and a hit rate of 0.23. It showed what the rules ' +
        'lacked (kinds of question, turned comparisons, a check before the first hit of each neighbourhood), became ' +
        'development.jsonl, and this second half was written after the rules were frozen again, and no rule, weight or limit was changed ' +
        'after it was scored. One author wrote rules and questions.',
    ],
  };
};

interface Score {
  readonly hitRate: number;
  readonly hitCount: number;
  readonly wrongCount: number;
  readonly paraphraseCount: number;
  readonly distinctCount: number;
  readonly distinctWrongCount: number;
  readonly distinctUpper: number;
  readonly streamUpper: number;
  readonly lookupUpper: number;
}

function scoreOf(streams: readonly (readonly Outcome[])[]): Score {
  const all = streams.flat();
  const hits = all.filter(({ hit }) => hit !== null);
  const right = hits.filter((outcome) => !isWrong(outcome));
  const paraphraseCount = all.filter(({ isParaphrase }) => isParaphrase).length;
  const distinct = new Map(
    hits.map((outcome) => [`${outcome.question.text}\n${outcome.hit?.text ?? ''}`, outcome] as const),
  );
  const distinctWrongCount = [...distinct.values()].filter(isWrong).length;
  const upperOf = (share: (stream: readonly Outcome[]) => number): number => median(streams.map(share));
  return {
    hitRate: right.length / paraphraseCount,
    hitCount: hits.length,
    wrongCount: hits.length - right.length,
    paraphraseCount,
    distinctCount: distinct.size,
    distinctWrongCount,
    distinctUpper: clopperPearson(distinctWrongCount, distinct.size).upper,
    streamUpper: upperOf((stream) => {
      const given = stream.filter(({ hit }) => hit !== null);
      return clopperPearson(given.filter(isWrong).length, given.length).upper;
    }),
    lookupUpper: upperOf((stream) => clopperPearson(stream.filter(isWrong).length, stream.length).upper),
  };
}

function isWrong({ question, hit }: Outcome): boolean {
  return hit !== null && hit.answer !== question.answer;
}

function cellsOf(score: Score): Row['cells'] {
  return {
    'hit rate': rounded(score.hitRate, 3),
    hits: score.hitCount,
    wrong: score.wrongCount,
    'distinct hits': score.distinctCount,
    'distinct wrong': score.distinctWrongCount,
    'wrong of distinct hits, upper end': rounded(score.distinctUpper, 3),
    'of one stream, upper end (median)': rounded(score.streamUpper, 3),
    'of its questions, upper end (median)': rounded(score.lookupUpper, 3),
  };
}

async function readFamilies(name: string): Promise<readonly FamilyQuestion[]> {
  const path = new URL(`workloads/semcache/${name}.jsonl`, import.meta.url);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as FamilyQuestion);
}

/** By all-MiniLM-L6-v2 in a gateway of its own, as the product makes them. */
async function vectorsOf(texts: readonly string[]): Promise<Vectors> {
  const home = await mkdtemp(join(tmpdir(), 'nearfar-semcache-'));
  const store = createModelStore({ home, hub: { endpoint: 'http://127.0.0.1:9', token: null } });
  const { id } = await store.pull(`file:${await minilmWeights()}`);
  const flags = new Map(
    Object.entries({ near: id, logLevel: 'error' }).map(
      ([path, text]) => [path, { flag: `--${path}`, text }] as const,
    ),
  );
  const loaded = await loadSettings({ environment: {}, workingFolder: home, home, flags });
  const gateway = await composeGateway(loaded);
  try {
    const model = await gateway.localModels.model(id);
    const { output } = await model.embed(
      {
        id: 'semcache',
        dialect: 'internal',
        requestedModel: id,
        privacy: 'open',
        tenant: '',
        deadlineAt: null,
        keepAliveSeconds: null,
        task: {
          kind: 'embed',
          inputs: texts.map((text) => ({ kind: 'text', text })),
          truncates: false,
          dimensions: null,
          field: 'input',
        },
      },
      new AbortController().signal,
    );
    if (output.kind !== 'vectors') throw new Error('no vectors came');
    return new Map(texts.map((text, index) => [text, output.vectors[index] ?? new Float32Array()]));
  } finally {
    await gateway.close();
    await rm(home, { recursive: true, force: true });
  }
}
