import type { Priority } from '../chat/request.ts';
import type { AdapterLease } from './adapter-store.ts';
import type { GenerateCommand } from './protocol.ts';
import type { OmittedPrompt } from './engine-setup.ts';
import type { CellHold } from './cell-hold.ts';
import type { WindowShape } from './sinks/window-layout.ts';
import type { Choice } from './text/choice.ts';
import { forcedTokenLimit } from './text/forced-tokens.ts';
import type { VoicePromise } from './voice-desk.ts';

/** A request inside the engine: one prompt and one sequence per choice. Times are milliseconds of one clock. */
export interface ActiveRequest {
  readonly command: GenerateCommand;
  /** The adapter that it is computed with, until it ends; `null` = the model alone. */
  readonly lease: AdapterLease | null;
  readonly promptTokenCount: number;
  /** `null`: the prompt is whole. */
  readonly omitted: OmittedPrompt | null;
  /** The window that its sequences slide through; `null`: a context that ends. */
  readonly window: WindowShape | null;
  readonly sequences: Sequence[];
  readonly submittedAt: number;
  admittedAt: number | null;
  firstTokenAt: number | null;
  cachedTokenCount: number;
  completionTokenCount: number;
  /** Tokens drafted for its choices, and those of them that were drawn. */
  draftedTokenCount: number;
  acceptedTokenCount: number;
  /** Milliseconds of its steps with drafts, and what their tokens would have taken without, by the step-cost model. */
  draftedMs: number;
  undraftedMs: number;
  openChoiceCount: number;
  /** What it was told when it was admitted; `null` for all classes but `voice`. */
  readonly promise: VoicePromise | null;
}

/** One choice being computed: a list of tokens, of which the first `computedCount` have cells. */
export interface Sequence {
  /** Unique in this engine; grows with arrival. */
  readonly key: number;
  readonly request: ActiveRequest;
  readonly choice: Choice;
  /** Prompt, then what was generated; the last one drawn is not computed yet, nor are forced ones behind it. */
  readonly tokens: number[];
  computedCount: number;
  /** `null` while it waits. */
  hold: CellHold | null;
  /** The class that it counts as: its request's, or `interactive` once its class had waited too long. */
  standing: Priority;
  /** When it last had a part in a step; before that, when it came. */
  steppedAt: number;
  /** Whether its tenant has been charged for the prompt. */
  isCharged: boolean;
  /** Common prefix lengths with other sequences' prompts, by key; prompts do not change. */
  readonly commonPromptTokenCount: Map<number, number>;
}

export function pendingTokenCount(sequence: Sequence): number {
  return sequence.tokens.length - sequence.computedCount;
}

/** Rows that decoding sequences take in a step. */
export function rowCountOf(decoding: readonly Sequence[]): number {
  return decoding.reduce((sum, sequence) => sum + pendingTokenCount(sequence), 0);
}

/**
 * True if only the token drawn last is missing, or that and the forced ones behind it, so that a step takes them all at
 * once and draws the next.
 */
export function isDecoding(sequence: Sequence): boolean {
  const { tokens, computedCount, request } = sequence;
  return (
    tokens.length > request.promptTokenCount &&
    computedCount >= request.promptTokenCount &&
    pendingTokenCount(sequence) <= 1 + forcedTokenLimit
  );
}
