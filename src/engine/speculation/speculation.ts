import type { Decoder } from '../decoder.ts';
import type { EngineSetup } from '../engine-setup.ts';
import { rowCountOf, type Sequence } from '../sequence.ts';
import type { BatchEntry, Drafts } from '../step-batch.ts';
import type { StepCost, StepWork } from '../step-cost.ts';
import { createLookupDrafter } from './lookup-drafter.ts';
import { createModelDrafter } from './model-drafter.ts';
import { createSpeculationMeter, type SpeculationStats } from './speculation-meter.ts';
import { createSpeculator, draftRowCount } from './speculator.ts';

/** What the step loop knows before a step that only decodes. */
export interface DraftOccasion {
  readonly freeCellCount: number;
  /** Cells that attention scans. */
  readonly cellCount: number;
  /** Longest gap for readers whose class has no target of its own. */
  readonly targetMs: number;
  /** What no step may exceed, whoever reads. */
  readonly hardLimitMs: number;
}

/** Drafting as the step loop sees it. */
export interface Speculation {
  /** What to draft for sequences that decode one token each in this step. */
  draftsFor(decoding: readonly Sequence[], occasion: DraftOccasion): Drafts;
  /** To be called after a step's draws. */
  note(entries: readonly BatchEntry[], work: StepWork, milliseconds: number): void;
  /** The sequence has left the loop: what a draft model holds of it becomes free. */
  forget(sequence: Sequence): void;
  readonly stats: SpeculationStats;
}

const noDrafts: Drafts = new Map();
/** Of a step that misses the target as it is. */
const mostStretch = 1.5;

export function createSpeculation(
  {
    speculation: setting,
    draftModel,
    classes,
    now,
  }: Pick<EngineSetup, 'speculation' | 'draftModel' | 'classes' | 'now'>,
  decoder: Decoder,
  cost: StepCost,
): Speculation {
  const meter = createSpeculationMeter(cost);
  const speculator = createSpeculator({
    setting,
    cost,
    lookup: createLookupDrafter(),
    model: draftModel === null ? null : createModelDrafter(draftModel, now),
    now,
  });
  // Rejected tokens must be taken back from the end of a sequence, which only a cache of tokens can.
  const canDraft = decoder.prefixGranularity === 'token';

  /** The shortest target of those who read; where even the step without drafts misses it, not much more than that. */
  function softLimitMs(decoding: readonly Sequence[], cellCount: number, targetMs: number): number {
    const targets = decoding.map(({ standing }) => classes[standing].interTokenMs ?? targetMs);
    const plainMs = cost.predictMs({
      tokenCount: decoding.length,
      readPairCount: decoding.reduce((sum, { computedCount }) => sum + computedCount, 0),
      cellCount,
    });
    const target = Math.min(...targets);
    return plainMs <= target ? target : mostStretch * plainMs;
  }

  return {
    draftsFor(decoding, { freeCellCount, cellCount, targetMs, hardLimitMs }) {
      const wishOf = ({ request }: Sequence) => request.command.speculation ?? setting;
      if (!canDraft || decoding.every((sequence) => wishOf(sequence) === 'off')) return noDrafts;
      const room = Math.min(decoder.batchTokenCount, freeCellCount) - rowCountOf(decoding);
      const { tokens, milliseconds } = speculator.draft(decoding, {
        tokenCount: Math.max(0, Math.min(draftRowCount, room)),
        cellCount,
        limitMs: Math.min(hardLimitMs, softLimitMs(decoding, cellCount, targetMs)),
      });
      // Lookup alone takes next to nothing, and the meter is about steps with drafts.
      if (draftModel !== null) meter.spend(milliseconds);
      return tokens;
    },
    note: (entries, work, milliseconds) => {
      meter.note(entries, work, milliseconds);
      speculator.settle(entries, work, milliseconds);
    },
    forget: (sequence) => {
      speculator.forget(sequence);
    },
    stats: meter.stats,
  };
}
