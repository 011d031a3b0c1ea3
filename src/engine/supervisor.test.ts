import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  collect,
  errorKindOf,
  fakeChildPath,
  generateCommand,
  loadOptions,
  textInput,
  textOf,
} from '../../test/fixtures/engine-requests.ts';
import type { ChatPart, Timings } from '../chat/part.ts';
import { forkChild } from './child-connection.ts';
import type { LoadOptions } from './protocol.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';

/** Whole life of a real process, with a child that needs no weights. */

/** Runs until `condition` holds; the test's own timeout bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

const never = new AbortController().signal;
let folder: string;
let supervisors: Supervisor[] = [];
let logLines: string[] = [];

function supervise(load: Partial<LoadOptions> = {}, changes: Partial<SupervisorOptions> = {}): Supervisor {
  const supervisor = createSupervisor({
    connect: forkChild(fakeChildPath, (line) => logLines.push(line)),
    load: loadOptions(load),
    watchdogMs: 20_000,
    restart: { firstDelayMs: 5, longestDelayMs: 50, stableMs: 60_000, loadAttemptCount: 2 },
    closeGraceMs: 1_000,
    log: (_level, text) => logLines.push(text),
    ...changes,
  });
  supervisors.push(supervisor);
  return supervisor;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nearfar-supervisor-'));
  logLines = [];
});

afterEach(async () => {
  await Promise.all(supervisors.map((supervisor) => supervisor.close()));
  supervisors = [];
  rmSync(folder, { recursive: true });
});

describe('a healthy child', () => {
  it('answers requests that came while it was loading', async () => {
    const supervisor = supervise({ modelPath: '/SLOW-LOAD' });
    expect(supervisor.state).toBe('loading');
    const parts = await collect(supervisor.generate(generateCommand('one two three'), never));
    expect(parts.map((part) => part.type).slice(0, 2)).toEqual(['start', 'text-delta']);
    expect(textOf(parts)).toBe('one two three ');
    const { queueMs, totalMs } = timingsOf(parts);
    // The child says 0: what it waited for is the load of 300 ms.
    expect(queueMs).toBeGreaterThan(250);
    expect(totalMs).toBeGreaterThanOrEqual(queueMs);
    expect(parts.slice(-2).map((part) => part.type)).toEqual(['choice-end', 'finish']);
    expect(supervisor.state).toBe('ready');
    expect((await supervisor.ready()).description).toBe('fake');
  });

  it('counts tokens, and hands on why it cannot', async () => {
    const supervisor = supervise();
    expect(await supervisor.countTokens(textInput('a b c'))).toBe(3);
    await expect(supervisor.countTokens(textInput('REFUSE'))).rejects.toMatchObject({
      kind: 'invalid_request',
      field: 'input',
    });
  });
});

describe('a child that dies', () => {
  it('ends a stream that was being read in exactly one error, and answers the next request', async () => {
    const supervisor = supervise();
    const parts = await collect(supervisor.generate(generateCommand('one PAUSE CRASH two'), never));
    expect(textOf(parts)).toBe('one PAUSE ');
    expect(parts.filter((part) => part.type === 'error' || part.type === 'finish')).toHaveLength(1);
    expect(errorKindOf(parts)).toBe('model_crashed');
    const next = await collect(supervisor.generate(generateCommand('fine again'), never));
    expect(textOf(next)).toBe('fine again ');
    expect(supervisor.restartCount).toBe(1);
    expect(logLines.some((line) => line.includes('SIGABRT') && line.includes('GGML_ASSERT'))).toBe(true);
  });

  it('is restarted after kill -9 from outside', async () => {
    const supervisor = supervise();
    await supervisor.ready();
    const answer = supervisor.generate(generateCommand('one FOREVER'), never);
    let part = await answer.next();
    while (part.value?.type !== 'text-delta') part = await answer.next();
    process.kill(supervisor.processId!, 'SIGKILL');
    const rest = await collect(answer);
    expect(errorKindOf(rest)).toBe('model_crashed');
    expect(textOf(await collect(supervisor.generate(generateCommand('back'), never)))).toBe('back ');
  });

  it('tries requests once more whose clients saw no text yet', async () => {
    const supervisor = supervise();
    const command = generateCommand(`CRASH-ONCE:${join(folder, 'crashed')} all is well`);
    const parts = await collect(supervisor.generate(command, never));
    expect(parts.map((part) => part.type)).toEqual([
      'start',
      ...parts.slice(1, -2).map(() => 'text-delta'),
      'choice-end',
      'finish',
    ]);
    expect(textOf(parts)).toBe('all is well ');
    expect(supervisor.restartCount).toBe(1);
  });

  it('begins a whole answer anew though text of it was drawn, and only once', async () => {
    const supervisor = supervise();
    const whole = { isStreamed: false };
    const once = generateCommand(`one PAUSE CRASH-ONCE:${join(folder, 'crashed')} two`, whole);
    const parts = await collect(supervisor.generate(once, never));
    expect(parts.map((part) => part.type)).toEqual(['start', 'text-delta', 'choice-end', 'finish']);
    expect(textOf(parts)).toBe('one PAUSE two ');
    expect(supervisor.restartCount).toBe(1);
    const twice = await collect(supervisor.generate(generateCommand('one PAUSE CRASH two', whole), never));
    expect(errorKindOf(twice)).toBe('model_crashed');
    expect(supervisor.restartCount).toBe(3);
  });

  it('gives up a request that was on board twice, and a count as well', async () => {
    const supervisor = supervise();
    const parts = await collect(supervisor.generate(generateCommand('CRASH'), never));
    expect(errorKindOf(parts)).toBe('model_crashed');
    expect(supervisor.restartCount).toBe(2);
    await expect(supervisor.countTokens(textInput('CRASH'))).rejects.toMatchObject({ kind: 'model_crashed' });
    expect(await supervisor.countTokens(textInput('one two'))).toBe(2);
  });

  it('is restarted though nobody waits for it', async () => {
    const supervisor = supervise();
    await supervisor.ready();
    const first = supervisor.processId!;
    process.kill(first, 'SIGKILL');
    await until(() => supervisor.state === 'ready' && supervisor.processId !== first);
    expect(supervisor.restartCount).toBe(1);
  });
});

describe('a child that hangs', () => {
  it('is killed by the watchdog, and works again', async () => {
    const supervisor = supervise({}, { watchdogMs: 1_000 });
    const parts = await collect(supervisor.generate(generateCommand('one PAUSE HANG'), never));
    expect(errorKindOf(parts)).toBe('model_crashed');
    const next = await collect(supervisor.generate(generateCommand('fine again'), never));
    expect(textOf(next)).toBe('fine again ');
  });

  it('does not keep a request past its deadline', async () => {
    const supervisor = supervise();
    await supervisor.ready();
    const command = generateCommand('one HANG', { deadlineAt: Date.now() + 300 });
    expect(errorKindOf(await collect(supervisor.generate(command, never)))).toBe('timeout');
    process.kill(supervisor.processId!, 'SIGKILL');
  });
});

describe('a client that goes away', () => {
  it('gets one aborted part, and the child stops at once', async () => {
    const supervisor = supervise();
    const client = new AbortController();
    const parts: string[] = [];
    for await (const part of supervisor.generate(generateCommand('FOREVER'), client.signal)) {
      parts.push(part.type);
      if (part.type === 'text-delta') client.abort();
    }
    expect(parts.at(-1)).toBe('error');
    expect(parts.filter((type) => type === 'error')).toHaveLength(1);
    await until(() => supervisor.stats?.runningCount === 0);
  });

  it('frees its place by leaving the loop', async () => {
    const supervisor = supervise();
    for await (const part of supervisor.generate(generateCommand('FOREVER'), never)) {
      if (part.type === 'text-delta') break;
    }
    await until(() => supervisor.stats?.runningCount === 0);
  });

  it('is not sent at all when it has gone, or its deadline passed, before it began', async () => {
    const supervisor = supervise();
    const gone = await collect(supervisor.generate(generateCommand('one'), AbortSignal.abort()));
    expect(gone.map((part) => part.type)).toEqual(['error']);
    expect(errorKindOf(gone)).toBe('aborted');
    const late = await collect(supervisor.generate(generateCommand('one', { deadlineAt: 1 }), never));
    expect(errorKindOf(late)).toBe('timeout');
  });

  it('stops nobody else by not reading, and finds all of its text later', async () => {
    const supervisor = supervise();
    const slow = supervisor.generate(generateCommand('a b c d e f g h'), never);
    await slow.next();
    expect(textOf(await collect(supervisor.generate(generateCommand('quick PAUSE'), never)))).toBe(
      'quick PAUSE ',
    );
    await until(() => supervisor.stats?.runningCount === 0);
    const rest = await collect(slow);
    expect(textOf(rest)).toBe('a b c d e f g h ');
    expect(rest.length).toBeLessThanOrEqual(4);
  });
});

describe('a model that cannot be loaded', () => {
  it('says which file and why', async () => {
    const supervisor = supervise({ modelPath: '/NO-LOAD.gguf' });
    await expect(supervisor.ready()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/NO-LOAD\.gguf.*not a GGUF file/) as string,
    });
    expect(errorKindOf(await collect(supervisor.generate(generateCommand('one'), never)))).toBe(
      'unavailable',
    );
    expect(supervisor.state).toBe('failed');
    expect((await supervisor.ended)?.kind).toBe('unavailable');
  });

  it('is given up when the child dies at every try, with its last words', async () => {
    const supervisor = supervise({ modelPath: '/CRASH-LOAD.gguf' });
    const waiting = collect(supervisor.generate(generateCommand('one'), never));
    await expect(supervisor.ready()).rejects.toMatchObject({
      message: expect.stringMatching(/2 times in a row.*SIGABRT.*GGML_ASSERT/) as string,
    });
    expect(errorKindOf(await waiting)).toBe('unavailable');
    expect(supervisor.processId).toBeNull();
  });

  it('lets only so many wait for it', async () => {
    const supervisor = supervise({ modelPath: '/SLOW-LOAD', queueLimit: 2, parallelCount: 1 });
    const answers = ['a', 'b', 'c', 'd'].map((text) =>
      collect(supervisor.generate(generateCommand(text), never)),
    );
    const kinds = (await Promise.all(answers)).map(errorKindOf);
    expect(kinds).toEqual([null, null, null, 'queue_full']);
  });
});

describe('closing', () => {
  it('waits for the answer under way, takes no new one, and leaves no process', async () => {
    const supervisor = supervise();
    await supervisor.ready();
    const processId = supervisor.processId!;
    const answer = collect(supervisor.generate(generateCommand('one PAUSE two'), never));
    await sleep(1);
    const closing = supervisor.close();
    expect(errorKindOf(await collect(supervisor.generate(generateCommand('late'), never)))).toBe(
      'unavailable',
    );
    expect(textOf(await answer)).toBe('one PAUSE two ');
    await closing;
    expect(isAlive(processId)).toBe(false);
    expect(supervisor.state).toBe('closed');
    expect(await supervisor.ended).toBeNull();
  });

  it('does not wait for ever, nor for a child that hangs or loads', async () => {
    const stubborn = supervise({}, { closeGraceMs: 20 });
    await stubborn.ready();
    const answer = collect(stubborn.generate(generateCommand('FOREVER'), never));
    await sleep(20);
    await stubborn.close();
    expect(errorKindOf(await answer)).toBe('unavailable');

    const loading = supervise({ modelPath: '/SLOW-LOAD' });
    const waiting = collect(loading.generate(generateCommand('one'), never));
    await loading.close();
    expect(errorKindOf(await waiting)).toBe('unavailable');
    await expect(loading.ready()).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

function timingsOf(parts: readonly ChatPart[]): Timings {
  const last = parts.at(-1);
  if (last?.type !== 'finish') throw new Error('The answer did not finish.');
  return last.timings;
}
