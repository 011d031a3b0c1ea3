import type { TokenLogprob } from '../src/chat/part.ts';
import { createDifficulty } from '../src/route/difficulty/create-difficulty.ts';
import { agreementOf, uncertaintyOf } from '../src/route/cascade/uncertainty.ts';
import { auroc } from './auroc.ts';
import { bootstrapInterval } from './bootstrap.ts';

/** A prompt that the near model answered, and what was seen of it. */
export interface JudgedAnswer {
  readonly kind: string;
  readonly prompt: string;
  readonly isRight: boolean;
  readonly tokens: readonly TokenLogprob[];
  readonly samples: readonly string[];
}

/** Tokens that count as the beginning of an answer: fewer are judged sooner. */
export const beginningTokenCount = 8;

const difficulty = createDifficulty();
/** Of an answer without a token: below what any token has. */
const unsure = -1000;

/** Name -> what it says of an answer: the higher, the surer. */
export const signals: Readonly<Record<string, (answer: JudgedAnswer) => number>> = {
  logprob_first: ({ tokens }) =>
    uncertaintyOf(tokens.slice(0, beginningTokenCount), null).meanLogprob ?? unsure,
  logprob_4: ({ tokens }) => uncertaintyOf(tokens.slice(0, 4), null).meanLogprob ?? unsure,
  logprob_16: ({ tokens }) => uncertaintyOf(tokens.slice(0, 16), null).meanLogprob ?? unsure,
  logprob_whole: ({ tokens }) => uncertaintyOf(tokens, null).meanLogprob ?? unsure,
  logprob_least: ({ tokens }) =>
    tokens.length === 0 ? unsure : Math.min(...tokens.map(({ logprob }) => logprob)),
  entropy_first: ({ tokens }) =>
    -(uncertaintyOf(tokens.slice(0, beginningTokenCount), null).meanEntropy ?? -unsure),
  entropy_whole: ({ tokens }) => -(uncertaintyOf(tokens, null).meanEntropy ?? -unsure),
  agreement: ({ samples }) => agreementOf(samples) ?? 0,
  prompt_length: ({ prompt }) => -prompt.length,
  prompt_difficulty: ({ prompt }) => -difficulty(prompt),
};

export interface SignalScore {
  readonly name: string;
  readonly auroc: number;
  readonly interval: readonly [low: number, high: number];
  /** Mean over kinds, each by the number of its answers; kinds that are all right or all wrong left out. */
  readonly withinKinds: number;
}

export function scoreSignals(answers: readonly JudgedAnswer[]): readonly SignalScore[] {
  return Object.entries(signals).map(([name, read]) => {
    const cases = answers.map((answer) => ({
      score: read(answer),
      isRight: answer.isRight,
      kind: answer.kind,
    }));
    return {
      name,
      auroc: auroc(cases),
      interval: bootstrapInterval(cases, auroc, { count: 500 }),
      withinKinds: withinKinds(cases),
    };
  });
}

function withinKinds(
  cases: readonly { readonly score: number; readonly isRight: boolean; readonly kind: string }[],
): number {
  const scored = [...Map.groupBy(cases, ({ kind }) => kind).values()]
    .map((own) => ({ value: auroc(own), count: own.length }))
    .filter(({ value }) => !Number.isNaN(value));
  const total = scored.reduce((sum, { count }) => sum + count, 0);
  return scored.reduce((sum, { value, count }) => sum + (value * count) / total, 0);
}
