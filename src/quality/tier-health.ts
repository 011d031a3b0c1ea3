import type { TierHealth } from '../route/route-facts.ts';
import type { Judged, JudgedPlace, JudgedStore } from './judged-store.ts';
import {
  beginWatch,
  fallOf,
  levelOf,
  watch,
  type DriftLevel,
  type DriftWatch,
  type Expectation,
} from './drift.ts';
import { delayOf, tilted, usualDrift, type Delay } from './drift-design.ts';
import { meanScore, noOutcomes, totalOf, type OutcomeCounts } from './outcome.ts';

export const fineHealth: TierHealth = { penalty: 0, reason: null };

/** The watch over one tier, for reports. */
export interface TierWatch {
  readonly tier: string;
  readonly modelId: string;
  readonly upperModelId: string;
  readonly judge: string;
  /** Null: the expectation is still being learned from its first answers. */
  readonly level: DriftLevel | null;
  readonly judgedCount: number;
  /** Judged answers that the expectation needs before anything is watched. */
  readonly neededCount: number;
  readonly health: TierHealth;
  /** When a fall of ten points would be noticed, as predicted from the expectation: watched, and the alarm. */
  readonly delays: { readonly watched: Delay; readonly alarm: Delay } | null;
}

/** Without a calibration a tier's first so many judged answers are what is expected of it from then on. */
export const firstAnswerCount = 400;

interface Watched {
  readonly pair: Pick<Judged, 'lower' | 'upper' | 'judge'>;
  readonly learned: OutcomeCounts;
  readonly watch: DriftWatch | null;
  readonly judgedCount: number;
}

/** Pure: all watches, taken on by one judged answer. Another model or judge begins anew: nothing is known of it. */
export type TierWatches = ReadonlyMap<string, Watched>;

/** What a calibration says of a tier against the one above it; null: nothing. */
export type FindExpectation = (pair: Pick<Judged, 'lower' | 'upper' | 'judge'>) => Expectation | null;

export function takeOn(before: TierWatches, judged: Judged, expectationOf: FindExpectation): TierWatches {
  // What would have gone elsewhere anyway is of another kind, and says nothing of what this tier is given.
  if (judged.routedTier !== judged.lower.tier) return before;
  const { lower, upper, judge, outcome } = judged;
  const known = before.get(lower.tier);
  const isSame =
    known !== undefined &&
    known.pair.lower.modelId === lower.modelId &&
    known.pair.upper.modelId === upper.modelId &&
    known.pair.judge === judge;
  const now = isSame ? known : beginPair({ lower, upper, judge }, expectationOf);
  const after = new Map(before);
  after.set(lower.tier, { ...step(now, outcome), judgedCount: now.judgedCount + 1 });
  return after;
}

function beginPair(pair: Watched['pair'], expectationOf: FindExpectation): Watched {
  const expectation = expectationOf(pair);
  return {
    pair,
    learned: noOutcomes,
    watch: expectation === null ? null : beginWatch(expectation),
    judgedCount: 0,
  };
}

function step(now: Watched, outcome: Judged['outcome']): Watched {
  if (now.watch !== null) return { ...now, watch: watch(now.watch, outcome) };
  const learned = { ...now.learned, [outcome]: now.learned[outcome] + 1 };
  const answerCount = totalOf(learned);
  if (answerCount < firstAnswerCount) return { ...now, learned };
  const shares = {
    win: learned.win / answerCount,
    tie: learned.tie / answerCount,
    loss: learned.loss / answerCount,
  };
  return { ...now, learned, watch: beginWatch({ shares, answerCount, source: 'first answers' }) };
}

export function healthIn(watches: TierWatches, tier: string): TierHealth {
  const found = watches.get(tier);
  if (found === undefined || found.watch === null) return fineHealth;
  const level = levelOf(found.watch);
  if (level === 'as expected') return fineHealth;
  if (level === 'watched') {
    return {
      penalty: usualDrift.drop / 2,
      reason: `${tier} is watched: its judged answers are worse of late than expected`,
    };
  }
  const penalty = fallOf(found.watch);
  return {
    penalty,
    reason: `${tier} is lowered: its judged answers have fallen by about ${Math.round(100 * penalty)} points`,
  };
}

export function reportOf(watches: TierWatches): readonly TierWatch[] {
  return [...watches].map(([tier, { pair, watch: found, judgedCount }]) => ({
    tier,
    modelId: pair.lower.modelId,
    upperModelId: pair.upper.modelId,
    judge: pair.judge,
    level: found === null ? null : levelOf(found),
    judgedCount,
    neededCount: found?.expectation.source === 'calibration' ? 0 : firstAnswerCount,
    health: healthIn(watches, tier),
    delays: found === null ? null : delaysOf(found),
  }));
}

function delaysOf({ design, expectation }: DriftWatch): TierWatch['delays'] {
  const mean = Math.max(0.01, meanScore(expectation.shares) - usualDrift.drop);
  const fallen = tilted(design.expected, mean);
  return {
    watched: delayOf(design, design.watchThreshold, fallen),
    alarm: delayOf(design, design.threshold, fallen),
  };
}

export interface TierHealthBook {
  /** Answers at once, by what was read last. */
  healthOf(tier: string): TierHealth;
  /** Takes in what was judged since, by this gateway or others on the same state. Never throws. */
  refresh(): Promise<void>;
  readonly watches: readonly TierWatch[];
}

const rowsPerRead = 500;

/** The watches over everything that was ever judged, in memory. */
export function createTierHealth(dependencies: {
  readonly judged: Pick<JudgedStore, 'read'>;
  readonly expectationOf?: FindExpectation;
  readonly log: (message: string) => void;
  readonly warn: (message: string, cause?: unknown) => void;
}): TierHealthBook {
  const { judged, expectationOf = () => null, log, warn } = dependencies;
  let watches: TierWatches = new Map();
  let last: JudgedPlace | null = null;
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    for (;;) {
      const rows = await judged.read(last, rowsPerRead);
      for (const row of rows) {
        const before = healthIn(watches, row.lower.tier);
        watches = takeOn(watches, row, expectationOf);
        const after = healthIn(watches, row.lower.tier);
        if (after.reason !== before.reason) log(after.reason ?? `${row.lower.tier} is as expected again`);
      }
      const end = rows.at(-1);
      if (end !== undefined) last = { judgedAt: end.judgedAt, requestId: end.requestId };
      if (rows.length < rowsPerRead) return;
    }
  }

  return {
    healthOf: (tier) => healthIn(watches, tier),
    async refresh() {
      try {
        await (reading ??= read().finally(() => (reading = null)));
      } catch (thrown) {
        warn('Judged answers cannot be read: the health of tiers is as it was.', thrown);
      }
    },
    get watches() {
      return reportOf(watches);
    },
  };
}
