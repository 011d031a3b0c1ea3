import type { LoadedAdapter } from './adapter.ts';
import type { Decoder } from './decoder.ts';
import { scheduleGroups, type GroupPrompts, type GroupTurn, type GroupView } from './group-schedule.ts';
import { minimumPrefillTokenCount } from './prefill-width.ts';
import { rankOf, type ClassTargets } from './priority.ts';
import { isDecoding, pendingTokenCount, type Sequence } from './sequence.ts';
import type { StepCost, StepWork } from './step-cost.ts';

/** The groups of sequences by adapter, over time: whose turn it is, what its steps cost, what changing over costs. */
export interface AdapterGroups {
  /** All that have something to do, the one whose turn it is first. */
  turns(work: GroupWork): readonly GroupTurn[];
  /** Applies the adapter of a sequence to the batches that follow. */
  apply(sequence: Sequence): void;
  applyAdapter(adapter: LoadedAdapter | null): void;
  /** What a step of the group takes: the base model's measured cost, times what the adapter adds. */
  costOf(key: string): Pick<StepCost, 'predictMs'>;
  /**
   * What steps of the group take over those of the base; of an adapter that no step was measured of, what the slowest of the
   * others takes, and at least a guess.
   */
  factorOf(key: string): number;
  /** Whether it was measured, or is the base. */
  isMeasured(key: string): boolean;
  /** What applying the adapter adds to the next step; 0 where it is applied. */
  switchMsTo(key: string): number;
  /** What a batch of the group whose adapter is applied took: the adapter's factor, the switch, or the base's cost. */
  learn(done: StepWork, milliseconds: number): void;
  /** How often another adapter was applied, and what that adds to a step now, smoothed. */
  readonly switchCount: number;
  readonly switchMs: number;
}

export interface GroupWork {
  /** Those that may be admitted, in turn. */
  readonly waiting: readonly Sequence[];
  readonly running: readonly Sequence[];
  /** Cells that attention scans. */
  readonly cellCount: number;
  /** Milliseconds between two tokens where a class has no target of its own. */
  readonly targetMs: number;
}

export interface AdapterGroupsOptions {
  readonly decoder: Pick<Decoder, 'useAdapter'>;
  readonly cost: StepCost;
  readonly classes: ClassTargets;
  readonly now: () => number;
}

const smoothing = 0.2;
/** Attention and activations are the base's; what an adapter adds beyond this is a disturbance. */
const mostFactor = 8;
/** Of an adapter without a measured step. A guess on the high side for the ranks that are usual. */
const guessedFactor = 1.5;

/** The key of the adapter that a sequence is computed with. */
export function groupOf(sequence: Sequence): string {
  return sequence.request.lease?.adapter.key ?? '';
}

export function createAdapterGroups({ decoder, cost, classes, now }: AdapterGroupsOptions): AdapterGroups {
  /** Those that have something to do, and when they last stepped or began to have it. */
  let activeSince = new Map<string, number>();
  /** Measured over predicted for the base, smoothed. */
  const factors = new Map<string, number>();
  let applied: LoadedAdapter | null = null;
  let appliedAt = -Infinity;
  let heldStepCount = 0;
  let hasSwitched = false;
  let switchMs = 0;
  let switchCount = 0;

  const keyOf = (adapter: LoadedAdapter | null): string => adapter?.key ?? '';

  const isMeasured = (key: string): boolean => key === '' || factors.has(key);

  function factorOf(key: string): number {
    return isMeasured(key) ? (factors.get(key) ?? 1) : Math.max(guessedFactor, ...factors.values());
  }

  function costOf(key: string): Pick<StepCost, 'predictMs'> {
    const factor = factors.get(key) ?? 1;
    return { predictMs: (work) => factor * cost.predictMs(work) };
  }

  function turns(work: GroupWork): readonly GroupTurn[] {
    const keys = new Set([...work.running, ...work.waiting].map(groupOf));
    const time = now();
    const before = activeSince;
    activeSince = new Map([...keys].map((key) => [key, before.get(key) ?? time]));
    if (keys.size === 1) return scheduleGroups({ ...view(), groups: [bare([...keys][0] ?? '')] });
    return scheduleGroups({ ...view(), groups: [...keys].map((key) => groupView(key, work, time)) });
  }

  const view = () => ({ currentKey: keyOf(applied), heldMs: now() - appliedAt, heldStepCount, switchMs });

  /** Alone, nothing about it matters. */
  function bare(key: string): GroupView {
    return { key, idleMs: 0, readerTargetMs: null, hasPeople: false, prompts: null, leastMs: 0 };
  }

  function groupView(key: string, work: GroupWork, time: number): GroupView {
    const running = work.running.filter((sequence) => groupOf(sequence) === key);
    const readers = running.filter(isDecoding);
    const prompts = [
      ...running.filter((sequence) => !isDecoding(sequence)),
      ...work.waiting.filter((sequence) => groupOf(sequence) === key),
    ];
    const targetOf = ({ standing }: Sequence): number => classes[standing].interTokenMs ?? work.targetMs;
    const [first] = prompts.toSorted((a, b) => rankOf(a.standing) - rankOf(b.standing));
    const firstPiece = first === undefined ? 0 : Math.min(minimumPrefillTokenCount, pendingTokenCount(first));
    return {
      key,
      idleMs: time - (activeSince.get(key) ?? time),
      readerTargetMs: readers.length === 0 ? null : Math.min(...readers.map(targetOf)),
      hasPeople: readers.some(({ standing }) => standing !== 'bulk'),
      prompts: first === undefined ? null : promptsLike(first, targetOf(first)),
      leastMs: costOf(key).predictMs({
        tokenCount: Math.max(1, readers.length === 0 ? firstPiece : readers.length),
        readPairCount: readers.reduce((sum, { computedCount }) => sum + computedCount, 0),
        cellCount: work.cellCount,
      }),
    };
  }

  function promptsLike({ standing }: Sequence, targetMs: number): GroupPrompts {
    const { firstTokenMs, interTokenMs } = classes[standing];
    return { priority: standing, targetMs, patienceMs: Math.min(firstTokenMs, interTokenMs ?? Infinity) };
  }

  function applyAdapter(adapter: LoadedAdapter | null): void {
    if (keyOf(adapter) !== keyOf(applied)) {
      hasSwitched = true;
      switchCount++;
      appliedAt = now();
      heldStepCount = 0;
    }
    applied = adapter;
    decoder.useAdapter(adapter);
  }

  return {
    turns,
    apply(sequence) {
      applyAdapter(sequence.request.lease?.adapter ?? null);
    },
    applyAdapter,
    costOf,
    factorOf,
    isMeasured,
    switchMsTo: (key) => (key === keyOf(applied) ? 0 : switchMs),
    learn(done, milliseconds) {
      const key = keyOf(applied);
      activeSince.set(key, now());
      heldStepCount++;
      const plainMs = cost.predictMs(done);
      if (hasSwitched) {
        hasSwitched = false;
        if (!isMeasured(key)) {
          // What the switch took and what the adapter takes cannot be told apart yet; the steps to come will correct it.
          factors.set(key, Math.min(mostFactor, Math.max(1, (milliseconds - switchMs) / plainMs)));
          return;
        }
        const overMs = Math.max(0, milliseconds - costOf(key).predictMs(done));
        // A wide step's noise is larger than any switch.
        switchMs += smoothing * (Math.min(overMs, plainMs) - switchMs);
      } else if (applied === null) {
        cost.observe(done, milliseconds);
      } else {
        const known = factors.get(key) ?? 1;
        const ratio = Math.min(mostFactor, milliseconds / plainMs);
        factors.set(key, known + smoothing * (ratio - known));
      }
    },
    get switchCount() {
      return switchCount;
    },
    get switchMs() {
      return switchMs;
    },
  };
}
