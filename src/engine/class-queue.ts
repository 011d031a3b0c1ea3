import { priorities, type Priority } from '../chat/request.ts';
import { createFairShare, weightOf } from './fair-share.ts';
import { byClass, type ClassTargets } from './priority.ts';
import type { Sequence } from './sequence.ts';

/**
 * Whose turn it is: by class, within a class by what each tenant was served, within a tenant by arrival. A class of which
 * nothing ran and nothing ended for its time to the first token sends its next one ahead of all, to run to its end:
 * lower classes are slow under load, and never stand still. Times are milliseconds of one clock.
 */
export interface ClassQueue {
  /** It is about to wait; `waiting` are those that wait already. */
  join(sequence: Sequence, waiting: readonly Sequence[]): void;
  /** It no longer waits: it is about to be computed. `inputTokenCount`: what of its prompt no cache held. */
  admit(sequence: Sequence, inputTokenCount: number): void;
  /** It was given one more token. */
  serve(sequence: Sequence): void;
  end(sequence: Sequence, now: number): void;
  /** Raises the standing of one sequence of each class that was passed for too long. */
  promote(waiting: readonly Sequence[], running: readonly Sequence[], now: number): void;
  /** The next in turn, no more than a step needs to look at. */
  order(waiting: readonly Sequence[]): Sequence[];
  /** Whether somebody above `bulk` came a moment ago, so that more may come. */
  expectsPeople(now: number): boolean;
}

/** How far into the queue a step looks. */
const lookAheadCount = 48;
const expectationMs = 60_000;
/** Bulk leaves this share of the queue to others. */
const bulkQueueShare = 0.5;

/** Sequences that may wait before one more of the class is refused. */
export function placesFor(priority: Priority, queueLimit: number): number {
  return Math.ceil(queueLimit * (priority === 'bulk' ? bulkQueueShare : 1));
}

/** Who steps aside for somebody above that waits: the youngest of bulk, for a voice else of `default`. Its key, or none. Pure. */
export function outranked(waiting: readonly Sequence[], running: readonly Sequence[]): readonly number[] {
  const waits = (isAbove: (priority: Priority) => boolean) =>
    waiting.some(({ standing }) => isAbove(standing));
  const youngest = (priority: Priority) => running.findLast(({ standing }) => standing === priority);
  const victim =
    (waits((priority) => priority !== 'bulk') ? youngest('bulk') : undefined) ??
    (waits((priority) => priority === 'voice') ? youngest('default') : undefined);
  return victim === undefined ? [] : [victim.key];
}

export function createClassQueue(targets: ClassTargets): ClassQueue {
  const shares = byClass(() => createFairShare());
  const endedAt = byClass(() => -Infinity);
  let peopleCameAt = -Infinity;

  const ownClass = (sequence: Sequence): Priority => sequence.request.command.priority;
  const tenantOf = (sequence: Sequence): string => sequence.request.command.tenant;

  function inTurn(priority: Priority, members: readonly Sequence[], limit: number): Sequence[] {
    const lines = new Map<string, Sequence[]>();
    for (const sequence of members.toSorted((a, b) => a.key - b.key)) {
      const line = lines.get(tenantOf(sequence));
      if (line === undefined) lines.set(tenantOf(sequence), [sequence]);
      else line.push(sequence);
    }
    // Those picked earlier in this round are charged in advance, as they will be when they are admitted.
    const tenants = [...lines].map(([tenant, line]) => ({
      counter: shares[priority].counterOf(tenant),
      line,
      next: 0,
    }));
    const picked: Sequence[] = [];
    while (picked.length < limit) {
      let best: (typeof tenants)[number] | null = null;
      for (const tenant of tenants) {
        const head = tenant.line[tenant.next];
        if (head === undefined) continue;
        const rival: Sequence | undefined = best?.line[best.next];
        const isBefore =
          best === null ||
          rival === undefined ||
          tenant.counter < best.counter ||
          (tenant.counter === best.counter && head.key < rival.key);
        if (isBefore) best = tenant;
      }
      const head = best?.line[best.next];
      if (best === null || head === undefined) break;
      picked.push(head);
      best.next++;
      if (!head.isCharged) {
        best.counter += weightOf({ inputTokenCount: head.request.promptTokenCount, outputTokenCount: 0 });
      }
    }
    return picked;
  }

  return {
    expectsPeople: (now) => now - peopleCameAt < expectationMs,
    join(sequence, waiting) {
      const priority = ownClass(sequence);
      const queued = waiting.filter((other) => other !== sequence && ownClass(other) === priority);
      shares[priority].join(tenantOf(sequence), new Set(queued.map(tenantOf)));
      if (priority !== 'bulk') peopleCameAt = Math.max(peopleCameAt, sequence.request.submittedAt);
    },
    admit(sequence, inputTokenCount) {
      const share = shares[ownClass(sequence)];
      share.leave(tenantOf(sequence));
      if (sequence.isCharged) return;
      sequence.isCharged = true;
      share.charge(tenantOf(sequence), { inputTokenCount, outputTokenCount: 0 });
    },
    serve(sequence) {
      shares[ownClass(sequence)].charge(tenantOf(sequence), { inputTokenCount: 0, outputTokenCount: 1 });
    },
    end(sequence, now) {
      endedAt[ownClass(sequence)] = now;
    },
    promote(waiting, running, now) {
      for (const priority of ['default', 'bulk'] as const) {
        const members = waiting.filter((sequence) => ownClass(sequence) === priority);
        if (members.length === 0 || running.some((sequence) => ownClass(sequence) === priority)) continue;
        if (members.some((sequence) => sequence.standing !== priority)) continue;
        const [next] = inTurn(priority, members, 1);
        if (next === undefined) continue;
        const passedSince = Math.max(endedAt[priority], next.request.submittedAt);
        if (now - passedSince >= targets[priority].firstTokenMs) next.standing = 'interactive';
      }
    },
    order(waiting) {
      const isPromoted = (sequence: Sequence): boolean => sequence.standing !== ownClass(sequence);
      const ordered = waiting.filter(isPromoted).sort((a, b) => a.key - b.key);
      for (const priority of priorities) {
        if (ordered.length >= lookAheadCount) break;
        const members = waiting.filter(
          (sequence) => !isPromoted(sequence) && ownClass(sequence) === priority,
        );
        ordered.push(...inTurn(priority, members, lookAheadCount - ordered.length));
      }
      return ordered.slice(0, lookAheadCount);
    },
  };
}
