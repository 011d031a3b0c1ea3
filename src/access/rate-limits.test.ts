import { describe, expect, it } from 'vitest';
import type { Caller } from './access.ts';
import { noLimits } from './limits.ts';
import { createRateLimits } from './rate-limits.ts';

const caller: Caller = {
  keyName: 'team',
  tenant: 'team',
  scopes: new Set(['use']),
  limits: { ...noLimits, requestsPerMinute: 2, tokensPerMinute: 100 },
};
const tokens = () => ({ promptTokenCount: 20, maxTokenCount: 20 });

describe('requests and tokens a minute', () => {
  it('count a request once that was taken back and begins anew', () => {
    const rates = createRateLimits(() => 1000);
    const first = rates.admit(caller, tokens);
    first.takeBack();
    // Only once, whatever else is done with it.
    first.takeBack();
    first.close(500);
    expect(rates.standing(caller)).toMatchObject({ requests: { remaining: 2 }, tokens: { remaining: 100 } });
    rates.admit(caller, tokens).close(10);
    expect(rates.standing(caller)).toMatchObject({ requests: { remaining: 1 }, tokens: { remaining: 90 } });
    rates.admit(caller, tokens).close(10);
    expect(() => rates.admit(caller, tokens)).toThrow(/2 requests a minute/);
  });
});
