import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { generateCommand, loadOptions } from '../../test/fixtures/engine-requests.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChildConnection, ChildHandlers } from './child-connection.ts';
import type { EngineCommand, EngineEvent, WirePart } from './protocol.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

/**
 * Every request ends exactly once, whatever the child and the client do: random crashes, hangs, failed loads, aborts,
 * readers that leave, late parts of dropped requests, in any order, against a child that is a plain object.
 */

const wordCount = 4;

/** A child without a process; `step` lets each request on board emit its next part. */
interface ToyChild extends ChildConnection {
  step(): void;
  load(isOk: boolean): void;
  /** Parts of requests that the child was told to drop, or that have ended. */
  speakOutOfTurn(): void;
  hang(): void;
  isHung(): boolean;
  heldCount(): number;
  readonly isGone: boolean;
}

function createToyChild(handlers: ChildHandlers): ToyChild {
  const progress = new Map<string, number>();
  const dropped: string[] = [];
  let isGone = false;
  let isHung = false;
  let isLoaded = false;

  function emit(event: EngineEvent): void {
    if (!isGone && !isHung) handlers.onEvent(event);
  }
  function part(id: string, place: number): WirePart {
    if (place === 0) {
      return { type: 'start', model: 'toy', grade: 'ungraded', promptTokenCount: 1, cachedTokenCount: 0 };
    }
    if (place <= wordCount) return { type: 'text-delta', choice: 0, text: String(place) };
    if (place === wordCount + 1) return { type: 'choice-end', choice: 0, reason: 'stop' };
    dropped.push(id);
    progress.delete(id);
    return {
      type: 'finish',
      usage: { promptTokenCount: 1, cachedTokenCount: 0, completionTokenCount: wordCount },
      timings: { queueMs: 0, prefillMs: 0, decodeMs: 0, totalMs: 0 },
    };
  }

  return {
    processId: null,
    get isGone() {
      return isGone;
    },
    send(command: EngineCommand) {
      if (isGone || isHung) return;
      if (command.type === 'generate') progress.set(command.id, 0);
      if (command.type === 'abort' && progress.delete(command.id)) dropped.push(command.id);
      if (command.type === 'ping') emit({ type: 'pong', sentAt: command.sentAt });
      if (command.type === 'close') this.kill();
    },
    kill() {
      if (isGone) return;
      isGone = true;
      queueMicrotask(() => {
        handlers.onGone({ code: null, signal: 'SIGKILL', lastLines: [] });
      });
    },
    step() {
      if (!isLoaded) return;
      const parts = [...progress].map(([id, place]) => {
        progress.set(id, place + 1);
        return { id, part: part(id, place) };
      });
      emit({ type: 'parts', parts });
    },
    load(isOk) {
      if (isLoaded) return;
      isLoaded = isOk;
      if (isOk) emit({ type: 'loaded', model: { loadMs: 1 } as never });
      else emit({ type: 'load-failed', error: { kind: 'internal', message: 'toy' } });
    },
    speakOutOfTurn() {
      const parts = dropped.map((id) => ({
        id,
        part: { type: 'text-delta', choice: 0, text: 'late' } as const,
      }));
      emit({ type: 'parts', parts });
    },
    hang() {
      isHung = true;
    },
    isHung: () => isHung,
    heldCount: () => progress.size,
  };
}

interface Client {
  readonly parts: ChatPart[];
  readonly controller: AbortController;
  hasLeft: boolean;
  isDone: boolean;
}

function createClient(supervisor: Supervisor): Client {
  const client: Client = { parts: [], controller: new AbortController(), hasLeft: false, isDone: false };
  async function read(): Promise<void> {
    for await (const part of supervisor.generate(generateCommand('toy'), client.controller.signal)) {
      client.parts.push(part);
      if (client.hasLeft) break;
    }
    client.isDone = true;
  }
  void read();
  return client;
}

const action = fc.oneof(
  { weight: 6, arbitrary: fc.constant('request' as const) },
  { weight: 8, arbitrary: fc.constant('step' as const) },
  { weight: 4, arbitrary: fc.constant('load' as const) },
  { weight: 2, arbitrary: fc.constant('crash' as const) },
  { weight: 1, arbitrary: fc.constant('hang' as const) },
  { weight: 1, arbitrary: fc.constant('fail-load' as const) },
  { weight: 2, arbitrary: fc.constant('late' as const) },
  { weight: 2, arbitrary: fc.constant('abort' as const) },
  { weight: 2, arbitrary: fc.constant('leave' as const) },
  { weight: 1, arbitrary: fc.constant('close' as const) },
);

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function check(client: Client): void {
  const types = client.parts.map((part) => part.type);
  const ends = types.filter((type) => type === 'finish' || type === 'error');
  expect(client.isDone).toBe(true);
  expect(types.filter((type) => type === 'start').length).toBeLessThanOrEqual(1);
  const text = client.parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
  expect('1234'.startsWith(text)).toBe(true);
  if (client.hasLeft && ends.length === 0) return;
  expect(ends).toHaveLength(1);
  const last = client.parts.at(-1);
  if (last?.type === 'error') {
    const kinds = ['model_crashed', 'aborted', 'unavailable', 'queue_full'];
    expect(kinds).toContain(last.error.kind);
    if (last.error.kind === 'aborted') expect(client.controller.signal.aborted).toBe(true);
  } else {
    expect(last?.type).toBe('finish');
    expect(text).toBe('1234');
  }
}

it('ends every request exactly once', async () => {
  const scenario = fc.array(fc.tuple(action, fc.nat(20)), { minLength: 10, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(scenario, fc.integer({ min: 1, max: 3 }), async (actions, queueLimit) => {
      const children: ToyChild[] = [];
      const clients: Client[] = [];
      const supervisor = createSupervisor({
        connect: (handlers) => {
          expect(children.every((child) => child.isGone)).toBe(true);
          const child = createToyChild(handlers);
          children.push(child);
          return child;
        },
        load: loadOptions({ queueLimit, parallelCount: 2 }),
        watchdogMs: 60_000,
        restart: { firstDelayMs: 0, longestDelayMs: 0, stableMs: 60_000, loadAttemptCount: 3 },
        closeGraceMs: 5,
        log: () => undefined,
      });

      for (const [kind, which] of actions) {
        const child = children.at(-1);
        const client = clients[which % Math.max(1, clients.length)];
        if (kind === 'request') clients.push(createClient(supervisor));
        else if (kind === 'step') child?.step();
        else if (kind === 'load') child?.load(true);
        else if (kind === 'fail-load') child?.load(false);
        else if (kind === 'crash') child?.kill();
        else if (kind === 'hang') child?.hang();
        else if (kind === 'late') child?.speakOutOfTurn();
        else if (kind === 'abort') client?.controller.abort();
        else if (kind === 'close') void supervisor.close();
        else if (client !== undefined) client.hasLeft = true;
        await settle();
      }
      // From here on the child behaves, except that one that hangs must be killed first, as the watchdog does.
      if (children.at(-1)?.isHung() === true) children.at(-1)?.kill();
      for (let round = 0; round < 500 && clients.some((client) => !client.isDone); round += 1) {
        children.at(-1)?.load(true);
        children.at(-1)?.step();
        await (round % 10 === 9 ? sleep(1) : settle());
      }
      for (const client of clients) check(client);
      await settle();
      if (children.at(-1)?.isGone === false) expect(children.at(-1)?.heldCount()).toBe(0);
      await supervisor.close();
      expect(children.every((child) => child.isGone)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
