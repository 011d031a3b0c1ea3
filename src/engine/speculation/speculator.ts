import type { Sequence } from '../sequence.ts';
import type { StepCost } from '../step-cost.ts';
import { createAcceptance, type Acceptance } from './acceptance.ts';
import { draftLengths } from './draft-lengths.ts';
import { emptyDraft, type Draft, type Drafter } from './drafter.ts';

/** `auto`: as far as it is expected to pay; a number: always so many tokens, where the drafter has them. */
export type SpeculationSetting = 'auto' | 'off' | number;

/** Most drafted tokens of a step, over all sequences: so many rows of logits a context has beyond one a sequence. */
export const draftRowCount = 16;

/** Rows with logits that a step may ask for: a token of each answer, and what is drafted ahead. */
export function outputRowCount(options: {
  readonly parallelCount: number;
  readonly speculation: SpeculationSetting;
}): number {
  return options.parallelCount + (options.speculation === 'off' ? 0 : draftRowCount);
}

/** A draft must promise this much more than the step gives without, so that errors of the prediction cost nothing. */
const leastGain = 1.03;
/** After so many steps in which a draft was offered and declined, one is tried: costs are learnt by paying them. */
const declinedStepLimit = 128;
/** A trial must not be foreseen to be slower than this. */
const leastTrialGain = 0.6;

/** Room of one step beyond the tokens that it decodes anyway. */
export interface DraftRoom {
  readonly tokenCount: number;
  /** Cells that attention scans in this step. */
  readonly cellCount: number;
}

/**
 * Decides what a step of decoding sequences drafts. Learns from the sequences' own tokens, whether they were drafted or
 * not.
 *
 * The loop verifies a draft x1, x2, ... in one decode and draws from the rows in order, with the sampler of the choice
 * and all its options, as it would without: t1 from p(.|text), and, only where t1 = x1, t2 from the row behind x1, which
 * is p(.|text t1), and so on; the first draw that differs is the last. Every token is thus a draw from the distribution
 * that it has without drafts, which is rejection sampling for a deterministic drafter (Leviathan et al. 2023, app. A: x
 * is accepted with probability p(x), and what is drawn instead has p without x, renormalised: that is p given that the
 * draw is not x). The sampler draws once a token in either case, so a seed gives the same text too, but for the noise of
 * logits in batches of different widths.
 */
export interface Speculator {
  /** Drafted tokens by sequence; sequences without any are absent. */
  draft(sequences: readonly Sequence[], room: DraftRoom): ReadonlyMap<Sequence, readonly number[]>;
}

export interface SpeculatorSetup {
  readonly setting: SpeculationSetting;
  readonly cost: StepCost;
  readonly createDrafter: () => Drafter;
}

interface SequenceState {
  readonly drafter: Drafter;
  readonly acceptance: Acceptance;
  /** Tokens of the sequence that the drafter knows. */
  pushedCount: number;
  /** What the drafter offered last, and how many of it were computed. */
  offered: Draft;
  verifiedCount: number;
}

export function createSpeculator({ setting, cost, createDrafter }: SpeculatorSetup): Speculator {
  const states = new WeakMap<Sequence, SequenceState>();
  let declinedStepCount = 0;

  function stateOf(sequence: Sequence): SequenceState {
    let state = states.get(sequence);
    if (state === undefined) {
      state = {
        drafter: createDrafter(),
        acceptance: createAcceptance(),
        pushedCount: 0,
        offered: emptyDraft,
        verifiedCount: 0,
      };
      states.set(sequence, state);
    }
    return state;
  }

  /**
   * Learns from what came since. The token after the last verified one was drawn from logits too, so one position more
   * than was computed is known: where nothing is drafted the first stays known, at no cost.
   */
  function learn(state: SequenceState, { tokens }: Sequence): void {
    const { offered, verifiedCount, pushedCount } = state;
    for (let index = 0; index <= verifiedCount && pushedCount + index < tokens.length; index++) {
      const [token, evidence] = [offered.tokens[index], offered.evidence[index]];
      if (token === undefined || evidence === undefined) break;
      const isRight = tokens[pushedCount + index] === token;
      state.acceptance.observe(evidence, isRight);
      if (!isRight) break;
    }
    for (let index = pushedCount; index < tokens.length; index++) state.drafter.push(tokens[index] as number);
    state.pushedCount = tokens.length;
    state.offered = emptyDraft;
    state.verifiedCount = 0;
  }

  function chooseLengths(
    sequences: readonly Sequence[],
    offers: readonly Draft[],
    room: DraftRoom,
  ): readonly number[] {
    const view = {
      candidates: sequences.map((sequence, index) => {
        const { acceptance } = stateOf(sequence);
        const rates = (offers[index] ?? emptyDraft).evidence.map((evidence) => acceptance.rate(evidence));
        return { rates, contextTokenCount: sequence.computedCount };
      }),
      limit: room.tokenCount,
      predictMs: (tokenCount: number, readPairCount: number) =>
        cost.predictMs({ tokenCount, readPairCount, cellCount: room.cellCount }),
    };
    const choice = draftLengths({ ...view, leastGain });
    if (choice.lengths.some((length) => length > 0)) declinedStepCount = 0;
    else if (choice.bestGain >= leastTrialGain && ++declinedStepCount >= declinedStepLimit) {
      declinedStepCount = 0;
      return draftLengths({ ...view, leastGain: leastTrialGain }).lengths;
    }
    return choice.lengths;
  }

  return {
    draft(sequences, room) {
      const mostOfOne = Math.min(typeof setting === 'number' ? setting : draftRowCount, room.tokenCount);
      const offers = sequences.map((sequence) => {
        const state = stateOf(sequence);
        learn(state, sequence);
        // The last token of an answer is drawn, not drafted. One is offered even where there is no room: to learn from.
        const useful = sequence.choice.remainingTokenCount - 1;
        state.offered = state.drafter.draft(Math.min(Math.max(1, mostOfOne), useful));
        return state.offered;
      });
      const lengths =
        typeof setting === 'number'
          ? fixedLengths(offers, room.tokenCount)
          : chooseLengths(sequences, offers, room);
      const drafts = new Map<Sequence, readonly number[]>();
      sequences.forEach((sequence, index) => {
        const length = lengths[index] ?? 0;
        if (length === 0) return;
        stateOf(sequence).verifiedCount = length;
        drafts.set(sequence, (offers[index] ?? emptyDraft).tokens.slice(0, length));
      });
      return drafts;
    },
  };
}

/** All that is offered, in order, as long as there is room. */
function fixedLengths(offers: readonly Draft[], room: number): number[] {
  let left = room;
  return offers.map(({ tokens }) => {
    const length = Math.min(tokens.length, left);
    left -= length;
    return length;
  });
}
