// Over 300 lines: the loop's parts share the lists of waiting and running sequences, and read best in one place.
import { NearfarError, toNearfarError } from '../chat/error.ts';
import { createAdapterGroups } from './adapter-groups.ts';
import type { AdapterLease } from './adapter-store.ts';
import { createArrivalHold } from './arrival-hold.ts';
import { createBulkCredit } from './bulk-credit.ts';
import { createClassFigures } from './class-figures.ts';
import { createClassQueue, outranked } from './class-queue.ts';
import { createDiskWait } from './disk-wait.ts';
import { createEngineCells } from './engine-cells.ts';
import type { EngineSetup, ReadPrompt } from './engine-setup.ts';
import { foreseenIdleMsPerCell } from './foreseen-idle-cost.ts';
import { firstWithWork, type PlannedTurn } from './group-plan.ts';
import type { GroupTurn } from './group-schedule.ts';
import { createHostStore } from './host-store.ts';
import { createInterTokenTarget } from './inter-token-target.ts';
import { loopFigures } from './loop-figures.ts';
import { createPartOutbox } from './part-outbox.ts';
import { createPromptIntake } from './prompt-intake.ts';
import type { GenerateCommand, LoopStats, WirePart } from './protocol.ts';
import { cacheFullError, deadlineError, openRequest } from './request-intake.ts';
import { errorPart, finishPart, startPart } from './request-report.ts';
import { schedule } from './scheduler.ts';
import { schedulerView } from './scheduler-view.ts';
import { isDecoding, type ActiveRequest, type Sequence } from './sequence.ts';
import { createSpeculation } from './speculation/speculation.ts';
import { batchesOf, fillBatch, workOf, type BatchEntry, type Drafts } from './step-batch.ts';
import type { WindowParking } from './sinks/window-parking.ts';
import { createStaticGroup } from './static-group.ts';
import { scheduleStatic } from './static-schedule.ts';
import type { StepWork } from './step-cost.ts';
import type { StepPlan } from './step-plan.ts';
import { drawTokens, takeBackRejected } from './token-draw.ts';
import { createVoiceAdmission } from './voice-admission.ts';

/**
 * The step loop: `schedule -> decode -> sample -> emit`; one `decode` a step, or two where readers go first by themselves.
 * Everything else waits in between.
 */
export interface Engine {
  /**
   * Never throws: what is wrong becomes the request's `error` part.
   * @param read the prompt, where it has been read already
   */
  submit(command: GenerateCommand, read?: ReadPrompt): Promise<void>;
  /** Frees what the request holds before the next step; it gets one `aborted` error part. */
  abort(id: string): void;
  /** One step, or one slice of housekeeping. False if there is nothing to do, or not yet: `wake` tells. @throws if the decoder is lost */
  step(): boolean;
  stats(): LoopStats;
  /** Milliseconds that one piece of other work may take now; Infinity where nobody would wait for it. */
  longestPauseMs(): number;
  /** The host tier, for what else of this model may wait there. */
  readonly hostTier: Omit<WindowParking, 'windowBytes'>;
  /** Before the end: writes the prefixes that may be found again after the next start. */
  persist(): Promise<void>;
}
/** Of the time of a step, how much may go into moving idle prefixes out of the pool before it. */
const movingShare = 0.2;
export function createEngine(setup: EngineSetup): Engine {
  const { decoder, cost, now } = setup;
  const host = createHostStore(setup.hostCacheBytes);
  const { batchTokenCount } = decoder;
  const cache = createEngineCells(setup, host);
  const diskWait = createDiskWait({ cache, cost, batchTokenCount, now, wake: setup.wake });
  const targetMs = createInterTokenTarget(setup.targetInterTokenMs, cost, batchTokenCount);
  const speculation = createSpeculation(setup, decoder, cost);
  const queue = createClassQueue(setup.classes);
  const groups = createAdapterGroups({ decoder, cost, classes: setup.classes, now });
  const hold = createArrivalHold(setup);
  const voices = createVoiceAdmission({ ...setup, cache, groups, batchTokenCount, scannedCellCount, hold });
  const bulkCredit = createBulkCredit();
  const figures = createClassFigures(setup.classes, targetMs);
  const group = setup.batching === 'static' ? createStaticGroup(setup.parallelCount, setup.wake) : null;
  const outbox = voices.listening(createPartOutbox(setup));
  const requests = new Map<string, ActiveRequest>();
  let waiting: Sequence[] = [];
  let running: Sequence[] = [];
  let nextKey = 0;
  let meanRequestMs = 1000;
  /** Cells ran out though the count said they would not: until something leaves nobody comes in, or the same would happen again. */
  let isOverfull = false;
  /** Most cells in use at once since something runs: attention scans up to the highest, which what runs keeps. */
  let reachedCellCount = 0;
  const intake = createPromptIntake({
    setup,
    outbox,
    voices,
    hold,
    queue: () => ({
      waitingCount: waiting.length,
      idleSlotCount: idleSlotCount(),
      msPerRequest: meanRequestMs / setup.parallelCount,
    }),
    onRead: enqueue,
  });
  const counts = { step: 0, lastBatch: 0, prompt: 0, cached: 0, completion: 0, forced: 0, preemption: 0 };

  function idleSlotCount(): number {
    return Math.max(0, setup.parallelCount - running.length);
  }

  function enqueue(
    command: GenerateCommand,
    prompt: ReadPrompt,
    submittedAt: number,
    lease: AdapterLease | null,
  ): void {
    const isVoice = command.priority === 'voice';
    const promise = isVoice ? voices.admit(command, prompt.tokens, lease, { waiting, running }) : null;
    const request = openRequest(command, prompt, { submittedAt, promise, lease }, setup, () => nextKey++);
    requests.set(command.id, request);
    for (const sequence of request.sequences) wait(sequence);
  }

  function wait(sequence: Sequence): void {
    queue.join(sequence, waiting);
    waiting.push(sequence);
  }

  function abort(id: string): void {
    intake.cancel(id);
    const request = requests.get(id);
    if (request !== undefined) fail(request, new NearfarError('aborted', 'The request was cancelled.'));
    outbox.flush();
  }

  function fail(request: ActiveRequest, error: NearfarError): void {
    for (const sequence of request.sequences) leave(sequence, false);
    close(request, errorPart(request, error, now()));
  }

  function close(request: ActiveRequest, part: WirePart): void {
    for (const { choice } of request.sequences) choice.close();
    request.lease?.release();
    requests.delete(request.command.id);
    outbox.push(request.command.id, part);
  }

  /** Takes a sequence out of the loop; `keep` leaves all that it computed as a prefix for others. */
  function leave(sequence: Sequence, keep: boolean): void {
    isOverfull = false;
    waiting = waiting.filter((other) => other !== sequence);
    running = running.filter((other) => other !== sequence);
    speculation.forget(sequence);
    const { tokens, computedCount } = sequence;
    if (sequence.hold === null) {
      cache.forget?.(tokens);
      return;
    }
    cache.release(sequence.hold, keep ? { tokens, computedCount } : null);
    sequence.hold = null;
  }

  function expire(): void {
    const time = setup.wallClock();
    for (const request of [...requests.values()])
      if ((request.command.deadlineAt ?? Infinity) <= time) fail(request, deadlineError());
  }

  function step(): boolean {
    expire();
    if (hold.isHeld()) return false;
    if (waiting.length === 0 && running.length === 0) {
      outbox.flushAll();
      if (voices.rehearse() || cache.offloadIdle()) return true;
      cache.disk?.persistIdle();
      return false;
    }
    if (running.length === 0 && readyToRun().length === 0) {
      outbox.flushAll();
      return false;
    }
    if (running.length === 0) reachedCellCount = 0;
    voices.stopRehearsing();
    queue.promote(waiting, running, now());
    if (isOverfull && cache.canResume) outranked(waiting, running).forEach(preempt);
    const { turn, plan: found } = planTurn();
    let plan = found;
    for (const key of plan.preempt) preempt(key);
    for (const key of plan.admit) admit(key);
    const movedMs = makeWay();
    // Readers wait for the moving too: the step becomes narrower by as much.
    if (movedMs > 0 && plan.decode.length > 0) plan = planStep(turn, movedMs);
    bulkCredit.note(plan, longestStepMs());
    const drafts = draftsFor(plan, turn);
    for (const batch of batchesOf(plan, cost.curve.readersApart)) {
      run(batch, drafts);
      if (!isOnlyDecoding() || !outbox.mayHold()) outbox.flush();
    }
    if (isOnlyDecoding() && running.length > 0) voices.readAhead(longestStepMs());
    return true;
  }

  /** Nothing is drafted beside prompts: their tokens make better use of a wider step. No prefix leaves for a draft. */
  function draftsFor(plan: StepPlan, { limitMs }: GroupTurn): Drafts {
    if (plan.prefill.length > 0 || plan.decode.length === 0) return new Map();
    const decoding = running.filter(({ key }) => plan.decode.includes(key));
    const { freeCellCount } = cache;
    const cellCount = scannedCellCount();
    const hardLimitMs = Math.min(limitMs, voices.stepLimitMs());
    return speculation.draftsFor(decoding, { freeCellCount, cellCount, targetMs: targetMs(), hardLimitMs });
  }

  function planTurn(): PlannedTurn {
    const work = { waiting: readyToRun(), running, cellCount: scannedCellCount(), targetMs: targetMs() };
    return firstWithWork(groups.turns(work), (turn) => planStep(turn, 0), preempt);
  }

  function planStep(turn: GroupTurn, spentMs: number): StepPlan {
    return (group === null ? schedule : scheduleStatic)(
      schedulerView({
        turn: { ...turn, limitMs: Math.min(turn.limitMs, setup.othersLimitMs()) },
        waiting: readyToRun(),
        running,
        cache,
        cost,
        groupCost: groups.costOf(turn.key),
        scannedCellCount: scannedCellCount(),
        parallelCount: setup.parallelCount,
        batchTokenCount,
        classes: setup.classes,
        targetMs: targetMs(),
        spentMs,
        expectsPeople: queue.expectsPeople(now()),
        bulkCreditMs: bulkCredit.ms,
        hardLimitMs: voices.stepLimitMs(),
        now: now(),
        sharesRunningPrefixes: decoder.prefixGranularity === 'token',
      }),
    );
  }

  /** Those that wait for nothing but a place. */
  function readyToRun(): readonly Sequence[] {
    if (isOverfull && running.length > 0) return [];
    const state = { waiting, runningCount: running.length, readingCount: intake.readingCount, now: now() };
    if (group !== null) return group.members(state);
    return diskWait.ready(queue.order(waiting), idleSlotCount());
  }

  function scannedCellCount(): number {
    return Math.max(reachedCellCount, cache.usedCellCount);
  }

  /** Idle prefixes that would cost coming prompts more than a restore leave the pool now. Returns the milliseconds it took. */
  function makeWay(): number {
    const foreseenMsPerCell = foreseenIdleMsPerCell(running, cost, batchTokenCount);
    if (foreseenMsPerCell === 0) return 0;
    return cache.offloadOverdue(foreseenMsPerCell, movingShare * longestStepMs());
  }

  function longestStepMs(): number {
    return Math.min(targetMs(), voices.stepLimitMs());
  }

  /** Whether nothing but quick decoding is ahead, so that parts may wait for those of the next step. */
  function isOnlyDecoding(): boolean {
    return waiting.length + intake.readingCount === 0 && running.every(isDecoding);
  }

  function preempt(key: number): void {
    const sequence = running.find((other) => other.key === key);
    if (sequence === undefined || sequence.hold === null) return;
    cache.park?.(sequence.hold, sequence.tokens);
    leave(sequence, true);
    figures.swapOut(sequence);
    sequence.computedCount = 0;
    diskWait.forget(sequence);
    wait(sequence);
    counts.preemption++;
  }

  function admit(key: number): void {
    const sequence = waiting.find((other) => other.key === key);
    if (sequence === undefined) return;
    const { request, tokens } = sequence;
    const { salt, mayPersist } = request.command;
    const hold = cache.acquire(salt, tokens, mayPersist, request.window?.keepTokenCount);
    if (hold === null) return;
    waiting = waiting.filter((other) => other !== sequence);
    running.push(sequence);
    queue.admit(sequence, sequence.tokens.length - hold.cachedTokenCount);
    sequence.steppedAt = now();
    sequence.hold = hold;
    sequence.computedCount = hold.cachedTokenCount;
    figures.resume(sequence, hold.cachedTokenCount);
    if (request.admittedAt !== null) return;
    request.admittedAt = now();
    request.cachedTokenCount = hold.cachedTokenCount;
    counts.prompt += request.promptTokenCount;
    counts.cached += hold.cachedTokenCount;
    outbox.push(request.command.id, startPart(request, setup.modelId, setup.grade));
  }

  /** Fills the batch in plan order, decodes it, and draws from the rows that were asked for. */
  function run(plan: StepPlan, drafts: Drafts): void {
    const entries = fillBatch({ decoder, cache, running, plan, drafts });
    const [first] = entries;
    if (first === undefined) return;
    groups.apply(first.sequence);
    const work = workOf(entries, scannedCellCount());
    reachedCellCount = Math.max(reachedCellCount, cache.usedCellCount + work.tokenCount);
    const startedAt = now();
    const outcome = decoder.decode();
    if (outcome === 'failed') throw new Error('the decoder failed and its state is unknown');
    if (outcome === 'no_cells') {
      // The count of free cells was wrong (models without ranges keep copies): free something and try again.
      const { idleCellCount } = cache;
      const hasRoom = cache.makeRoom(cache.freeCellCount + work.tokenCount);
      if (!hasRoom && cache.idleCellCount === idleCellCount) relieve();
      return;
    }
    // Logits are read before anything else touches the context; reading them waits for the computation.
    for (const { sequence, tokenCount, draft } of entries) {
      sequence.computedCount += tokenCount - draft.length;
      if (sequence.hold !== null) cache.setTail(sequence.hold, sequence.hold.tailTokenCount + tokenCount);
    }
    for (const entry of entries) if (entry.row >= 0) draw(entry);
    for (const entry of entries) takeBackRejected(entry, { decoder, cache });
    settle(entries, work, now() - startedAt);
  }

  function relieve(): void {
    const youngest = running.at(-1);
    if (running.length > 1 && youngest !== undefined) {
      preempt(youngest.key);
      isOverfull = true;
    } else if (youngest !== undefined) fail(youngest.request, cacheFullError());
  }

  function draw(entry: BatchEntry): void {
    const { request } = entry.sequence;
    if (!requests.has(request.command.id)) return;
    try {
      drawTokens(entry, { decoder, outbox, onToken, now });
    } catch (thrown) {
      fail(request, toNearfarError(thrown));
    }
  }

  function onToken(sequence: Sequence, isForced: boolean): void {
    counts.completion++;
    if (isForced) counts.forced++;
    queue.serve(sequence);
    figures.token(sequence, now());
    if (sequence.request.completionTokenCount === 1) voices.noteFirstToken(sequence.request);
  }

  /** Bookkeeping after the draws: publish, finish, learn what the step cost. */
  function settle(entries: readonly BatchEntry[], done: StepWork, milliseconds: number): void {
    counts.step++;
    voices.noteStep();
    counts.lastBatch = done.tokenCount;
    speculation.note(entries, done, milliseconds);
    groups.learn(done, milliseconds);
    cache.chargeIdle(cost.idleCellMs(done.tokenCount));
    const time = now();
    for (const { sequence, isDecoding: wasDecoding, row } of entries) {
      sequence.steppedAt = time;
      const { hold, tokens, computedCount, request } = sequence;
      if (hold === null) continue;
      const hasEnded = row >= 0 && computedCount === tokens.length;
      if (hasEnded) {
        leave(sequence, true);
        queue.end(sequence, time);
      } else if (!wasDecoding) cache.publish(hold, tokens, computedCount);
      if (request.openChoiceCount === 0 && requests.has(request.command.id)) finish(request);
    }
    cache.offloadOverdue(0, 0);
  }

  function finish(request: ActiveRequest): void {
    for (const sequence of request.sequences) leave(sequence, true);
    const endedAt = now();
    meanRequestMs += 0.1 * (endedAt - request.submittedAt - meanRequestMs);
    close(request, finishPart(request, endedAt));
  }

  function stats(): LoopStats {
    const parts = { decoder, cache, host, disk: setup.disk, speculation, figures, counts, groups };
    const queuedCount = waiting.length + intake.readingCount;
    return loopFigures(parts, { queuedCount, runningCount: running.length });
  }

  async function persist(): Promise<void> {
    while (cache.offloadIdle()) await setup.disk?.settled();
    await cache.disk?.persistAll();
  }

  function longestPauseMs(): number {
    return waiting.length + running.length === 0 ? voices.stepLimitMs() : longestStepMs();
  }

  return {
    submit: (command, read) => intake.submit(command, read),
    ...{ abort, step, stats, longestPauseMs, persist },
    hostTier: { host, makeRoom: (byteCount) => cache.makeHostRoom(byteCount) },
  };
}
