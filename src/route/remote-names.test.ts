import { describe, expect, it } from 'vitest';
import { requestOf } from '../answer/fakes.ts';
import { resolveModelName, type KnownNames } from './resolve-model-name.ts';
import { createRoute } from './route.ts';

const known: KnownNames = {
  aliases: { 'gpt-4o': 'open/big', best: 'far' },
  modelIds: ['llama3.2', 'Qwen3-4b'],
  near: 'Qwen3-4b',
  remote: {
    modelIds: ['open/big', 'open/small', 'lama/llama3.2', 'lama/small', 'lama/only'],
    upstreams: ['open', 'lama'],
    far: null,
  },
};
const idOf = (name: string, changes: Partial<KnownNames> = {}) =>
  resolveModelName(name, { ...known, ...changes }).modelId;

describe('a model elsewhere', () => {
  it('is asked by its id, by its bare name where that is clear, by an alias and as far', () => {
    expect(idOf('open/big')).toBe('open/big');
    expect(idOf('big')).toBe('open/big');
    expect(idOf('gpt-4o')).toBe('open/big');
    expect(idOf('far')).toBe('open/big');
    expect(idOf('best')).toBe('open/big');
    expect(idOf('far', { remote: { ...known.remote!, far: 'lama/only' } })).toBe('lama/only');
    expect(idOf('far', { remote: { ...known.remote!, far: 'only' } })).toBe('lama/only');
  });

  it('may be one that the settings do not name, of an upstream that they do', () => {
    expect(idOf('open/new-model:v2')).toBe('open/new-model:v2');
    expect(() => idOf('other/new-model')).toThrow(/no model "other\/new-model"/);
    expect(() => idOf('open/')).toThrow(/no model/);
  });

  it('never takes the place of one that is here, and is never guessed', () => {
    expect(idOf('llama3.2')).toBe('llama3.2');
    expect(idOf('auto')).toBe('Qwen3-4b');
    expect(idOf('near')).toBe('Qwen3-4b');
    // Two upstreams have it; and names of models here may differ in case, names elsewhere may not.
    expect(() => idOf('small')).toThrow(/no model "small"/);
    expect(() => idOf('BIG')).toThrow(/no model "BIG"/);
    expect(idOf('qwen3:4b')).toBe('Qwen3-4b');
  });

  it('is not there without an upstream, which is said', () => {
    const { remote: _, ...none } = known;
    expect(() => resolveModelName('far', none)).toThrow(/OPENAI_API_KEY.*nearfar connect/);
  });
});

describe('fallbacks', () => {
  const route = createRoute({
    aliases: known.aliases,
    near: () => 'Qwen3-4b',
    listModelIds: async () => known.modelIds,
    remote: known.remote!,
    fallbacks: { far: ['lama/only', 'near', 'open/big'], 'open/small': ['near'] },
  });

  it('are those of the name that was asked, else of its model; each once, and not itself', async () => {
    const decide = async (requestedModel: string) => route.decide(requestOf({ requestedModel }));
    expect(await decide('far')).toEqual({
      modelId: 'open/big',
      fallbackIds: ['lama/only', 'Qwen3-4b'],
      reasons: ['far: open/big, the first there is', 'where it fails: lama/only, then Qwen3-4b'],
    });
    expect((await decide('open/small')).fallbackIds).toEqual(['Qwen3-4b']);
    expect((await decide('open/big')).fallbackIds).toBeUndefined();
    expect((await decide('near')).fallbackIds).toBeUndefined();
  });
});
