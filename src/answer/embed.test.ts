import { expect, test } from 'vitest';
import type { Scope } from '../access/access.ts';
import { localCaller } from '../access/create-access.ts';
import type { EmbedRequest, EmbedResult } from '../chat/embedding.ts';
import { NearfarError } from '../chat/error.ts';
import type { LedgerRow } from '../ledger/row.ts';
import { createLabel } from '../privacy/label.ts';
import { createRoute } from '../route/route.ts';
import { createEmbed } from './create-embed.ts';
import { requestOf, scriptedModel } from './fakes.ts';

const result: EmbedResult = {
  model: 'tiny',
  grade: 'smoke test',
  pooling: 'mean',
  output: { kind: 'vectors', vectors: [Float32Array.of(1)], truncatedCount: 0 },
  promptTokenCount: 5,
  timings: { queueMs: 1, prefillMs: 2, decodeMs: 0, totalMs: 3 },
};

const { id, dialect, privacy, tenant, deadlineAt, keepAliveSeconds } = requestOf();
const request: EmbedRequest = {
  ...{ id, dialect, privacy, tenant, deadlineAt, keepAliveSeconds },
  requestedModel: 'auto',
  task: { kind: 'rank', query: 'a', documents: ['b'] },
};

function pipeline(embed: (request: EmbedRequest) => Promise<EmbedResult>) {
  const rows: LedgerRow[] = [];
  const run = createEmbed({
    label: createLabel({ floor: 'local_only' }),
    route: createRoute({ aliases: {}, near: () => null, listModelIds: async () => ['tiny'] }),
    models: { model: async () => ({ ...scriptedModel([]), embed }) },
    settle: (row) => rows.push(row),
  });
  return { run, rows };
}

const never = new AbortController().signal;

test('the model gets the label and the tenant, and one row tells the tokens', async () => {
  const seen: EmbedRequest[] = [];
  const { run, rows } = pipeline(async (asked) => {
    seen.push(asked);
    return result;
  });
  expect(await run(request, localCaller, never)).toBe(result);
  expect(seen[0]).toMatchObject({ privacy: 'local_only', tenant: localCaller.tenant });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    operation: 'rerank',
    answeringModel: 'tiny',
    privacy: 'local_only',
    promptTokenCount: 5,
    completionTokenCount: 0,
    queueMs: 1,
    prefillMs: 2,
    finish: 'stop',
    status: 200,
  });
});

test.each([
  ['the model fails', localCaller, 'auto', new NearfarError('timeout', 'Late.'), 'timeout', 504],
  ['the model throws', localCaller, 'auto', new Error('lost'), 'internal', 500],
  ['there is no such model', localCaller, 'other', null, 'model_not_found', 404],
  ['the key may not ask', { ...localCaller, scopes: new Set<Scope>() }, 'auto', null, 'forbidden', 403],
] as const)('one row also where %s', async (_, caller, requestedModel, thrown, kind, status) => {
  const { run, rows } = pipeline(() => (thrown === null ? Promise.resolve(result) : Promise.reject(thrown)));
  await expect(run({ ...request, requestedModel }, caller, never)).rejects.toMatchObject({ kind });
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ requestId: request.id, finish: kind, status, promptTokenCount: 0 });
});
