import { expect, it } from 'vitest';
import { noLimits } from '../access/limits.ts';
import { createRateLimits } from '../access/rate-limits.ts';
import { NearfarError } from '../chat/error.ts';
import { createAdmission } from './admission.ts';

it('counts no request against the minute that was refused for its budget', async () => {
  const caller = {
    keyName: 'k',
    tenant: 'k',
    scopes: new Set(['use'] as const),
    limits: { ...noLimits, requestsPerMinute: 2, tokensPerMinute: 1000 },
  };
  const rates = createRateLimits(() => 1000);
  let hasMoney = false;
  const admission = createAdmission({
    rates,
    reserve: (_request, modelIds) =>
      hasMoney
        ? Promise.resolve({ modelIds, reservation: null })
        : Promise.reject(new NearfarError('budget_exhausted', 'Spent.')),
  });
  const ask = async (): Promise<unknown> =>
    await admission
      .admit(
        {
          id: 'r',
          requestedModel: 'm',
          startedAt: 0,
          prompt: () => 'x',
          promptByteCount: () => 4,
          maxTokenCount: 100,
          choiceCount: 1,
        },
        caller,
      )
      .enter({ modelId: 'm', reasons: [] });

  for (let turn = 0; turn < 5; turn += 1) {
    await expect(ask()).rejects.toMatchObject({ kind: 'budget_exhausted' });
  }
  expect(rates.standing(caller)).toMatchObject({ requests: { remaining: 2 }, tokens: { remaining: 1000 } });

  hasMoney = true;
  await ask();
  await ask();
  await expect(ask()).rejects.toMatchObject({ kind: 'rate_limited' });
});
