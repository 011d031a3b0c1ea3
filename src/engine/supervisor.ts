import type { EmbedResult, EmbedTask } from '../chat/embedding.ts';
import { NearfarError } from '../chat/error.ts';
import type { ChatPart } from '../chat/part.ts';
import type { ChatInput } from '../chat/request.ts';
import { describeEnd, type ChildConnection, type ChildEnd, type ConnectChild } from './child-connection.ts';
import { lastWritesMs } from './disk-tier/disk-store.ts';
import { createCountJob, createEmbedJob, createGenerateJob } from './engine-job.ts';
import { createJobBoard } from './job-board.ts';
import { abortedError, alreadyOver, guardJob } from './job-guard.ts';
import { createPartBuffer } from './part-buffer.ts';
import { resultOfJob, type CreateResultJob } from './job-result.ts';
import type { EngineEvent, EngineStats, GenerateCommand, LoadedModel, LoadOptions } from './protocol.ts';
import { defaultRestartPolicy, restartDelayMs, type RestartPolicy } from './restart-policy.ts';
import { createWatchdog, signOf } from './watchdog.ts';
import { fromWireError, fromWirePart, jobSignOf } from './wire-part.ts';
import { within } from './within.ts';

export interface SupervisorOptions {
  readonly connect: ConnectChild;
  readonly load: LoadOptions;
  /** A child that has work and says nothing for this long is killed, in milliseconds; see watchdog.ts. */
  readonly watchdogMs: number;
  readonly restart?: RestartPolicy;
  /** How long `close` waits for answers under way, in milliseconds. */
  readonly closeGraceMs?: number;
  readonly log: (level: 'error' | 'warn' | 'info', text: string) => void;
}

export type SupervisorState = 'loading' | 'ready' | 'restarting' | 'failed' | 'closed';

/** Keeps one model running in a child process, whatever happens to that. */
export interface Supervisor {
  readonly state: SupervisorState;
  /** What the child said of the model when it was last loaded. */
  readonly loaded: LoadedModel | null;
  /** Of the living child; `null` while there is none. */
  readonly stats: EngineStats | null;
  readonly restartCount: number;
  readonly processId: number | null;
  /** Settles with the first load. @throws NearfarError `unavailable` naming path and reason */
  ready(): Promise<LoadedModel>;
  /** Settles when this has failed for good (with the reason) or was closed (`null`). */
  readonly ended: Promise<NearfarError | null>;
  /**
   * One answer, which begins when its first part is asked for. Requests wait here while the child loads.
   * Ends in exactly one `finish` or `error`, and at the deadline whatever the child does.
   */
  generate(command: GenerateCommand, signal: AbortSignal): AsyncGenerator<ChatPart, void>;
  /** @throws NearfarError what the child said, or `aborted`, `unavailable`, `queue_full`, `model_crashed` */
  countTokens(input: ChatInput, signal?: AbortSignal): Promise<number>;
  /** Vectors or scores. @throws NearfarError as `countTokens` does, or `timeout` at the deadline */
  embed(task: EmbedTask, signal: AbortSignal, deadlineAt: number | null): Promise<EmbedResult>;
  /** Takes nothing new, waits for answers under way within `closeGraceMs`, then ends the child. */
  close(): Promise<void>;
}

const defaultCloseGraceMs = 30_000;
const exitMs = 2_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { load, log } = options;
  const name = `Model ${load.modelId}`;
  const policy = options.restart ?? defaultRestartPolicy;
  const firstLoad = Promise.withResolvers<LoadedModel>();
  // Those who ask for it get the reason; nobody has to.
  firstLoad.promise.catch(() => undefined);
  const ended = Promise.withResolvers<NearfarError | null>();

  let state: SupervisorState = 'loading';
  let connection: ChildConnection | null = null;
  let loaded: LoadedModel | null = null;
  let loadedAt = 0;
  let stats: EngineStats | null = null;
  let restartCount = 0;
  let crashCount = 0;
  let loadCrashCount = 0;
  let restartTimer: NodeJS.Timeout | null = null;
  let refusal: NearfarError | null = null;
  let closing: Promise<void> | null = null;
  let wasHung = false;
  let onChildGone: (() => void) | null = null;

  const board = createJobBoard({
    queueLimit: load.queueLimit,
    waitLimit: load.queueLimit + load.parallelCount,
    retryAfterSeconds: () => Math.ceil((loaded?.loadMs ?? 4_000) / 1_000) + 1,
    send: (command) => {
      watchdog.heard('progress');
      connection?.send(command);
    },
  });

  const watchdog = createWatchdog({
    watchdogMs: options.watchdogMs,
    activity: () => {
      if (connection === null) return 'none';
      if (state !== 'ready') return 'loading';
      return board.sentCount > 0 ? 'answering' : 'none';
    },
    ping: () => connection?.send({ type: 'ping', sentAt: Date.now() }),
    onHang: (stuckMs) => {
      log('error', `${name}: the engine has come no further for ${stuckMs} ms and is killed.`);
      wasHung = true;
      connection?.kill();
    },
  });

  function start(): void {
    wasHung = false;
    // A child that was given up must not speak for its successor.
    const current: ChildConnection = options.connect({
      onEvent: (event) => {
        if (connection === current) receive(event);
      },
      onGone: (end) => {
        if (connection === current) onGone(end);
      },
    });
    connection = current;
    current.send({ type: 'load', options: load });
  }

  function receive(event: EngineEvent): void {
    watchdog.heard(signOf(event, stats));
    switch (event.type) {
      case 'loaded':
        loaded = event.model;
        loadedAt = performance.now();
        loadCrashCount = 0;
        state = 'ready';
        firstLoad.resolve(event.model);
        board.open();
        break;
      case 'load-failed':
        fail(event.error.message, fromWireError(event.error));
        break;
      case 'parts':
        for (const { id, part } of event.parts) board.receive(id, fromWirePart(part));
        break;
      case 'token-count':
      case 'token-count-failed':
      case 'embed-progress':
      case 'embed-result':
      case 'embed-failed':
        board.receive(event.id, jobSignOf(event));
        break;
      case 'stats':
        stats = event.stats;
        break;
      case 'log':
        log(event.level, event.text);
        break;
      case 'loading':
      case 'pong':
        break;
    }
  }

  function onGone(end: ChildEnd): void {
    const how = wasHung ? 'it hung and was killed' : describeEnd(end);
    const wasReady = state === 'ready';
    const error = new NearfarError('model_crashed', `The engine died while it held this request (${how}).`);
    connection = null;
    stats = null;
    onChildGone?.();
    if (state === 'failed') return;
    if (closing !== null) {
      board.failAll(error);
      return;
    }
    log('error', `${name}: the engine process died (${how}) with ${board.sentCount} requests on board.`);
    state = 'restarting';
    board.crashed(error);

    if (wasReady && performance.now() - loadedAt >= policy.stableMs) crashCount = 0;
    crashCount += 1;
    if (!wasReady) loadCrashCount += 1;
    if (loadCrashCount >= policy.loadAttemptCount) {
      const count = loadCrashCount;
      fail(
        `the engine process died ${count} times in a row while loading it (${how})`,
        end.lastLines.join('\n'),
      );
      return;
    }
    restartCount += 1;
    restartTimer = setTimeout(start, restartDelayMs(policy, crashCount));
  }

  /** The end of all trying: whatever waits and whatever comes gets the reason. */
  function fail(reason: string, cause: unknown): void {
    const from = reason.includes(load.modelPath) ? '' : ` from ${load.modelPath}`;
    const text = `${name} could not be loaded${from}: ${reason}`;
    const error = new NearfarError('unavailable', text, { cause });
    log('error', text);
    state = 'failed';
    refusal = error;
    stop();
    board.failAll(error);
    firstLoad.reject(error);
    connection?.kill();
    ended.resolve(error);
  }

  function stop(): void {
    watchdog.stop();
    if (restartTimer !== null) clearTimeout(restartTimer);
  }

  function runJob<Result>(
    signal: AbortSignal | undefined,
    deadlineAt: number | null,
    createJob: CreateResultJob<Result>,
  ): Promise<Result> {
    const refused = refusal ?? alreadyOver(signal, deadlineAt);
    return refused === null ? resultOfJob(board, signal, deadlineAt, createJob) : Promise.reject(refused);
  }

  async function endChild(): Promise<void> {
    const dying = connection;
    if (dying === null) return;
    const gone = new Promise<void>((resolve) => {
      onChildGone = resolve;
    });
    if (state === 'ready') {
      dying.send({ type: 'close' });
      await within(gone, exitMs + (load.diskCache === null ? 0 : lastWritesMs));
    }
    dying.kill();
    await gone;
  }

  async function close(): Promise<void> {
    const error = new NearfarError('unavailable', `${name} is being unloaded.`, { retryAfterSeconds: 1 });
    refusal ??= error;
    if (state === 'ready') await within(board.idle(), options.closeGraceMs ?? defaultCloseGraceMs);
    stop();
    board.failAll(error);
    firstLoad.reject(error);
    await endChild();
    if (state !== 'failed') state = 'closed';
    ended.resolve(null);
  }

  start();

  return {
    get state() {
      return state;
    },
    get loaded() {
      return loaded;
    },
    get stats() {
      return stats;
    },
    get restartCount() {
      return restartCount;
    },
    get processId() {
      return connection?.processId ?? null;
    },
    ready: () => firstLoad.promise,
    ended: ended.promise,

    async *generate(command, signal) {
      const buffer = createPartBuffer({ isStreamed: command.isStreamed });
      const job = createGenerateJob(command, buffer);
      const refused = refusal ?? alreadyOver(signal, command.deadlineAt);
      if (refused !== null) {
        yield { type: 'error', error: refused };
        return;
      }
      try {
        board.accept(job);
      } catch (thrown) {
        yield { type: 'error', error: thrown as NearfarError };
        return;
      }
      const release = guardJob(signal, command.deadlineAt, (error) => {
        board.withdraw(job, error);
      });
      try {
        for (let part = await buffer.take(); part !== null; part = await buffer.take()) yield part;
      } finally {
        release();
        // A reader that left early frees its cells as an abort does.
        board.withdraw(job, abortedError());
      }
    },

    countTokens: (input, signal) =>
      runJob<number>(signal, null, (resolve, reject) => createCountJob(input, resolve, reject)),
    embed: (task, signal, deadlineAt) =>
      runJob<EmbedResult>(signal, deadlineAt, (resolve, reject) => createEmbedJob(task, resolve, reject)),
    close: () => (closing ??= close()),
  };
}
