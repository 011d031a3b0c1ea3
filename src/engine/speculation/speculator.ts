import type { Sequence } from '../sequence.ts';
import type { StepCost, StepWork } from '../step-cost.ts';
import { createAcceptance } from './acceptance.ts';
import { draftLengths, speedOf, type DraftChoice } from './draft-lengths.ts';
import { mostShortfallOf, rateOf, ratesOf, turn, type Member } from './draft-member.ts';
import { createDraftRecord } from './draft-record.ts';
import { emptyDraft, type Drafter } from './drafter.ts';
import { catchUpTokenCount } from './catch-up.ts';
import { createPurses, type SettledEntry } from './purses.ts';
import type { SpeculationSetting } from './speculation-setting.ts';
import { createTrials } from './trials.ts';

/** Most drafted tokens of a step, over all sequences: so many rows of logits a context has beyond one a sequence. */
export const draftRowCount = 16;

/** Rows with logits that a step may ask for: a token of each answer, and what is drafted ahead. */
export function outputRowCount({ parallelCount }: { readonly parallelCount: number }): number {
  return parallelCount + draftRowCount;
}

/**
 * A draft must promise this much more than the step gives without, so that errors of the prediction cost nothing, and
 * for the next step, which is 0.3 ms of 5.5 slower behind one of another width (libllama builds its graph anew).
 */
const leastGain = 1.08;
/** A trial must not be foreseen to be slower than this. */
const leastTrialGain = 0.6;
/** What all sequences showed is forgotten more slowly than what one did. */
const sharedForgetting = 0.005;
/** A drafter that has no more than this to read yet does so in its first round. */
const firstRoundTokenCount = 16;

/** Room of one step beyond the tokens that it decodes anyway. */
export interface DraftRoom {
  readonly tokenCount: number;
  /** Cells that attention scans in this step. */
  readonly cellCount: number;
  /** Milliseconds that drafting and step may take together. */
  readonly limitMs: number;
}

export interface StepDrafts {
  /** Drafted tokens by sequence; sequences without any are absent. */
  readonly tokens: ReadonlyMap<Sequence, readonly number[]>;
  /** What making them, and reading for later ones, took. */
  readonly milliseconds: number;
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
 *
 * Lookup costs nothing and is asked first. A draft model is asked where it is expected to be right more often than what
 * lookup found, in rounds: after each one it is weighed anew, by how sure it was of its tokens, whether another one
 * pays. It reads long prompts a piece a step, once that is expected to pay.
 */
export interface Speculator {
  draft(sequences: readonly Sequence[], room: DraftRoom): StepDrafts;
  /** To be called after a step's draws: what its drafts brought, and what they cost. */
  settle(entries: readonly SettledEntry[], work: StepWork, milliseconds: number): void;
  /** The sequence has left the loop, for good or for a while. */
  forget(sequence: Sequence): void;
}

export interface SpeculatorSetup {
  /** Of sequences whose request says nothing. */
  readonly setting: SpeculationSetting;
  readonly cost: StepCost;
  readonly lookup: Drafter;
  /** `null`: prompt lookup alone. */
  readonly model: Drafter | null;
  readonly now: () => number;
}

export function createSpeculator({ setting, cost, lookup, model, now }: SpeculatorSetup): Speculator {
  const shared = {
    lookup: createAcceptance({ forgetting: sharedForgetting }),
    model: createAcceptance({ forgetting: sharedForgetting }),
  };
  const records = new WeakMap<Sequence, Member['record']>();
  const trials = createTrials();
  /** Of the step that is to come, without what is read for later ones. */
  let draftingMs = 0;

  const wishOf = ({ request }: Sequence): SpeculationSetting => request.command.speculation ?? setting;
  const purses = createPurses(cost, (sequence) => wishOf(sequence) === 'auto');

  function recordOf(sequence: Sequence): Member['record'] {
    let record = records.get(sequence);
    if (record === undefined) {
      record = { lookup: createDraftRecord(shared.lookup), model: createDraftRecord(shared.model) };
      records.set(sequence, record);
    }
    return record;
  }

  function memberOf(sequence: Sequence, { tokenCount }: DraftRoom): Member {
    const wish = wishOf(sequence);
    const record = recordOf(sequence);
    record.lookup.learn(sequence.tokens);
    record.model.learn(sequence.tokens);
    // The last token of an answer is drawn, not drafted. One is offered even where there is no room: to learn from.
    const useful = sequence.choice.remainingTokenCount - 1;
    const wanted = Math.max(1, Math.min(typeof wish === 'number' ? wish : draftRowCount, tokenCount));
    const most = wish === 'off' || wish === 0 ? 0 : Math.max(0, Math.min(wanted, useful));
    return {
      sequence,
      wish,
      most,
      record,
      purse: purses.of(sequence),
      draft: emptyDraft,
      source: record.lookup,
    };
  }

  function predictIn({ cellCount }: DraftRoom): (tokenCount: number, readPairCount: number) => number {
    return (tokenCount, readPairCount) => cost.predictMs({ tokenCount, readPairCount, cellCount });
  }

  function lookUp(members: readonly Member[]): void {
    const drafts = lookup.draft(
      members.map(({ sequence }) => sequence),
      () => members.map(({ most }) => most),
    );
    members.forEach((member, index) => {
      member.draft = drafts[index] ?? emptyDraft;
      member.source.offer(member.draft, member.sequence.tokens.length);
    });
  }

  /** Those for whom the draft model is the better guess, and has read enough. */
  function modelMembers(members: readonly Member[]): readonly Member[] {
    if (model === null) return [];
    return members.filter(({ sequence, most, draft, record }) => {
      if (most === 0 || model.unreadTokenCount(sequence) > firstRoundTokenCount) return false;
      return rateOf(record.lookup.acceptance, draft, 0) < record.model.acceptance.meanRate;
    });
  }

  /**
   * Lets the draft model draft for those for whom it is the better guess, if that is quicker by all it takes than what
   * lookup found for them. Returns them.
   */
  function turnToModel(members: readonly Member[], room: DraftRoom): readonly Member[] {
    const turned = modelMembers(members);
    const asked = turned.filter(({ wish }) => wish !== 'auto');
    const weighed = turned.filter(({ wish }) => wish === 'auto');
    asked.forEach(turn);
    if (weighed.length === 0) return turned;
    const found = weighed.map(({ draft: offered }) => offered);
    const before = choose(members, new Set(asked), room, leastGain, 0);
    weighed.forEach(turn);
    const after = choose(members, new Set(turned), room, leastGain, 0);
    if (speedOf(after) > speedOf(before) || found.every(({ tokens }) => tokens.length === 0)) return turned;
    weighed.forEach((member, index) => {
      member.draft = found[index] ?? emptyDraft;
      member.source = member.record.lookup;
    });
    return asked;
  }

  /** The best lengths where those in `open` may still be drafted further, by rates as they are expected. */
  function choose(
    members: readonly Member[],
    open: ReadonlySet<Member>,
    room: DraftRoom,
    least: number,
    spentMs: number,
  ): DraftChoice {
    const growing = members.filter((member) => open.has(member));
    const sequences = growing.map(({ sequence }) => sequence);
    const drafted = growing.map(({ draft }) => draft.tokens.length);
    return draftLengths({
      candidates: members.map((member) => ({
        rates: ratesOf(member, open.has(member)),
        contextTokenCount: member.sequence.computedCount,
        ...(member.wish !== 'auto' && { fixedTokenCount: member.most }),
      })),
      limit: room.tokenCount,
      limitMs: room.limitMs,
      leastGain: least,
      mostShortfall: mostShortfallOf(members),
      predictMs: predictIn(room),
      draftingMs: (lengths) => {
        if (model === null || growing.length === 0) return spentMs;
        const wanted = growing.map((member) => lengths[members.indexOf(member)] ?? 0);
        return spentMs + model.predictMs(sequences, drafted, wanted);
      },
    });
  }

  function draft(sequences: readonly Sequence[], room: DraftRoom): StepDrafts {
    const startedAt = now();
    const spentMs = (): number => now() - startedAt;
    const members = sequences.map((sequence) => memberOf(sequence, room));
    lookUp(members);
    let least = leastGain;
    const growing = turnToModel(members, room);
    const open = new Set(growing);
    let choice = choose(members, open, room, least, 0);
    if (choice.lengths.some((length) => length > 0)) trials.reset();
    else if (choice.bestGain >= leastTrialGain && trials.isDue()) {
      least = leastTrialGain;
      choice = choose(members, open, room, least, 0);
    }
    if (model !== null && growing.some((member) => (choice.lengths[members.indexOf(member)] ?? 0) > 0)) {
      const drafts = model.draft(
        growing.map(({ sequence }) => sequence),
        (soFar) => {
          growing.forEach((member, index) => (member.draft = soFar[index] ?? emptyDraft));
          const { lengths } = choose(members, open, room, least, spentMs());
          return growing.map((member) => lengths[members.indexOf(member)] ?? 0);
        },
      );
      growing.forEach((member, index) => {
        member.draft = drafts[index] ?? emptyDraft;
        member.source.offer(member.draft, member.sequence.tokens.length);
      });
      choice = choose(members, new Set(), room, least, spentMs());
    }
    const tokens = new Map<Sequence, readonly number[]>();
    members.forEach(({ sequence, draft: offered, source }, index) => {
      const length = choice.lengths[index] ?? 0;
      if (length === 0) return;
      source.compute(length);
      tokens.set(sequence, offered.tokens.slice(0, length));
    });
    // Lookup alone takes next to nothing.
    draftingMs = model === null ? 0 : spentMs();
    if (model !== null) catchUp(model, members, open, room, choice);
    return { tokens, milliseconds: spentMs() };
  }

  /** Reads a piece of one sequence for drafts of later steps, where they are expected to make up for it. */
  function catchUp(
    drafter: Drafter,
    members: readonly Member[],
    open: ReadonlySet<Member>,
    room: DraftRoom,
    { milliseconds }: DraftChoice,
  ): void {
    for (const member of members) {
      if (member.most === 0 || open.has(member)) continue;
      const { sequence } = member;
      const unreadTokenCount = drafter.unreadTokenCount(sequence);
      if (unreadTokenCount <= firstRoundTokenCount || unreadTokenCount === Infinity) continue;
      // As if it had read all: rounds after the first take one token each.
      const { bestGain } = draftLengths({
        candidates: [
          {
            rates: new Array<number>(member.most).fill(member.record.model.acceptance.meanRate),
            contextTokenCount: sequence.computedCount,
          },
        ],
        limit: room.tokenCount,
        limitMs: room.limitMs,
        leastGain,
        predictMs: predictIn(room),
        draftingMs: ([length = 0]) => drafter.predictMs([sequence], [1], [1 + length]),
      });
      const tokenCount = catchUpTokenCount({
        unreadTokenCount,
        gain: member.wish === 'auto' ? bestGain : Infinity,
        plainMs: predictIn(room)(1, sequence.computedCount),
        answeredTokenCount: sequence.tokens.length - sequence.request.promptTokenCount,
        remainingTokenCount: sequence.choice.remainingTokenCount,
        stepMs: milliseconds,
        limitMs: room.limitMs,
        predictReadMs: (count) => drafter.predictReadMs(sequence, count),
      });
      if (tokenCount === 0) continue;
      drafter.read(sequence, tokenCount);
      return;
    }
  }

  return {
    draft,
    settle: (entries, work, milliseconds) => {
      purses.settle(entries, work, milliseconds, draftingMs);
    },
    forget(sequence) {
      lookup.forget(sequence);
      model?.forget(sequence);
    },
  };
}
