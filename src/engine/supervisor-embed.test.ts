import { afterEach, expect, it } from 'vitest';
import { fakeChildPath, loadOptions } from '../../test/fixtures/engine-requests.ts';
import type { EmbedTask } from '../chat/embedding.ts';
import { forkChild } from './child-connection.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

/** Vectors and scores over a real process, with a child that needs no weights. */

const never = new AbortController().signal;
let supervisor: Supervisor;

function supervise(): Supervisor {
  supervisor = createSupervisor({
    connect: forkChild(fakeChildPath, () => undefined),
    load: loadOptions({}),
    watchdogMs: 20_000,
    restart: { firstDelayMs: 5, longestDelayMs: 50, stableMs: 60_000, loadAttemptCount: 2 },
    closeGraceMs: 1_000,
    log: () => undefined,
  });
  return supervisor;
}

const rank = (...documents: string[]): EmbedTask => ({ kind: 'rank', query: 'q', documents });

afterEach(() => supervisor.close());

it('hands on the result, and why there is none', async () => {
  const engine = supervise();
  const result = await engine.embed(rank('a', 'bcd'), never, null);
  expect(result.output).toEqual({ kind: 'scores', scores: [1, 3] });
  await expect(engine.embed(rank('REFUSE'), never, null)).rejects.toMatchObject({
    kind: 'context_overflow',
    field: 'documents[0]',
  });
});

it('gives up what was on board of two crashes, and answers the next', async () => {
  const engine = supervise();
  await expect(engine.embed(rank('CRASH'), never, null)).rejects.toMatchObject({ kind: 'model_crashed' });
  expect(engine.restartCount).toBe(2);
  expect((await engine.embed(rank('a'), never, null)).promptTokenCount).toBe(1);
});

it('ends at the deadline and with the client, whatever the child does', async () => {
  const engine = supervise();
  await engine.ready();
  await expect(engine.embed(rank('HANG'), never, Date.now() + 30)).rejects.toMatchObject({ kind: 'timeout' });
  await expect(engine.embed(rank('HANG'), AbortSignal.timeout(30), null)).rejects.toMatchObject({
    kind: 'aborted',
  });
});
