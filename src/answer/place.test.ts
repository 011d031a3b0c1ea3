import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelGrade } from '../chat/part.ts';
import { NearfarError } from '../chat/error.ts';
import { routeModes, keyModes, verdictOf, type PrivacyFacts } from '../privacy/verdict.ts';
import { mayCross, type Boundary } from '../privacy/clear.ts';
import { nothingFound } from '../privacy/scan-request.ts';
import { createRoute } from '../route/route.ts';
import { place, type PlaceDependencies } from './place.ts';

const upstreams = ['in', 'out', 'far'];
const ids = ['tiny', 'small', 'in/a', 'in/b', 'out/a', 'out/c', 'far/d'];
const boundaryOf = (id: string): Boundary =>
  id.startsWith('in/') ? 'inside' : id.includes('/') ? 'outside' : 'machine';
const names = [...ids, 'auto', 'near', 'far', 'one', 'two', 'a', 'c', 'out/anything'];
const name = fc.constantFrom(...names);

const facts: fc.Arbitrary<PrivacyFacts> = fc.record({
  asked: fc.constantFrom('open' as const, 'local_only' as const),
  floor: fc.constantFrom('open' as const, 'local_only' as const),
  findings: fc.constantFrom(
    nothingFound,
    { detectors: ['email'], hasFailed: false, unread: [] },
    { detectors: [], hasFailed: false, unread: ['image' as const] },
    { detectors: ['email.failed'], hasFailed: true, unread: [] },
  ),
  allowsMedia: fc.boolean(),
  session: fc.constantFrom('clean' as const, 'found' as const, 'kept' as const),
  mode: fc.constantFrom(...routeModes),
  keyMode: fc.constantFrom(null, ...keyModes),
  nearGrade: fc.constantFrom<ModelGrade | null>(null, 'basic', 'assistant', 'ungraded'),
  sessionKey: fc.constant(() => null),
});

const world = fc.record({
  aliases: fc.dictionary(fc.constantFrom('one', 'two', 'gpt'), name),
  fallbacks: fc.dictionary(name, fc.array(name, { minLength: 1, maxLength: 3 })),
  near: fc.constantFrom(null, 'tiny', 'small', 'gone'),
  far: fc.constantFrom(null, 'out/a', 'in/a'),
  local: fc.subarray(['tiny', 'small']),
  asked: name,
  mayMove: fc.boolean(),
});

interface World {
  readonly aliases: Readonly<Record<string, string>>;
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  readonly near: string | null;
  readonly far: string | null;
  readonly local: readonly string[];
  readonly asked: string;
  readonly mayMove: boolean;
}

function dependenciesOf(one: World): PlaceDependencies {
  const remote = { modelIds: ids.filter((id) => id.includes('/')), upstreams, far: one.far };
  const { aliases, fallbacks, near, local, mayMove } = one;
  const route = createRoute({
    aliases,
    fallbacks,
    near: () => near,
    listModelIds: () => Promise.resolve(local),
    remote,
  });
  return { route, boundaryOf, canRedact: true, mayMove };
}

describe('where a request is placed', () => {
  test('a tainted request never resolves outside, whatever the settings, unless as a redacted copy', async () => {
    await fc.assert(
      fc.asyncProperty(world, facts, async (one, known) => {
        const verdict = verdictOf(known);
        const dependencies = dependenciesOf(one);
        const request = { requestedModel: one.asked, privacy: verdict.label, verdict };
        try {
          const chosen = await dependencies.route.decide(request);
          const { decision, redacts } = await place(dependencies, chosen, request);
          const placed = [decision.modelId, ...(decision.fallbackIds ?? [])];
          if (verdict.label === 'open') {
            expect(decision).toEqual(chosen);
          } else if (!redacts) {
            for (const id of placed) expect(mayCross('local_only', boundaryOf(id)), id).toBe(true);
          } else {
            expect(verdict.mode).toBe('redact');
          }
        } catch (thrown) {
          if (!(thrown instanceof NearfarError)) throw thrown;
          expect(['forbidden', 'unavailable', 'model_not_found']).toContain(thrown.kind);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const far = {
    aliases: {},
    fallbacks: {},
    near: 'tiny',
    far: 'out/a',
    local: ['tiny'],
    asked: 'far',
    mayMove: true,
  };
  const tainted = (changes: Partial<PrivacyFacts>) =>
    verdictOf({
      asked: 'open',
      floor: 'open',
      findings: { detectors: ['email', 'person'], hasFailed: false, unread: [] },
      allowsMedia: false,
      session: 'clean',
      mode: 'auto',
      keyMode: null,
      nearGrade: 'basic',
      sessionKey: () => null,
      ...changes,
    });
  const placed = async (one: World, changes: Partial<PrivacyFacts>) => {
    const dependencies = dependenciesOf(one);
    const verdict = tainted(changes);
    const request = { requestedModel: one.asked, privacy: verdict.label, verdict };
    return place(dependencies, await dependencies.route.decide(request), request);
  };

  test('blocked says which detector and three ways on', async () => {
    await expect(placed(far, {})).rejects.toThrow(
      /found by email, person.*out\/a, is outside.*grade "assistant".*privacy\.mode: redact.*an exception for this key/,
    );
  });

  test('local is the near model, and says why', async () => {
    const { decision } = await placed(far, { nearGrade: 'assistant' });
    expect(decision.modelId).toBe('tiny');
    expect(decision.reasons[0]).toBe('privacy: found by email, person; out/a is outside');
  });

  test('where the near model is not there it is 503, not another one', async () => {
    await expect(placed({ ...far, local: [] }, { mode: 'local' })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/may not leave \(found by email, person\)/) as string,
    });
  });

  test('what was chosen inside answers, in its order, without those outside', async () => {
    const chain = { ...far, fallbacks: { far: ['in/a', 'out/c', 'near'] } };
    const { decision } = await placed(chain, {});
    expect([decision.modelId, ...(decision.fallbackIds ?? [])]).toEqual(['in/a', 'tiny']);
    const own = await placed({ ...far, asked: 'in/b' }, {});
    expect(own.decision.modelId).toBe('in/b');
    expect(own.decision.fallbackIds).toBeUndefined();
  });

  test('vectors of another model are no answer', async () => {
    await expect(placed({ ...far, mayMove: false }, { mode: 'local' })).rejects.toMatchObject({
      kind: 'forbidden',
    });
  });
});
