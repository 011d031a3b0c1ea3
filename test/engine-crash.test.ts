import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatPart } from '../src/chat/part.ts';
import { childEntry, forkChild } from '../src/engine/child-connection.ts';
import type { GenerateCommand, LoadOptions } from '../src/engine/protocol.ts';
import { createSupervisor, type Supervisor } from '../src/engine/supervisor.ts';
import { collect, errorKindOf, generateCommand, loadOptions, textOf } from './fixtures/engine-requests.ts';
import { testWeights } from './weights.ts';

/** The real engine with real weights, killed, stopped, flooded and abandoned. */

const never = new AbortController().signal;
const gatewayPath = fileURLToPath(new URL('./fixtures/gateway-to-kill.ts', import.meta.url));
const story = 'Once upon a time there was a lighthouse keeper who counted the waves: one, two, three,';

let folder: string;
let load: LoadOptions;
let supervisor: Supervisor;

function ask(changes: Partial<GenerateCommand> = {}, signal: AbortSignal = never): AsyncIterable<ChatPart> {
  const command = generateCommand(story, { maxTokenCount: 8, ignoreEndOfGeneration: true, ...changes });
  return supervisor.generate(command, signal);
}

/** Reads until the first text, and returns the reader with what it read. */
async function readFirstText(
  answer: AsyncIterable<ChatPart>,
): Promise<{ readonly rest: AsyncIterator<ChatPart>; readonly first: ChatPart[] }> {
  const rest = answer[Symbol.asyncIterator]();
  const first: ChatPart[] = [];
  for (let part = await rest.next(); part.done !== true; part = await rest.next()) {
    first.push(part.value);
    if (part.value.type === 'text-delta') break;
  }
  return { rest, first };
}

async function readRest(rest: AsyncIterator<ChatPart>): Promise<ChatPart[]> {
  return collect({ [Symbol.asyncIterator]: () => rest });
}

/** The test's own timeout bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-crash-'));
  load = loadOptions({
    modelPath: await testWeights('smollm2'),
    modelId: 'smollm2',
    contextTokenCount: 2_048,
    parallelCount: 2,
    queueLimit: 8,
    threadCount: 1,
    // Kept here, so that a restarted child does not measure anew.
    embeddingContextTokenCount: null,
    curvePath: join(folder, 'curve.json'),
  });
  supervisor = createSupervisor({
    connect: forkChild(childEntry(), () => undefined),
    load,
    watchdogMs: 8_000,
    closeGraceMs: 1_000,
    log: () => undefined,
  });
  await supervisor.ready();
}, 180_000);

afterAll(async () => {
  await supervisor.close();
  rmSync(folder, { recursive: true });
});

describe('a killed engine', () => {
  it('costs the streams that were being read one error each, and nobody else anything', async () => {
    const long = { maxTokenCount: 1_000 };
    const readers = await Promise.all([readFirstText(ask(long)), readFirstText(ask(long))]);
    // Both places are taken: these have not begun.
    const waiting = [collect(ask()), collect(ask()), collect(ask())];
    const restartCount = supervisor.restartCount;
    process.kill(supervisor.processId!, 'SIGKILL');

    for (const { rest, first } of readers) {
      const parts = [...first, ...(await readRest(rest))];
      expect(errorKindOf(parts)).toBe('model_crashed');
      expect(parts.filter((part) => part.type === 'error' || part.type === 'finish')).toHaveLength(1);
    }
    for (const answer of waiting) {
      const parts = await answer;
      expect(parts.filter((part) => part.type === 'start')).toHaveLength(1);
      expect(parts.at(-1)).toMatchObject({ type: 'finish', usage: { completionTokenCount: 8 } });
    }
    expect(errorKindOf(await collect(ask()))).toBeNull();
    expect(supervisor.restartCount).toBe(restartCount + 1);
  }, 120_000);

  it('gives a request up that was there twice', async () => {
    const answer = collect(ask({ maxTokenCount: 1_000 }));
    // The same prompt as before, but its reader has not taken any text: stop the child before it says any.
    for (const crash of [1, 2]) {
      const before = supervisor.restartCount;
      await until(() => supervisor.state === 'ready');
      process.kill(supervisor.processId!, 'SIGKILL');
      await until(() => supervisor.restartCount > before);
      if (crash === 1) expect(supervisor.state).toBe('restarting');
    }
    expect(errorKindOf(await answer)).toBe('model_crashed');
    expect(errorKindOf(await collect(ask()))).toBeNull();
  }, 120_000);

  it('is killed by the watchdog when it hangs, and comes back', async () => {
    const { rest, first } = await readFirstText(ask({ maxTokenCount: 1_000 }));
    process.kill(supervisor.processId!, 'SIGSTOP');
    const parts = [...first, ...(await readRest(rest))];
    expect(errorKindOf(parts)).toBe('model_crashed');
    expect(errorKindOf(await collect(ask()))).toBeNull();
  }, 120_000);
});

it('gives each of 200 clients on a small queue an answer, or a time to come back', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, place) => collect(ask({ id: `client-${place}`, maxTokenCount: 4 }))),
  );
  let answeredCount = 0;
  for (const parts of answers) {
    const last = parts.at(-1);
    expect(parts.filter((part) => part.type === 'error' || part.type === 'finish')).toHaveLength(1);
    if (last?.type === 'error') {
      expect(last.error.kind).toBe('queue_full');
      expect(last.error.retryAfterSeconds).toBeGreaterThan(0);
    } else {
      answeredCount += 1;
    }
  }
  expect(answeredCount).toBeGreaterThanOrEqual(load.queueLimit);
  expect(answeredCount).toBeLessThanOrEqual(load.queueLimit + load.parallelCount);
}, 120_000);

it('frees the cells of a client that goes away', async () => {
  const client = new AbortController();
  const { rest, first } = await readFirstText(ask({ maxTokenCount: 1_000 }, client.signal));
  await until(() => supervisor.stats?.runningCount === 1);
  client.abort();
  const parts = [...first, ...(await readRest(rest))];
  expect(parts.filter((part) => part.type === 'error')).toHaveLength(1);
  expect(errorKindOf(parts)).toBe('aborted');
  await until(() => supervisor.stats?.runningCount === 0);
  const stats = supervisor.stats!;
  // What is left is the prompt, kept for others; nothing of the answer runs on.
  expect(stats.usedCellCount).toBe(stats.idleCellCount);
  await sleep(300);
  expect(supervisor.stats!.completionTokenCount).toBe(stats.completionTokenCount);
}, 60_000);

it('keeps a deadline, whether the engine works or hangs', async () => {
  const working = await collect(ask({ maxTokenCount: 1_900, deadlineAt: Date.now() + 400 }));
  expect(errorKindOf(working)).toBe('timeout');
  const { rest } = await readFirstText(ask({ maxTokenCount: 1_900, deadlineAt: Date.now() + 1_500 }));
  process.kill(supervisor.processId!, 'SIGSTOP');
  expect(errorKindOf(await readRest(rest))).toBe('timeout');
  process.kill(supervisor.processId!, 'SIGCONT');
  expect(textOf(await collect(ask()))).not.toBe('');
}, 60_000);

it('leaves no engine behind when the gateway is killed', async () => {
  const prompt = `${story} and then`;
  const gateway = spawn(process.execPath, [gatewayPath, childEntry(), JSON.stringify(load), prompt], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
  const childId = Number(line.toString());
  expect(isAlive(childId)).toBe(true);
  gateway.kill('SIGKILL');
  await until(() => !isAlive(childId));
}, 120_000);
