import { expect, it } from 'vitest';
import { localCaller } from '../access/create-access.ts';
import { noLimits } from '../access/limits.ts';
import { createRateLimits } from '../access/rate-limits.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createAdmission } from './admission.ts';

it('counts nothing of a request whose client left before it came in', async () => {
  const rates = createRateLimits();
  const admission = createAdmission({ rates, reserve: null });
  const caller = { ...localCaller, limits: { ...noLimits, requestsPerMinute: 2, tokensPerMinute: 1000 } };
  const asked = {
    ...{ id: 'request-1', requestedModel: 'near', startedAt: 0, maxTokenCount: 500, choiceCount: 1 },
    ...{ prompt: () => '', promptByteCount: () => 4 },
  };
  const admitted = admission.admit(asked, caller);
  admitted.close({ promptTokenCount: 0, completionTokenCount: 0 } as LedgerRow);
  await expect(admitted.enter({ modelId: 'tiny', reasons: [] })).rejects.toThrow('went away');
  expect(rates.standing(caller)).toMatchObject({ requests: { remaining: 2 }, tokens: { remaining: 1000 } });
  expect(await admission.admit(asked, caller).enter({ modelId: 'tiny', reasons: [] })).toEqual(['tiny']);
  expect(rates.standing(caller)).toMatchObject({ requests: { remaining: 1 } });
});
