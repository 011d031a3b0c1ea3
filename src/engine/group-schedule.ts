import type { Priority } from '../chat/request.ts';
import { rankOf } from './priority.ts';

/**
 * Whose step it is. A step applies one LoRA adapter, or none, to all of its tokens, so sequences step in groups by
 * adapter. Pure.
 *
 * Everybody who reads gets a token a round, so a group's share of the steps' tokens is its share of the readers. The
 * round is what readers wait for: it has to keep the strictest of their targets. So nobody's step may take longer than
 * the others can wait, and what the readers leave of the round goes to the prompts, in equal parts to the groups that
 * have any of the highest class; lower ones get what cannot be less, and their turn when they have been passed for
 * their time. A voice prompt has the next step, unless others have waited twice their time. Where the round is too long in any case, the group whose time is up first goes first, so that all are
 * late by the same and none stands still.
 */
export interface GroupView {
  /** The adapter's key; empty = none. */
  readonly key: string;
  /** Milliseconds since its last step, or since it has something to do. */
  readonly idleMs: number;
  /** Longest gap that is owed to any of its readers, in milliseconds; `null` = nobody reads. */
  readonly readerTargetMs: number | null;
  /** Whether one of them is above bulk. */
  readonly hasPeople: boolean;
  /** The prompts of its highest class that run or may be admitted; `null` = none. */
  readonly prompts: GroupPrompts | null;
  /** What its least step takes: its readers' tokens, or else a small piece of a prompt. Milliseconds, without a switch. */
  readonly leastMs: number;
}

export interface GroupPrompts {
  readonly priority: Priority;
  /** They should move once in so many milliseconds. */
  readonly targetMs: number;
  /** And once in so many at least where those of a higher class are computed elsewhere. */
  readonly patienceMs: number;
}

export interface GroupScheduleView {
  /** Those that have something to do. */
  readonly groups: readonly GroupView[];
  /** Whose adapter is applied now. */
  readonly currentKey: string | null;
  /** Milliseconds since it was, the switch included, */
  readonly heldMs: number;
  /** and the steps since then. */
  readonly heldStepCount: number;
  /** What another adapter adds to the step that begins with it; measured. */
  readonly switchMs: number;
}

export interface GroupTurn {
  readonly key: string;
  /** Milliseconds that the step may take for the sake of all readers; its own readers' tokens are in it anyhow. */
  readonly limitMs: number;
}

/**
 * A group keeps its turn for so many times what the switch took, so that switching takes a tenth of the time. In steps, the
 * same number for all: in milliseconds a group of many readers would get fewer tokens than one of few.
 */
const holdFactor = 10;
/** but no more than this share of its part of the round: tokens should come evenly. */
const holdShare = 0.5;

/** All groups, the one whose turn it is first; the next one's, should that find nothing that it can do. */
export function scheduleGroups(view: GroupScheduleView): readonly GroupTurn[] {
  const [only] = view.groups;
  if (only === undefined) return [];
  if (view.groups.length === 1) return [{ key: only.key, limitMs: Infinity }];
  const round = roundOf(view);
  const { groups } = round;
  const byPreference = groups.toSorted(
    (a, b) => a.lane - b.lane || Number(b.holds) - Number(a.holds) || b.idleMs - a.idleMs,
  );
  const [preferred] = byPreference;
  const fits =
    preferred !== undefined && (preferred.lane < 0 || preferred.costMs <= spareMs(preferred, round));
  const ordered = fits ? byPreference : groups.toSorted((a, b) => a.slackMs - b.slackMs);
  return ordered.map((group) => ({ key: group.key, limitMs: limitMs(group, round) }));
}

interface RankedGroup extends GroupView {
  /** Of its prompts' class; Infinity where it has none. */
  readonly rank: number;
  /** What its least step takes now, with the switch that it may need. */
  readonly costMs: number;
  /** Until it should have had a step. */
  readonly slackMs: number;
  /** -2 has waited twice as long as it should, -1 has a voice prompt: they are next. 0 goes round; the others wait until nobody of those has anything to do, or until their time is up. */
  readonly lane: number;
  /** Its switch has not paid for itself yet. */
  readonly holds: boolean;
}

interface Round {
  readonly groups: readonly RankedGroup[];
  readonly switchMs: number;
  /** Of the highest class that has prompts. */
  readonly bestRank: number;
  /** Strictest target of all readers; Infinity = nobody reads. */
  readonly targetMs: number;
}

function roundOf({ groups, currentKey, heldMs, heldStepCount, switchMs }: GroupScheduleView): Round {
  const rankOfPrompts = ({ prompts }: GroupView): number =>
    prompts === null ? Infinity : rankOf(prompts.priority);
  const bestRank = Math.min(...groups.map(rankOfPrompts));
  const targetMs = Math.min(...groups.map((group) => group.readerTargetMs ?? Infinity));
  const mostHoldMs = (holdShare * targetMs) / groups.length;
  const stepMs = groups.reduce((sum, { leastMs }) => sum + leastMs, 0) / groups.length;
  const holdStepCount = Math.ceil((holdFactor * switchMs) / stepMs);
  const ranked = groups.map((group): RankedGroup => {
    const { prompts, readerTargetMs, idleMs } = group;
    const rank = rankOfPrompts(group);
    const promptWaitMs = rank > bestRank ? prompts?.patienceMs : prompts?.targetMs;
    const waitMs = Math.min(readerTargetMs ?? Infinity, promptWaitMs ?? Infinity);
    const slackMs = waitMs - idleMs;
    const isCurrent = group.key === currentKey;
    return {
      ...group,
      rank,
      costMs: group.leastMs + (isCurrent ? 0 : switchMs),
      slackMs,
      // A stream of voices must not silence the others.
      lane: slackMs <= -waitMs ? -2 : laneOf(group, rank, bestRank, slackMs),
      holds: isCurrent && heldStepCount < holdStepCount && heldMs + group.leastMs <= mostHoldMs,
    };
  });
  return { groups: ranked, switchMs, bestRank, targetMs };
}

function laneOf(group: GroupView, rank: number, bestRank: number, slackMs: number): number {
  if (rank === rankOf('voice')) return -1;
  if (group.hasPeople || slackMs <= 0) return 0;
  // Bulk goes round, too, but not while somebody waits for the first token.
  if (rank >= rankOf('bulk')) return bestRank <= rankOf('interactive') ? 2 : 0;
  return rank > bestRank ? 1 : 0;
}

/** How long the others can wait, each in its order: what comes before it takes its time, too. */
function spareMs(group: RankedGroup, { groups, switchMs }: Round): number {
  let neededMs = 0;
  let spare = Infinity;
  const others = groups.filter((other) => other !== group);
  for (const { leastMs, slackMs } of others.toSorted((a, b) => a.slackMs - b.slackMs)) {
    neededMs += leastMs + switchMs;
    spare = Math.min(spare, slackMs - neededMs);
  }
  return spare;
}

function limitMs(group: RankedGroup, round: Round): number {
  const { groups, switchMs, bestRank, targetMs } = round;
  if (targetMs === Infinity) return Infinity;
  if (group.rank > bestRank && group.slackMs > 0) return 0;
  const readersMs = groups
    .filter((other) => other.readerTargetMs !== null)
    .reduce((sum, other) => sum + other.leastMs + switchMs, 0);
  const sharerCount = groups.filter((other) => other.prompts !== null && other.rank === bestRank).length;
  const shareMs = Math.max(0, targetMs - readersMs) / Math.max(1, sharerCount);
  const ownMs = group.readerTargetMs === null ? shareMs : group.leastMs + shareMs;
  const ownSlackMs = (group.readerTargetMs ?? Infinity) - group.idleMs;
  return Math.max(0, Math.min(ownMs, ownSlackMs, spareMs(group, round)));
}
