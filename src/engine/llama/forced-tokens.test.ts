import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { benchSchemas } from '../../../bench/schemas.ts';
import { testWeights } from '../../../test/weights.ts';
import { neutralSampling } from '../../chat/sampling.ts';
import { compileGrammar } from '../grammar/compile-grammar.ts';
import { createSampler } from '../sampling/sampler.ts';
import { createAnswerGrammar } from '../text/answer-grammar.ts';
import { createChoice } from '../text/choice.ts';
import { createDetokenizer } from '../text/detokenizer.ts';
import { createForcedTokens } from '../text/forced-tokens.ts';
import { createStopMatcher } from '../text/stop-matcher.ts';
import { createContext, type LlamaContext } from './context.ts';
import { openLibrary, type LlamaLibrary } from './library.ts';
import { loadModel, type LlamaModel } from './model.ts';

/** Forced tokens of real weights, against the grammar and the tokenizer that they were found with. */

let library: LlamaLibrary;
let model: LlamaModel;
let context: LlamaContext;

beforeAll(async () => {
  library = openLibrary({ backend: 'cpu', onLog: () => undefined });
  model = await loadModel(library, { path: await testWeights('smollm2-q4_0'), gpuLayerCount: 0 });
  context = createContext(model, {
    cellCount: 1024,
    batchTokenCount: 128,
    sequenceCount: 2,
    outputCount: 2,
    threadCount: 1,
  });
}, 300_000);

afterAll(() => {
  context.close();
  model.close();
  library.close();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const plain = { addSpecial: false, parseSpecial: false };

interface TakenToken {
  readonly token: number;
  readonly isForced: boolean;
}

/** An answer as the step loop makes it: all tokens of a step decoded together. */
async function answer(grammar: string, prompt: string, seed: number): Promise<TakenToken[]> {
  const { vocabulary, grammars } = model;
  await grammars.prepare(grammar);
  const own = createAnswerGrammar({
    open: () => grammars.open(grammar),
    triggers: null,
    vocabulary,
    bytes: grammars.bytes,
  });
  const pieceOf = (token: number) => vocabulary.piece(token);
  const choice = createChoice({
    choiceIndex: 0,
    sampler: createSampler({ ...neutralSampling, seed }, vocabulary.tokenCount),
    detokenizer: createDetokenizer(pieceOf),
    stopMatcher: createStopMatcher([]),
    pieceOf,
    maxTokenCount: 400,
    isEndOfGeneration: (token) => vocabulary.isEndOfGeneration(token),
    ignoreEndOfGeneration: false,
    topLogprobCount: null,
    grammar: own,
    forcedTokens: createForcedTokens({ grammar: own, vocabulary }),
  });
  const text = `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`;
  let pending = [...vocabulary.tokenize(text, { addSpecial: false, parseSpecial: true })];
  let position = 0;
  const taken: TakenToken[] = [];
  for (;;) {
    context.clearBatch();
    let row = -1;
    pending.forEach((token, index) => {
      row = context.addToken(token, position++, 0, index === pending.length - 1);
    });
    expect(context.decode()).toBe('ok');
    const { tokens, forcedTokenCount, end } = choice.advance(context.logits(row));
    const drawnCount = tokens.length - forcedTokenCount;
    tokens.forEach((token, index) => taken.push({ token, isForced: index >= drawnCount }));
    if (end !== null) {
      context.removeSequence(0, 0, -1);
      expect(end.reason).toBe('stop');
      return taken;
    }
    pending = [...tokens];
  }
}

const bytesOf = (taken: readonly TakenToken[]): Buffer =>
  Buffer.concat(taken.map(({ token }) => model.vocabulary.piece(token)));

/** Walks the answer byte by byte; each byte of a forced token must be the only one that may come. */
function expectForcedOnly(grammar: string, taken: readonly TakenToken[]): void {
  const matcher = model.grammars.open(grammar);
  const { byteTokens } = model.grammars.bytes;
  for (const { token, isForced } of taken) {
    for (const byte of model.vocabulary.piece(token)) {
      if (isForced) expect(matcher.forced(1)).toMatchObject({ kind: 'text', bytes: Uint8Array.of(byte) });
      matcher.accept(byteTokens[byte] as number);
    }
  }
  expect(matcher.isComplete()).toBe(true);
  matcher.free();
}

/** The whole answer in the tokenizer's own tokens holds every forced token at its place, whatever was drawn behind. */
function expectNatural(taken: readonly TakenToken[]): void {
  const own = new Map<number, number>();
  let at = 0;
  for (const token of model.vocabulary.tokenize(bytesOf(taken).toString('utf8'), plain)) {
    own.set(at, token);
    at += model.vocabulary.piece(token).length;
  }
  at = 0;
  for (const { token, isForced } of taken) {
    if (isForced) expect(own.get(at), bytesOf(taken).toString('utf8')).toBe(token);
    at += model.vocabulary.piece(token).length;
  }
}

describe('forced tokens of a real model', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const chosen = ['get_weather', 'math_reasoning', 'linked_list', 'search_knowledge_base'];
  const schemas = benchSchemas.filter(({ name }) => chosen.includes(name));

  it('are where there is no choice, as the tokenizer writes them, and the answers fit', async () => {
    expect(schemas).toHaveLength(chosen.length);
    let forcedCount = 0;
    let count = 0;
    for (const [index, { schema, prompt }] of schemas.entries()) {
      const grammar = compileGrammar({ kind: 'json', schema, field: 'schema' }).text;
      const taken = await answer(grammar, `${prompt} Answer in JSON.`, index);
      const value: unknown = JSON.parse(bytesOf(taken).toString('utf8'));
      expect(ajv.compile(schema)(value), JSON.stringify(value)).toBe(true);
      expectForcedOnly(grammar, taken);
      expectNatural(taken);
      count += taken.length;
      forcedCount += taken.filter(({ isForced }) => isForced).length;
    }
    // Names and punctuation: a good part of any answer.
    expect(forcedCount).toBeGreaterThan(count / 5);
  });

  it('are none where there is a choice', async () => {
    const { grammars, vocabulary } = model;
    const grammar = compileGrammar({ kind: 'json', schema: { enum: ['yes', 'no'] }, field: 'schema' }).text;
    await grammars.prepare(grammar);
    const matcher = grammars.open(grammar);
    expect(matcher.forced(10)).toMatchObject({ bytes: bytes('"'), isEnd: false });
    matcher.accept(vocabulary.tokenize('"', plain)[0] as number);
    expect(matcher.forced(10)).toBeNull();
    matcher.accept(vocabulary.tokenize('y', plain)[0] as number);
    expect(matcher.forced(10)).toMatchObject({ bytes: bytes('es"'), isEnd: true });
    expect(matcher.forced(2)).toMatchObject({ bytes: bytes('es'), isEnd: false });
    matcher.free();
  });
});
