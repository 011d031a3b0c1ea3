import { prefillWidth } from './prefill-width.ts';

export interface StepDraftSetup {
  /** Widest step, in tokens. */
  readonly batchTokenCount: number;
  /** Cells that the step may take. */
  readonly availableCellCount: number;
  readonly readersApart: boolean;
  /** Milliseconds that no step may exceed by more than one row or the least of a prompt. */
  readonly hardLimitMs: number;
  readonly predictMs: (tokenCount: number, readPairCount: number) => number;
}

export interface PromptClaim {
  readonly key: number;
  readonly tokenCount: number;
  /** Tokens of its sequence that have cells; each new one reads them all. */
  readonly contextTokenCount: number;
  /** Milliseconds that the step may take with it. */
  readonly limitMs: number;
  /** Taken even where the limit is missed. */
  readonly least: number;
  /** Nothing at all rather than a tile over the limit. */
  readonly isStrict: boolean;
}

export interface RowClaim {
  readonly key: number;
  readonly rowCount: number;
  /** Tokens of its sequence that have cells; each new one reads them all. */
  readonly contextTokenCount: number;
}

/** A step while it is being filled: rows of decoding sequences and pieces of prompts, with what it will take. */
export interface StepDraft {
  readonly decode: number[];
  /** Rows of those that take more than one. */
  readonly rowCounts: Map<number, number>;
  readonly prefill: { readonly key: number; readonly tokenCount: number }[];
  /** Whether another prompt has a chance: there is room, and none had to be cut for want of time. */
  readonly isOpen: boolean;
  availableCellCount: number;
  /** What it will take so far, milliseconds. */
  stepMs(): number;
  /** Tokens of a decoding sequence, as many as there is room and time for. False if there is none. */
  addRows(claim: RowClaim, limitMs: number): boolean;
  /** As much of a prompt as there is room, cells and time for. Returns how many tokens. */
  addPrompt(claim: PromptClaim): number;
}

export function createStepDraft(setup: StepDraftSetup): StepDraft {
  const { predictMs } = setup;
  const rows = { tokenCount: 0, readPairCount: 0 };
  const prompts = { tokenCount: 0, readPairCount: 0 };
  let isTimeUp = false;

  const partMs = (tokenCount: number, readPairCount: number): number =>
    tokenCount === 0 ? 0 : predictMs(tokenCount, readPairCount);

  /** Of the step with so much added. */
  function stepMs(row: typeof rows, prompt: typeof prompts): number {
    const rowCount = rows.tokenCount + row.tokenCount;
    const rowPairCount = rows.readPairCount + row.readPairCount;
    const promptCount = prompts.tokenCount + prompt.tokenCount;
    const promptPairCount = prompts.readPairCount + prompt.readPairCount;
    if (setup.readersApart) return partMs(rowCount, rowPairCount) + partMs(promptCount, promptPairCount);
    return partMs(rowCount + promptCount, rowPairCount + promptPairCount);
  }

  const roomCount = (): number => setup.batchTokenCount - rows.tokenCount - prompts.tokenCount;
  const nothing = { tokenCount: 0, readPairCount: 0 };

  const draft: StepDraft = {
    decode: [],
    rowCounts: new Map(),
    prefill: [],
    availableCellCount: setup.availableCellCount,
    stepMs: () => stepMs(nothing, nothing),
    get isOpen() {
      return !isTimeUp && roomCount() > 0;
    },
    addRows({ key, rowCount, contextTokenCount }, limitMs) {
      let tokenCount = Math.min(rowCount, roomCount(), draft.availableCellCount);
      if (tokenCount < 1) return false;
      const isFirst = rows.tokenCount + prompts.tokenCount === 0;
      const limit = limitMs === Infinity && isFirst ? Infinity : Math.min(limitMs, setup.hardLimitMs);
      const rowsOf = (count: number) => ({ tokenCount: count, readPairCount: count * contextTokenCount });
      while (limit !== Infinity && stepMs(rowsOf(tokenCount), nothing) > limit) {
        if (tokenCount === 1) return false;
        tokenCount = Math.ceil(tokenCount / 2);
      }
      const row = rowsOf(tokenCount);
      draft.decode.push(key);
      if (tokenCount > 1) draft.rowCounts.set(key, tokenCount);
      rows.tokenCount += tokenCount;
      rows.readPairCount += row.readPairCount;
      draft.availableCellCount -= tokenCount;
      return true;
    },
    addPrompt({ key, tokenCount: wanted, contextTokenCount, least, isStrict, ...claim }) {
      if (isTimeUp && least === 0) return 0;
      const limit = Math.min(wanted, roomCount(), draft.availableCellCount);
      const limitMs = Math.min(claim.limitMs, setup.hardLimitMs);
      const isApart = setup.readersApart;
      let tokenCount = Math.max(0, limit);
      if (limitMs !== Infinity) {
        tokenCount = prefillWidth({
          tokenCount: prompts.tokenCount + (isApart ? 0 : rows.tokenCount),
          readPairCount: prompts.readPairCount + (isApart ? 0 : rows.readPairCount),
          contextTokenCount,
          limit,
          least,
          isHard: isStrict || setup.hardLimitMs <= claim.limitMs,
          isPatient: isStrict,
          targetMs: limitMs - (isApart ? partMs(rows.tokenCount, rows.readPairCount) : 0),
          predictMs,
        });
        const piece = { tokenCount, readPairCount: tokenCount * contextTokenCount };
        if (isStrict && stepMs(nothing, piece) > limitMs) tokenCount = 0;
        // The step's time is used up once a prompt had to be cut: what others could add would be slivers.
        if (tokenCount < wanted) isTimeUp = true;
      }
      if (tokenCount <= 0) return 0;
      draft.prefill.push({ key, tokenCount });
      prompts.tokenCount += tokenCount;
      prompts.readPairCount += tokenCount * contextTokenCount;
      draft.availableCellCount -= tokenCount;
      return tokenCount;
    },
  };
  return draft;
}
