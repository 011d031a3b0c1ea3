import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveModelName } from './resolve-model-name.ts';
import { createOrderGroup, type GroupRequest } from './group-choice.ts';
import { price } from './fakes.ts';
import { createRoute, type RouteSettings } from './route.ts';
import type { ModelOutlook } from './router.ts';
import { createSessionMemory } from './session-memory.ts';

const can = { contextTokenCount: null, tools: true, media: true, schema: true, tokens: false };
const outlook = (changes: Partial<ModelOutlook> = {}): ModelOutlook => ({
  boundary: 'outside',
  rest: null,
  can,
  price: price(3, 15),
  ...changes,
});
const asked = (tokenCount: number, changes: Partial<GroupRequest> = {}): GroupRequest => ({
  requestedModel: 'sonnet',
  tenant: 'team',
  limits: undefined,
  boundModelId: null,
  failedIds: new Set<string>(),
  prompt: {
    text: 'Go on.',
    opening: 'Be brief.',
    needs: { tools: false, media: false, schema: false, tokens: false },
    promptTokenCount: tokenCount,
    maxTokenCount: 100,
    choiceCount: 1,
    fitsAnyContext: false,
    priority: 'default',
    deadlineAt: null,
  },
  ...changes,
});
const noFigures = { of: () => ({ answers: null, speed: null }) };

function groupOf(outlooks: Readonly<Record<string, ModelOutlook>>, now = () => 0) {
  const sessions = createSessionMemory(now);
  const outlookOf = (id: string): ModelOutlook => outlooks[id] ?? outlook();
  const order = createOrderGroup({ outlookOf, figures: noFigures, sessions });
  const key = sessions.keyOf('team', 'Be brief.') ?? '';
  return { order, sessions, key };
}

describe('of a group', () => {
  test('the cheapest is asked first, and where prices are alike the owner’s order holds', async () => {
    const { order } = groupOf({ 'b/m': outlook({ price: price(1, 5) }) });
    expect((await order(['a/m', 'b/m', 'c/m'], asked(1000))).ids).toEqual(['b/m', 'a/m', 'c/m']);
  });

  test('a session stays with the one that holds its prompt while that is cheaper, and no longer', async () => {
    let at = 0;
    const { order, sessions, key } = groupOf(
      { 'dear/m': outlook({ price: price(5, 15) }), 'cheap/m': outlook({ price: price(4, 15) }) },
      () => at,
    );
    const usage = { promptTokenCount: 9000, cachedTokenCount: 0, completionTokenCount: 100 };
    expect((await order(['dear/m', 'cheap/m'], asked(9000))).ids[0]).toBe('cheap/m');
    sessions.remember(key, 'dear/m', usage);
    // Nine tenths of 9,000 tokens for a tenth of 5 is less than all of them for 4.
    expect((await order(['dear/m', 'cheap/m'], asked(9200))).ids[0]).toBe('dear/m');
    // What is new outweighs what is held.
    expect((await order(['dear/m', 'cheap/m'], asked(90_000))).ids[0]).toBe('cheap/m');
    // The provider has let go of it by now.
    at = 300_000;
    expect((await order(['dear/m', 'cheap/m'], asked(9200))).ids[0]).toBe('cheap/m');
  });

  test('a provider that turns out to hold nothing keeps no session', async () => {
    const { order, sessions, key } = groupOf({
      'dear/m': outlook({ price: price(5, 15) }),
      'cheap/m': outlook({ price: price(4, 15) }),
    });
    const usage = { promptTokenCount: 9000, cachedTokenCount: 0, completionTokenCount: 100 };
    for (let turn = 0; turn < 8; turn += 1) sessions.remember(key, 'dear/m', usage);
    expect((await order(['dear/m', 'cheap/m'], asked(9200))).ids[0]).toBe('cheap/m');
  });

  test('one that charges for writing holds what was marked, not the whole prompt', async () => {
    const writes = { ...price(5, 15), cacheWriteMicrosPerMillion: 6_250_000 };
    const { order, sessions, key } = groupOf({
      'dear/m': outlook({ price: writes }),
      'cheap/m': outlook({ price: price(4, 15) }),
    });
    sessions.remember(key, 'dear/m', {
      promptTokenCount: 9000,
      cachedTokenCount: 0,
      completionTokenCount: 100,
    });
    expect((await order(['dear/m', 'cheap/m'], asked(9200))).ids[0]).toBe('cheap/m');
    sessions.remember(key, 'dear/m', {
      promptTokenCount: 9000,
      cachedTokenCount: 8000,
      cacheWriteTokenCount: 900,
      completionTokenCount: 100,
    });
    expect((await order(['dear/m', 'cheap/m'], asked(9200))).ids[0]).toBe('dear/m');
  });

  test('one without a known price, one that rests and one that the key may not ask come last', async () => {
    const { order } = groupOf({
      'unknown/m': outlook({ price: null }),
      'resting/m': outlook({ price: price(1, 1), rest: { reason: 'it failed', pauseMs: 1000 } }),
    });
    const ids = ['unknown/m', 'resting/m', 'a/m'] as const;
    expect((await order(ids, asked(1000))).ids).toEqual(['a/m', 'unknown/m', 'resting/m']);
    const failedIds = new Set(['a/m']);
    expect((await order(ids, asked(1000, { failedIds }))).ids[0]).toBe('unknown/m');
    const limits = { models: ['unknown/*'] } as never;
    expect((await order(ids, asked(1000, { limits }))).ids[0]).toBe('unknown/m');
  });

  test('the model that made the calls gets their results', async () => {
    const { order } = groupOf({ 'b/m': outlook({ price: price(1, 5) }) });
    expect((await order(['a/m', 'b/m'], asked(1000, { boundModelId: 'a/m' }))).ids[0]).toBe('a/m');
  });

  test('all are kept, and none that costs more than another comes before it', async () => {
    const members = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[a-z]{1,6}\/m$/),
        input: fc.integer({ min: 1, max: 50 }),
        held: fc.integer({ min: 0, max: 5000 }),
      }),
      { minLength: 1, maxLength: 6, selector: ({ id }) => id },
    );
    await fc.assert(
      fc.asyncProperty(members, fc.integer({ min: 1, max: 20_000 }), async (list, tokenCount) => {
        const outlooks = Object.fromEntries(
          list.map(({ id, input }) => [id, outlook({ price: price(input, 2 * input) })]),
        );
        const { order, sessions, key } = groupOf(outlooks);
        // One of them holds the session.
        const [holder] = list;
        if (holder !== undefined) {
          const usage = { promptTokenCount: holder.held, cachedTokenCount: 0, completionTokenCount: 0 };
          sessions.remember(key, holder.id, usage);
        }
        const ids = list.map(({ id }) => id) as [string, ...string[]];
        const { ids: ordered } = await order(ids, asked(tokenCount));
        expect(ordered.toSorted()).toEqual(ids.toSorted());
        const costOf = (id: string): number => {
          const input = list.find((one) => one.id === id)?.input ?? 0;
          const held = id === holder?.id ? Math.min(holder.held, tokenCount) : 0;
          return (tokenCount - 0.9 * 0.9 * held) * input + 100 * 2 * input;
        };
        for (const [index, id] of ordered.entries()) {
          const next = ordered[index + 1];
          if (next !== undefined) expect(costOf(id)).toBeLessThanOrEqual(costOf(next) + 1e-6);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a name that is a group', () => {
  const settings = (): RouteSettings => {
    const { order, sessions } = groupOf({ 'b/m': outlook({ price: price(1, 5) }) });
    return {
      aliases: { sonnet: 'a/m', work: 'sonnet' },
      fallbacks: { sonnet: ['b/m'] },
      groups: { sonnet: ['a/m', 'b/m'] },
      near: () => null,
      listModelIds: () => Promise.resolve([]),
      remote: { modelIds: ['a/m', 'b/m', 'c/m'], upstreams: ['a', 'b', 'c'], far: null },
      routing: {
        tiers: [],
        router: null,
        observes: false,
        figures: { see: () => undefined },
        sessions,
        orderGroup: order,
      },
    };
  };

  test('is decided prompt by prompt, under its aliases too', async () => {
    const route = createRoute(settings());
    for (const requestedModel of ['sonnet', 'work']) {
      expect(route.isRouted(requestedModel)).toBe(true);
      const decision = await route.decide(
        { requestedModel, privacy: 'open', tenant: 'team' },
        { prompt: () => asked(1000).prompt },
      );
      expect(decision).toMatchObject({ modelId: 'b/m', fallbackIds: ['a/m'] });
      expect(decision.reasons.join()).toContain('the cheapest of the group by expected cost');
    }
    expect(await route.tiers('work')).toEqual([
      { tier: 'a/m', modelId: 'a/m' },
      { tier: 'b/m', modelId: 'b/m' },
    ]);
  });

  test('has those that its name falls back to behind all of its own', async () => {
    const route = createRoute({ ...settings(), fallbacks: { sonnet: ['b/m', 'c/m'] } });
    const request = { requestedModel: 'sonnet', privacy: 'open', tenant: 'team' } as const;
    expect(await route.decide(request, { prompt: () => asked(1000).prompt })).toMatchObject({
      modelId: 'b/m',
      fallbackIds: ['a/m', 'c/m'],
    });
  });

  test('has them by its aliases too', async () => {
    const route = createRoute({
      ...settings(),
      aliases: { sonnet: 'a/m', work: 'sonnet' },
      fallbacks: { sonnet: ['b/m', 'c/m'] },
    });
    const request = { requestedModel: 'work', privacy: 'open', tenant: 'team' } as const;
    const byCost = await route.decide(request, { prompt: () => asked(1000).prompt });
    expect(byCost).toMatchObject({ modelId: 'b/m', fallbackIds: ['a/m', 'c/m'] });
    // By names alone, as of texts to embed.
    expect(await route.decide(request)).toMatchObject({ modelId: 'a/m', fallbackIds: ['b/m', 'c/m'] });
  });

  test('goes back to the model that answered the session, where what it holds makes that cheaper', async () => {
    const route = createRoute(settings());
    const question = { prompt: () => asked(9000).prompt };
    const request = { requestedModel: 'sonnet', privacy: 'open', tenant: 'team' } as const;
    const first = await route.decide(request, question);
    // The cheaper one was down; the dearer one answered.
    const row = {
      answeringModel: 'a/m',
      status: 200,
      answerSource: 'model',
      promptTokenCount: 9000,
      cachedTokenCount: 0,
      completionTokenCount: 100,
    };
    route.settled(first, row as never);
    expect((await route.decide(request, question)).modelId).toBe('a/m');
    // A short one costs less where nothing is held.
    const short = { prompt: () => ({ ...asked(9000).prompt, opening: 'Another talk.' }) };
    expect((await route.decide(request, short)).modelId).toBe('b/m');
  });

  test('without a prompt is its first model, with the others behind it', async () => {
    const { aliases, remote } = settings();
    const known = { aliases, near: null, modelIds: [], ...(remote === undefined ? {} : { remote }) };
    expect(resolveModelName('sonnet', known).modelId).toBe('a/m');
    const route = createRoute(settings());
    expect(await route.decide({ requestedModel: 'sonnet', privacy: 'open' })).toMatchObject({
      modelId: 'a/m',
      fallbackIds: ['b/m'],
    });
    await expect(route.resolve('constructor')).rejects.toThrow('no model');
  });
});
