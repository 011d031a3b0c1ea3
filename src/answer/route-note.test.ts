import { describe, expect, it } from 'vitest';
import type { TierDecision } from '../route/route-facts.ts';
import type { ChatPart } from '../chat/part.ts';
import { startPart, textPart } from './fakes.ts';
import { ledgerRoute, routeHeader, withRouteHeader } from './route-note.ts';

const routed: TierDecision = {
  type: 'chosen',
  tier: 'far',
  modelId: 'open/big',
  fallbackIds: ['tiny'],
  policy: 'classifier',
  difficulty: 0.8123,
  task: 'reasoning',
  label: 'open',
  reasons: ['far: "difficulty" 0.81'],
  cost: { micros: 12.5, basis: 'estimated' },
  alternatives: [
    {
      tier: 'near',
      modelId: 'tiny',
      whyNot: 'not enough',
      isCandidate: true,
      cost: { micros: 0, basis: '' },
    },
  ],
  cascade: false,
};
const decision = { modelId: 'open/big', reasons: ['alias größe -> auto', ...routed.reasons], routed };

describe('what is told of a decision', () => {
  it('fits a header, whatever the names are', () => {
    expect(routeHeader(decision, 'open/big')).toBe(
      `far; policy=classifier; difficulty=0.81; task=reasoning; label=open; reason="alias gr??e -> auto; far: 'difficulty' 0.81"`,
    );
    expect(routeHeader(decision, 'tiny')).toMatch(/^near; .*far was to answer and near did"$/);
    expect(routeHeader({ modelId: 'tiny', reasons: [] }, 'tiny')).toBeNull();
    expect(routeHeader({ modelId: 'tiny', reasons: [], observed: routed }, 'tiny')).toMatch(
      /^observe; would=far;/,
    );
    const long = { ...decision, reasons: ['x'.repeat(5000)] };
    expect(routeHeader(long, 'tiny')?.length).toBeLessThan(800);
  });

  it('is kept as numbers', () => {
    expect(ledgerRoute(decision, 'tiny')).toEqual({
      tier: 'near',
      policy: 'classifier',
      difficulty: 0.8123,
      task: 'reasoning',
      expected: [
        { tier: 'far', model: 'open/big', micros: 12.5 },
        { tier: 'near', model: 'tiny', micros: 0 },
      ],
    });
    const observed = { modelId: 'tiny', reasons: [], observed: routed };
    expect(ledgerRoute(observed, 'tiny')).toMatchObject({
      tier: 'near',
      observed: { tier: 'far', model: 'open/big', micros: 12.5 },
    });
    expect(ledgerRoute({ ...observed, observed: null }, 'tiny')).toBeNull();
  });

  it('goes out with the first part', async () => {
    const parts = withRouteHeader(
      (async function* () {
        yield startPart;
        yield textPart('a');
      })(),
      decision,
    );
    const seen: ChatPart[] = [];
    for await (const part of parts) seen.push(part);
    expect(seen[0]).toMatchObject({
      type: 'start',
      model: 'tiny',
      route: expect.stringMatching(/^near;/) as string,
    });
    expect(seen[1]).toEqual(textPart('a'));
  });
});
