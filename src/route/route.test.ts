import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestOf } from '../answer/fakes.ts';
import { NearfarError } from '../chat/error.ts';
import { editDistance, nearestName } from './nearest-name.ts';
import { resolveModelName } from './resolve-model-name.ts';
import type { KnownNames } from './resolve-model-name.ts';
import { createRoute } from './route.ts';

const known: KnownNames = {
  aliases: {
    'gpt-4o': 'auto',
    small: 'smollm2-135m-instruct',
    chain: 'small',
    one: 'two',
    two: 'one',
    lost: 'gone',
  },
  modelIds: [
    'smollm2-135m-instruct',
    'Qwen3-4b',
    'llama3.2',
    'phi-4:q4_k_m',
    'phi-4:q8_0',
    'gemma-2-2b-it:q4_0',
  ],
  near: 'Qwen3-4b',
};

describe('a name that is known', () => {
  test.each([
    ['auto', 'Qwen3-4b'],
    ['near', 'Qwen3-4b'],
    ['gpt-4o', 'Qwen3-4b'],
    ['gpt-4o:latest', 'Qwen3-4b'],
    ['chain', 'smollm2-135m-instruct'],
    ['smollm2-135m-instruct', 'smollm2-135m-instruct'],
    ['smollm2-135m-instruct:latest', 'smollm2-135m-instruct'],
    ['smollm2:135m-instruct', 'smollm2-135m-instruct'],
    ['smollm2:135m', 'smollm2-135m-instruct'],
    ['qwen3:4b', 'Qwen3-4b'],
    ['QWEN3-4B', 'Qwen3-4b'],
    ['phi-4', 'phi-4:q4_k_m'],
    ['phi4:latest', 'phi-4:q4_k_m'],
    ['phi-4:q8_0', 'phi-4:q8_0'],
    ['gemma2:2b', 'gemma-2-2b-it:q4_0'],
  ])('%s is %s', (name, modelId) => {
    const decision = resolveModelName(name, known);
    expect(decision.modelId).toBe(modelId);
    expect(decision.reasons.length).toBeGreaterThan(0);
  });

  test('each step of an alias chain is a reason', () => {
    expect(resolveModelName('chain', known).reasons).toEqual([
      'alias chain -> small',
      'alias small -> smollm2-135m-instruct',
      'model smollm2-135m-instruct',
    ]);
  });

  test('without a near model set, the first there is', () => {
    expect(resolveModelName('auto', { ...known, near: null }).modelId).toBe('smollm2-135m-instruct');
  });
});

describe('a name that is not', () => {
  test.each([
    ['phi-4:q2_k', /There is no model/],
    ['llama3.2:70b', /There is no model "llama3.2:70b"/],
    ['smolm2-135m-instruct', /Did you mean "smollm2-135m-instruct"/],
    ['gpt-5', /aliases: \{ "gpt-5": "auto" \}/],
    ['gpt-5', /auto, near, smollm2-135m-instruct, Qwen3-4b, llama3.2, .*gpt-4o/],
    ['one', /circle: one -> two -> one/],
    ['lost', /"lost", which stands for "gone"/],
    ['constructor', /There is no model "constructor"/],
    ['__proto__', /There is no model/],
    ['', /There is no model ""/],
  ])('%s says so', (name, message) => {
    expect(() => resolveModelName(name, known)).toThrow(
      expect.objectContaining({
        kind: 'model_not_found',
        field: 'model',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  test('an empty machine is told what to pull', () => {
    expect(() => resolveModelName('auto', { aliases: {}, modelIds: [], near: null })).toThrow(/nearfar pull/);
  });

  test('a near model that is not here is named', () => {
    expect(() => resolveModelName('auto', { ...known, near: 'phi-5' })).toThrow(
      /"near", which stands for "phi-5"/,
    );
  });
});

test('any name ends in a model that is here or in model_not_found, and the message stays short', () => {
  const name = fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom('a', 'b', 'c', 'auto', 'near'));
  fc.assert(
    fc.property(
      name,
      fc.dictionary(name, name, { maxKeys: 6 }),
      fc.array(name, { maxLength: 4 }),
      (wanted, aliases, modelIds) => {
        try {
          expect(modelIds).toContain(resolveModelName(wanted, { aliases, modelIds, near: null }).modelId);
        } catch (thrown) {
          if (!(thrown instanceof NearfarError)) throw thrown;
          expect(thrown.kind).toBe('model_not_found');
        }
      },
    ),
  );
});

test('a route asks for the models anew each time, and says where local_only stays', async () => {
  let modelIds: readonly string[] = [];
  const route = createRoute({ aliases: {}, near: () => null, listModelIds: async () => modelIds });
  await expect(route.resolve('auto')).rejects.toThrow(/Pull one/);
  modelIds = ['tiny'];
  const decision = await route.decide(requestOf({ privacy: 'local_only' }));
  expect(decision).toEqual({
    modelId: 'tiny',
    reasons: ['local_only: inside only', 'auto: the near model', 'near: tiny, the first there is'],
  });
});

describe('nearest name', () => {
  test('edit distance is a metric', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, word, (one, other, third) => {
        const distance = editDistance(one, other);
        expect(distance).toBe(editDistance(other, one));
        expect(distance === 0).toBe(one === other);
        expect(editDistance(one, third)).toBeLessThanOrEqual(distance + editDistance(other, third));
      }),
    );
  });

  test('nothing close is null', () => {
    expect(nearestName('gpt-4o', ['smollm2', 'near'])).toBe(null);
    expect(nearestName('smollm', ['near', 'smollm2-135m'])).toBe('smollm2-135m');
  });
});
