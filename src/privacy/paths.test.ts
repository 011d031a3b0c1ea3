import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRoute } from '../route/route.ts';
import { isWithin, leaksOf, pathsOf, type PathSettings } from './paths.ts';
import { routeModes } from './verdict.ts';

const upstream = (
  changes: Partial<PathSettings['upstreams'][number]> = {},
): PathSettings['upstreams'][number] => ({
  name: 'openai',
  preset: 'openai',
  baseUrl: 'https://api.openai.com/v1',
  replicas: [],
  hedge: 'off',
  boundary: 'outside',
  models: [{ name: 'gpt' }],
  ...changes,
});
const settings = (changes: Partial<PathSettings> = {}): PathSettings => ({
  far: null,
  mid: null,
  route: { policy: null, tiers: null, classifier: null, observe: false },
  shadow: null,
  aliases: {},
  fallbacks: {},
  upstreams: [upstream()],
  cache: { semantic: null },
  privacy: { mode: 'auto', modes: {}, insideHosts: [] },
  ...changes,
});

describe('the paths of settings', () => {
  test('have what a comparison asks: the other tiers and the judge, of open requests only', () => {
    const found = pathsOf(settings({ shadow: { judge: 'openai/gpt', share: 0.01 } })).filter(
      ({ from }) => from === 'shadow',
    );
    expect(found.map(({ via }) => via[0])).toEqual(['alternative far', 'judge openai/gpt']);
    expect(new Set(found.map(({ carries }) => carries))).toEqual(new Set(['open']));
    expect(leaksOf(settings({ shadow: { judge: 'openai/gpt', share: 1 } }))).toEqual([]);
    const off = settings({ shadow: { judge: 'openai/gpt', share: 0 } });
    expect(pathsOf(off).some(({ from }) => from === 'shadow')).toBe(false);
  });

  test('have the fallbacks of each name that an alias leads over', () => {
    const found = pathsOf(
      settings({
        aliases: { best: 'team', team: 'far' },
        fallbacks: { team: ['openai/second'], far: ['openai/third'] },
      }),
    ).filter(({ from }) => from === 'best');
    expect(found.map(({ model }) => model).toSorted()).toEqual(['gpt', 'second', 'third']);
  });

  test('go by names, aliases, tiers, fallbacks and replicas', () => {
    const found = pathsOf(
      settings({
        aliases: { best: 'far' },
        fallbacks: { near: ['best'] },
        upstreams: [upstream({ replicas: ['https://b.example.com/v1'], hedge: 'auto' })],
      }),
    );
    const steps = found.map(({ from, via, address }) =>
      [from, ...via, new URL(address).hostname].join(' > '),
    );
    expect(steps).toContain('far > far is openai/gpt > api.openai.com');
    expect(steps).toContain(
      'best > alias best is far > far is openai/gpt > replica 1, also as a hedge > b.example.com',
    );
    expect(steps).toContain(
      'near > fallback of near: best > alias best is far > far is openai/gpt > api.openai.com',
    );
    expect(steps).toContain('openai/* > api.openai.com');
    expect(found.every(({ carries }) => carries === 'open')).toBe(true);
  });

  test('what redacted copies may take is told apart', () => {
    const found = pathsOf(settings({ privacy: { mode: 'auto', modes: { far: 'redact' }, insideHosts: [] } }));
    expect(found.filter(({ from }) => from === 'far').map(({ carries }) => carries)).toEqual([
      'open_and_redacted',
    ]);
    expect(found.find(({ from }) => from === 'openai/gpt')?.carries).toBe('open');
  });

  test('auto goes to every tier where a policy chooses among them, and a model in between is one', () => {
    const route = { policy: 'classifier', tiers: null, classifier: null, observe: false };
    const steps = pathsOf(settings({ route, mid: 'openai/mini' }))
      .filter(({ from }) => from === 'auto')
      .map(({ via }) => via.join(' > '));
    expect(steps).toEqual(['tier mid > mid is openai/mini', 'tier far > far is openai/gpt']);
    const named = {
      ...route,
      policy: null,
      tiers: [
        { name: 'near', model: 'near' },
        { name: 'big', model: 'openai/gpt' },
      ],
    };
    const names = pathsOf(settings({ route: named })).map(({ from, model }) => `${from} ${model}`);
    expect(names).toEqual(expect.arrayContaining(['auto gpt', 'big gpt']));
    expect(pathsOf(settings()).some(({ from }) => from === 'auto')).toBe(false);
  });

  test('name every model that the route would ask', async () => {
    const ids = ['a/x', 'a/y', 'b/x', 'b/z'];
    const name = fc.constantFrom('auto', 'near', 'far', 'one', 'two', 'x', 'z', 'tiny', ...ids);
    const world = fc.record({
      aliases: fc.dictionary(fc.constantFrom('one', 'two', 'z'), name),
      fallbacks: fc.dictionary(name, fc.array(name, { minLength: 1, maxLength: 3 })),
      far: fc.constantFrom(null, 'a/y', 'z'),
      asked: name,
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ aliases, fallbacks, far, asked }) => {
        const upstreams = [
          upstream({ name: 'a', models: [{ name: 'x' }, { name: 'y' }] }),
          upstream({ name: 'b', models: [{ name: 'x' }, { name: 'z' }] }),
        ];
        const remote = { modelIds: ids, upstreams: ['a', 'b'], far };
        const route = createRoute({
          aliases,
          fallbacks,
          near: () => null,
          listModelIds: () => Promise.resolve(['tiny']),
          remote,
        });
        const decision = await route.decide({ requestedModel: asked, privacy: 'open' }).catch(() => null);
        if (decision === null) return;
        const known = pathsOf(settings({ aliases, fallbacks, far, upstreams }))
          .filter(({ from }) => from === asked)
          .map((path) => `${path.upstream}/${path.model}`);
        for (const id of [decision.modelId, ...(decision.fallbackIds ?? [])]) {
          if (id !== 'tiny') expect(known).toContain(id);
        }
      }),
    );
  });
});

describe('a leak', () => {
  test('is an upstream inside at an address that is not one’s own, until the owner names it', () => {
    const own = settings({ upstreams: [upstream({ boundary: 'inside' })] });
    const [leak] = leaksOf(own);
    expect(leak?.setting).toBe('upstreams[0].boundary');
    expect(leak?.message).toContain('far -> far is openai/gpt -> https://api.openai.com/v1');
    expect(leak?.message).toContain('privacy.insideHosts: [api.openai.com]');
    expect(leaksOf({ ...own, privacy: { ...own.privacy, insideHosts: ['api.openai.com'] } })).toEqual([]);
  });

  test('is a replica elsewhere of an upstream inside', () => {
    const replicas = ['https://rented.example.com/v1'];
    const own = settings({
      upstreams: [upstream({ boundary: 'inside', baseUrl: 'http://10.0.0.7/v1', replicas })],
    });
    expect(leaksOf(own).map(({ path }) => path.address)).toContain(replicas[0]);
    expect(leaksOf(own).every(({ path }) => path.address === replicas[0])).toBe(true);
  });

  test('is an embedder outside, which would read every question', () => {
    const cache = { semantic: { embedder: 'openai/text-embedding' } };
    expect(leaksOf(settings({ cache })).map(({ setting }) => setting)).toEqual(['cache.semantic']);
    expect(leaksOf(settings({ cache: { semantic: { embedder: 'minilm' } } }))).toEqual([]);
    const route = { policy: null, tiers: null, classifier: 'openai/gpt', observe: false };
    expect(leaksOf(settings({ route })).map(({ setting }) => setting)).toEqual(['route.classifier']);
  });

  test('none is in settings whose upstreams inside are at home, whatever else they say', () => {
    const name = fc.constantFrom('near', 'far', 'one', 'two', 'in/m', 'out/m', 'm');
    const world = fc.record({
      aliases: fc.dictionary(fc.constantFrom('one', 'two'), name),
      fallbacks: fc.dictionary(name, fc.array(name, { minLength: 1, maxLength: 3 })),
      mode: fc.constantFrom(...routeModes),
      modes: fc.dictionary(name, fc.constantFrom(...routeModes)),
      host: fc.constantFrom('10.1.2.3', 'localhost', '[fd00::1]', 'vllm.internal', 'gpu'),
    });
    fc.assert(
      fc.property(world, ({ aliases, fallbacks, mode, modes, host }) => {
        const upstreams = [
          upstream({
            name: 'in',
            boundary: 'inside',
            baseUrl: `http://${host}:8000/v1`,
            models: [{ name: 'm' }],
          }),
          upstream({ name: 'out', models: [{ name: 'm' }] }),
        ];
        const one = settings({ aliases, fallbacks, upstreams, privacy: { mode, modes, insideHosts: [] } });
        expect(leaksOf(one)).toEqual([]);
        for (const path of pathsOf(one)) if (path.carries === 'tainted') expect(path.boundary).toBe('inside');
      }),
    );
  });

  test.each([
    ['127.0.0.1', true],
    ['[::1]', true],
    ['192.168.1.4', true],
    ['gpu-box', true],
    ['llm.default.svc', true],
    ['8.8.8.8', false],
    ['[2606:4700::1]', false],
    ['api.example.com', false],
    ['internal.example.com', false],
  ])('%s is within: %s', (host, expected) => {
    expect(isWithin(host)).toBe(expected);
  });
});
