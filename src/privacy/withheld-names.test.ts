import { expect, test } from 'vitest';
import type { LedgerRow } from '../ledger/row.ts';
import { createScanText } from './scan-text.ts';
import { createWithholdNames } from './withheld-names.ts';

const plain: LedgerRow = {
  ...{
    requestId: 'r',
    startedAt: 1,
    keyName: 'local',
    tenant: 'local',
    dialect: 'openai',
    operation: 'chat',
  },
  ...{
    requestedModel: 'near',
    answeringModel: 'tiny',
    privacy: 'open',
    priority: 'default',
    routeReasons: [],
  },
  ...{ promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: 1, isMeasured: true, queueMs: null },
  ...{ prefillMs: null, decodeMs: null, firstTokenMs: null, totalMs: 1, finish: 'stop', status: 200 },
  ...{ answerSource: 'model', costMicros: 0, currency: 'USD' },
};

test('a name of a model that tells of somebody is in no row, and others are as they are', () => {
  const known = new Set(['near', 'jane-doe@example.com']);
  const withhold = createWithholdNames(createScanText(), (name) => known.has(name));
  const row = {
    ...plain,
    requestedModel: 'open/jane@example.com',
    answeringModel: 'open/jane@example.com',
    routeReasons: ['open/jane@example.com is a model of open'],
  };
  expect(withhold(row)).toEqual({
    ...row,
    requestedModel: '[withheld]',
    answeringModel: '[withheld]',
    routeReasons: ['[withheld] is a model of open'],
  });
  for (const name of [
    'near',
    'jane-doe@example.com',
    'gpt-6-sol',
    'open/llama-3.3-70b:q4_k_m',
    'ft:gpt-4o:acme::AbC123xYz9',
  ])
    expect(withhold({ ...row, requestedModel: name, answeringModel: name })).toMatchObject({
      requestedModel: name,
    });
});
