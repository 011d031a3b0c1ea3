import { seededRandom } from '../src/random/seeded-random.ts';
import { createAnswerCache, type AnswerCache } from '../src/cache/answer-cache.ts';
import type { SemanticStats } from '../src/cache/semantic/semantic-cache.ts';
import type { ChatPart } from '../src/chat/part.ts';
import type { ChatRequest } from '../src/chat/request.ts';
import { neutralSampling } from '../src/chat/sampling.ts';

/** A line of the data set: a question and which answer it has. */
export interface FamilyQuestion {
  readonly family: string;
  readonly topic: string;
  /** Questions with the same one have the same answer. */
  readonly answer: string;
  readonly text: string;
}

/** What became of one question. */
export interface Outcome {
  readonly question: FamilyQuestion;
  /** The same answer was made before, by this stream. */
  readonly isParaphrase: boolean;
  /** Whose answer was given; null: the model's own. */
  readonly hit: FamilyQuestion | null;
}

export type Vectors = ReadonlyMap<string, Float32Array>;

export function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item);
}

export interface StreamOptions {
  readonly vectors: Vectors;
  readonly maxWrongHitRate: number;
  readonly checkRate: number;
  readonly seed: number;
}

/** The product's own cache, in front of a model that answers each question with its class. */
export function cachedStream(options: StreamOptions): {
  readonly ask: (question: FamilyQuestion) => Promise<Outcome>;
  readonly stats: () => SemanticStats;
} {
  const { vectors, maxWrongHitRate, checkRate, seed } = options;
  const cache: AnswerCache = createAnswerCache({
    isOn: true,
    maxTemperature: 0,
    upstreams: false,
    budgetBytes: 1e9,
    timeToLiveMs: 1e9,
    revisionOf: () => Promise.resolve('one'),
    now: () => 0,
    semantic: {
      maxWrongHitRate,
      checkRate,
      comparison: 'text',
      random: seededRandom(seed),
      embed: (texts) => Promise.resolve(texts.map((text) => vectorOf(vectors, text))),
    },
  });
  const seen = new Set<string>();
  const asked: FamilyQuestion[] = [];

  async function ask(question: FamilyQuestion): Promise<Outcome> {
    const number = asked.push(question) - 1;
    let hit: FamilyQuestion | null = null;
    let text = '';
    const parts = cache.answer({
      request: requestOf(`question-${number}`, question.text),
      modelId: 'model',
      signal: new AbortController().signal,
      open: () => Promise.resolve(modelParts(question.answer, number)),
    });
    for await (const part of parts) {
      if (part.type === 'start' && part.source !== undefined) hit = asked[part.promptTokenCount] ?? null;
      if (part.type === 'text-delta') text += part.text;
    }
    if (text !== (hit ?? question).answer)
      throw new Error(`another answer than that of its question: ${text}`);
    // What is learnt of an answer is learnt behind its reader's back.
    await new Promise((resolve) => setImmediate(resolve));
    const isParaphrase = seen.has(question.answer);
    seen.add(question.answer);
    return { question, isParaphrase, hit };
  }
  return {
    ask,
    stats: () => {
      const { semantic } = cache.stats;
      if (semantic === null) throw new Error('the semantic cache is off');
      return semantic;
    },
  };
}

/** What most semantic caches do: the answer of the nearest question, where its cosine reaches one fixed threshold. */
export function fixedStream(vectors: Vectors, threshold: number): (question: FamilyQuestion) => Outcome {
  const kept: { readonly question: FamilyQuestion; readonly vector: Float32Array }[] = [];
  const seen = new Set<string>();
  return (question) => {
    const vector = vectorOf(vectors, question.text);
    let nearest: FamilyQuestion | null = null;
    let best = threshold;
    for (const one of kept) {
      const similarity = one.vector.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0);
      if (similarity < best) continue;
      best = similarity;
      nearest = one.question;
    }
    const isParaphrase = seen.has(question.answer);
    seen.add(question.answer);
    if (nearest === null) kept.push({ question, vector });
    return { question, isParaphrase, hit: nearest };
  };
}

function vectorOf(vectors: Vectors, text: string): Float32Array {
  const vector = vectors.get(text);
  if (vector === undefined) throw new Error(`no vector of: ${text}`);
  return vector;
}

function requestOf(id: string, text: string): ChatRequest {
  return {
    id,
    dialect: 'openai',
    requestedModel: 'near',
    input: { kind: 'chat', messages: [{ role: 'user', content: text }] },
    sampling: { ...neutralSampling, temperature: 0 },
    stop: [],
    maxTokenCount: 100,
    choiceCount: 1,
    topLogprobCount: null,
    privacy: 'open',
    tenant: '',
    deadlineAt: null,
    isStreamed: true,
    priority: 'default',
    answerCache: 'auto',
    ignoreEndOfGeneration: false,
    outputFormat: { type: 'text' },
    keepAliveSeconds: null,
  };
}

/** @param number of the question, told as the length of its prompt, so that a kept answer shows whose it is */
async function* modelParts(text: string, number: number): AsyncGenerator<ChatPart, undefined> {
  await Promise.resolve();
  const usage = { promptTokenCount: number, cachedTokenCount: 0, completionTokenCount: 10 };
  const timings = { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 };
  yield { type: 'start', model: 'model', grade: 'ungraded', promptTokenCount: number, cachedTokenCount: 0 };
  yield { type: 'text-delta', choice: 0, text };
  yield { type: 'choice-end', choice: 0, reason: 'stop' };
  yield { type: 'finish', usage, timings };
}
